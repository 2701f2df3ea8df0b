"""A configuration, or all trials of a study, in a form that other programs read; and a whole study as one file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hptui
from hptui.actions import formats
from hptui.actions.shapes import trial_json
from hptui.actions.studies import find_trial
from hptui.model.errors import MachineError, UserError, did_you_mean
from hptui.model.study import Study
from hptui.model.trial import Trial, Value
from hptui.results.view import View, look
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader

FORMATS = ("yaml", "json", "toml", "csv", "flags", "python", "optuna")


def export(
    sd: StudyDir, ref: str, how: str, *, changed_only: bool = False, hyphens: bool = False, output: Path | None = None
) -> str | None:
    """The text for trial `ref` (a number, a name, `best`) or for `all`; with `output` it is written there: None."""
    if how not in FORMATS:
        raise UserError(f"unknown format {how!r}", hint=did_you_mean(how, FORMATS))
    with Reader(sd) as reader:
        view = look(sd, reader)
        chosen = list(view.trials) if ref == "all" else [find_trial(reader, ref, view)]
    if how == "optuna":
        _to_optuna(view, chosen, output)
        return None
    if ref == "all":
        text = render_all(view, how, hyphens=hyphens)
    else:
        own = view.trainers.get(chosen[0].revision)
        text = render(view.study, chosen[0], how, changed_only=changed_only, hyphens=hyphens, own=own)
    if output is None:
        return text
    save(output, text.encode())
    return None


def config(
    study: Study, trial: Trial, *, changed_only: bool = False, own: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """What a trial ran with: the `[trainer]` table of its revision (`own`, else today's), and its own over it."""
    base = study.trainer.settings if own is None else own
    return dict(trial.params) if changed_only else {**base, **trial.params}


def render(
    study: Study,
    trial: Trial,
    how: str,
    *,
    changed_only: bool = False,
    hyphens: bool = False,
    own: Mapping[str, Value] | None = None,
) -> str:
    """One trial's configuration under the trainer's own names; comments, where there are any, say where it is from."""
    settings = config(study, trial, changed_only=changed_only, own=own)
    head = formats.comment(provenance(study, trial))
    texts: Mapping[str, Callable[[], str]] = {
        "yaml": lambda: head + formats.yaml_text(settings),
        "toml": lambda: head + formats.toml_text(settings),
        "python": lambda: head + formats.python_text(settings, "config"),
        "json": lambda: formats.json_text(settings),
        "flags": lambda: formats.flags_text(settings, hyphens=hyphens),
        "csv": lambda: formats.csv_text([settings]),
    }
    if how not in texts:
        raise UserError(f"one trial cannot be written as {how!r}", hint=did_you_mean(how, texts))
    return texts[how]()


def render_all(view: View, how: str, *, hyphens: bool = False) -> str:
    """Every trial, in the order of their numbers."""
    trials, study = view.trials, view.study
    if how == "csv":
        from hptui.actions.outcome import to_csv

        return to_csv(view)
    if how == "toml":  # as a study file lists experiments
        head = formats.comment([f"the trials of {study.name}", made_by()])
        return head + "".join(f"\n[[trial]]\n{formats.toml_text(_listed(trial))}" for trial in trials)
    if how == "flags":
        return "".join(
            formats.flags_text(config(study, trial, own=view.trainers.get(trial.revision)), hyphens=hyphens)
            for trial in trials
        )
    shapes = [trial_json(trial) for trial in trials]
    if how == "json":
        return formats.json_text(shapes)
    plain = [{key: _plain(item) for key, item in shape.items()} for shape in shapes]
    head = formats.comment([f"the trials of {study.name}", made_by()])
    return head + (formats.yaml_text(plain) if how == "yaml" else formats.python_text(plain, "trials"))


def _plain(item: Any) -> Any:
    return str(item) if isinstance(item, str) else item  # a StrEnum is a text


def _listed(trial: Trial) -> dict[str, Any]:
    said = {"name": trial.name or f"trial-{trial.number}", "title": trial.title, "note": trial.note}
    return {**{key: text for key, text in said.items() if text}, "set": dict(trial.params)}


def provenance(study: Study, trial: Trial) -> list[str]:
    """Which trial this is and what it reached: nothing that the store does not say."""
    what = f"{study.name}, trial {trial.number}" + (f" ({trial.name})" if trial.name else "")
    goals = {objective.metric: objective.goal for objective in study.objectives}
    values = [
        f"{name} = {value!r} ({goals.get(name, 'not an objective')})" for name, value in (trial.values or {}).items()
    ]
    state = [f"{trial.status}: {trial.reason or 'not ended'}"] if not values else []
    return [what, *values, *state, made_by()]


def made_by() -> str:
    """Who wrote a file, and when."""
    return f"exported by hptui {hptui.__version__}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def save(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, beside and renamed; a link in its place is replaced, not followed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "is a directory")
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        with open(fd, "wb") as file:
            file.write(data)
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise MachineError(f"{path} cannot be written: {error.strerror or error}") from error


def _to_optuna(view: View, trials: list[Trial], output: Path | None) -> None:
    """An Optuna storage: a SQLite file that Optuna and its dashboard open."""
    from hptui.search.exchange import write_optuna

    if output is None:
        raise UserError("an Optuna storage is a file", hint="say where: -o FILE.db")
    if output.exists():
        raise UserError(f"{output} exists already", hint="Optuna would add to it; choose another name or remove it")
    with Reader(view.sd) as reader:
        metric = view.study.objective.metric
        curves = {trial.number: [point[:2] for point in reader.curve(trial.number, metric)] for trial in trials}
    write_optuna(view.study, trials, curves, output)
