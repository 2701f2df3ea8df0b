"""What verbs share: the context (HOME, options of the program), common arguments, names to complete in a shell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from hptui import plugins
from hptui.cli.output import message
from hptui.core.dataclass import dataclass
from hptui.store.paths import StudyDir, find_home

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Context:
    """Where this call of the command line looks for studies.

    `explicit` is the value of `--home`; `readonly` and `slow` are passed on to the screens.
    """

    home_option: str | None = None
    readonly: bool = False
    slow: bool = False

    @property
    def home(self) -> Path:
        """The directory of all studies."""
        return find_home(self.home_option)

    def study(self, ref: str) -> StudyDir:
        """Return the study that a name, directory or study file refers to.

        Raises: NotFound.
        """
        from hptui.operations.find import find_study
        from hptui.operations.ownership import foreign_note

        sd = find_study(self.home, ref)
        if note := foreign_note(sd):
            message(f"note: {note}")
        return sd


pass_context = click.make_pass_decorator(Context)


def study_argument(required: bool = True, name: str = "study") -> Callable[[F], F]:
    """Declare the argument STUDY: a name in HOME, the directory of a study, or its study file."""
    return click.argument(name, required=required, shell_complete=complete_studies)


def trial_argument(name: str = "trial", *, required: bool = True, nargs: int = 1) -> Callable[[F], F]:
    """Declare the argument TRIAL: a number, a name, or `best`."""
    return click.argument(name, required=required, nargs=nargs, shell_complete=complete_trials)


json_option = click.option("--json", "as_json", is_flag=True, help="JSON.")
by_option = click.option(
    "--by",
    type=click.Choice(["rank", "fresh"]),
    default="rank",
    help="Which trial `best` is: by the run that was ranked (default), or by the mean of its fresh runs.",
)


def complete_studies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the names of studies in HOME; where none fits, files."""
    from hptui.store.paths import list_studies

    names = [sd.name for sd in list_studies(_context(ctx).home) if sd.name.startswith(incomplete)]
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]


def complete_trials(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the numbers and names of the trials of the study that is given before."""
    from hptui.core.errors import HptuiError
    from hptui.store.reader import StoreReader

    try:
        with StoreReader.open(_context(ctx).study(ctx.params.get("study") or "")) as reader:
            trials = reader.trials()
    except HptuiError:
        return []
    names = ["best", *(trial.name for trial in trials if trial.name), *(str(trial.number) for trial in trials)]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_changes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete KEY=VALUE of `--set`.

    Keys of the study file and settings of its trainer come first, then the words of a key.
    """
    from hptui.operations.study_schema import keys_to_complete
    from hptui.studyfile.reference import complete_change

    # Where the value of an option is missing, click leaves the arguments before it unread.
    study = ctx.params.get("file") or ctx.params.get("ref") or next(iter(ctx.args), "")
    keys = keys_to_complete(_context(ctx).home, str(study))
    return [CompletionItem(text) for text in complete_change(incomplete, keys)]


def complete_trainers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the names of the trainers."""
    return [CompletionItem(name) for name in plugins.names("trainers") if name.startswith(incomplete)]


def _context(ctx: click.Context) -> Context:
    """Return the context of this call.

    In completion the options of the program are parsed, but its function, which makes the context, has not run.
    """
    root = ctx.find_root()
    return root.obj if isinstance(root.obj, Context) else Context(root.params.get("home"))


def refuse(given: Mapping[str, object], why: str) -> None:
    """Refuse options that what is asked for would ignore; `why` says what takes them.

    Raises: UsageError naming the first option of `given` with a value.
    """
    name = next((name for name, value in given.items() if value), None)
    if name is not None:
        raise click.UsageError(f"{name}: {why}")


def is_given(name: str) -> bool:
    """Return whether an option stands on the command line, even with its default value."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def trial_numbers(sd: StudyDir, refs: tuple[str, ...]) -> list[int]:
    """Return the numbers of the trials that numbers, names or `best` refer to, without repetitions."""
    from hptui.operations.find import find_trial
    from hptui.results.view import read_view
    from hptui.store.reader import StoreReader

    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader)
        return list(dict.fromkeys(find_trial(reader, ref, view).number for ref in refs))


def parse_pairs(words: tuple[str, ...], example: str) -> dict[str, str]:
    """Read `key=value` words as a mapping of texts.

    Raises: UserError for a word of another form, or a key that is given twice.
    """
    from hptui.core.errors import UserError

    values: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UserError(f"{word!r} is not of the form key=value", hint=f"for instance {example}")
        if key in values:
            raise UserError(f"{key!r} is given twice")
        values[key.strip()] = value.strip()
    return values
