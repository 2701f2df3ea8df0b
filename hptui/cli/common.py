"""What verbs share: the face (HOME, colours), their usual arguments, and names to complete in a shell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from hptui.storage.paths import StudyDir, find_home

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Face:
    """Where this call of the command line looks. `explicit` is what `--home` said; the rest is for the screens."""

    explicit: str | None = None
    readonly: bool = False
    slow: bool = False

    @property
    def home(self) -> Path:
        """The directory of all studies."""
        return find_home(self.explicit)

    def study(self, ref: str) -> StudyDir:
        """The study that a person means, or `NotFound`."""
        from hptui.actions.studies import find_study

        return find_study(self.home, ref)


pass_face = click.make_pass_decorator(Face)


def study_argument(required: bool = True, name: str = "study") -> Callable[[F], F]:
    """STUDY: a name in HOME, the directory of a study, or its study file."""
    return click.argument(name, required=required, shell_complete=complete_studies)


def trial_argument(name: str = "trial", *, required: bool = True, nargs: int = 1) -> Callable[[F], F]:
    """TRIAL: a number, a name, or `best`."""
    return click.argument(name, required=required, nargs=nargs, shell_complete=complete_trials)


json_option = click.option("--json", "as_json", is_flag=True, help="JSON.")


def complete_studies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of studies in HOME, else files."""
    from hptui.storage.paths import studies_in

    names = [sd.name for sd in studies_in(_face(ctx).home) if sd.name.startswith(incomplete)]
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]


def complete_trials(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Numbers and names of the trials of the study that stands before."""
    from hptui.model.errors import HptuiError
    from hptui.storage.reader import Reader

    try:
        with Reader(_face(ctx).study(ctx.params.get("study") or "")) as reader:
            trials = reader.trials()
    except HptuiError:
        return []
    names = ["best", *(trial.name for trial in trials if trial.name), *(str(trial.number) for trial in trials)]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _face(ctx: click.Context) -> Face:
    """In completion the group's own options have been parsed, but it has not run."""
    found = ctx.find_root()
    return found.obj if isinstance(found.obj, Face) else Face(found.params.get("home"))


def numbers_of(sd: StudyDir, refs: tuple[str, ...]) -> list[int]:
    """The numbers of the trials that a person means."""
    from hptui.actions.studies import find_trial
    from hptui.results.view import look
    from hptui.storage.reader import Reader

    with Reader(sd) as reader:
        view = look(sd, reader)
        return list(dict.fromkeys(find_trial(reader, ref, view).number for ref in refs))


def pairs(words: tuple[str, ...], example: str) -> dict[str, str]:
    """`key=value` words as a mapping of texts."""
    from hptui.model.errors import UserError

    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UserError(f"{word!r} is not of the form key=value", hint=f"for instance {example}")
        if key in found:
            raise UserError(f"{key!r} is given twice")
        found[key.strip()] = value.strip()
    return found
