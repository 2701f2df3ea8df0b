"""`hptui export`: the best trial, any one or all, in the format of another program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hptui.actions.studies import find_trial
from hptui.model.errors import UserError, did_you_mean
from hptui.model.scripts import COMMAND_KIND
from hptui.model.trial import Trial
from hptui.results.export.config import render_trial, trial_config
from hptui.results.export.files import write_atomically
from hptui.results.export.listing import check_names, render_trials
from hptui.results.export.shell_text import shell_line
from hptui.results.view import View, read_view
from hptui.storage.paths import StudyDir
from hptui.storage.reader import StoreReader

TEXT_FORMATS = ("yaml", "json", "toml", "csv", "flags", "python", "env")
"""Formats that are text: written to stdout, or to a file."""
STUDY_FORMATS = ("sweep",)
"""Text formats that describe the study, not a trial."""
FILE_FORMATS = ("parquet", "optuna", "ax")
"""Formats that are one file."""
FOLDER_FORMATS = ("tensorboard", "wandb")
"""Formats that are a folder of runs."""
FORMATS = (*TEXT_FORMATS, *STUDY_FORMATS, *FILE_FORMATS, *FOLDER_FORMATS)
"""All export formats."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """How to export: format, names (ours -> theirs), and where to."""

    how: str = "yaml"
    changed_only: bool = False
    hyphens: bool = False
    prefix: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    output: Path | None = None


def export(sd: StudyDir, ref: str, request: ExportRequest) -> str | None:
    """Return the text for trial `ref` (a number, a name, `best`, or `all`); None if written to `output`.

    Raises: `UserError` for an unknown format, or one that needs `output`; `NotFound` for an unknown trial.
    """
    how = request.how
    if how not in FORMATS:
        raise UserError(f"unknown format {how!r}", hint=did_you_mean(how, FORMATS))
    with StoreReader(sd) as reader:
        view = read_view(sd, reader)
        chosen = list(view.trials) if ref == "all" else [find_trial(reader, ref, view)]
        if how in FILE_FORMATS or how in FOLDER_FORMATS:
            if request.output is None:
                kind = "a folder of runs" if how in FOLDER_FORMATS else "a file"
                raise UserError(f"{how} is {kind}", hint=f"say where: -o {_example_name(how)}")
            _WRITERS[how](view, reader, chosen, request, request.output)
            return None
        text = _text(view, ref, chosen, request)
    if request.output is None:
        return text
    write_atomically(request.output, text.encode())
    return None


def _text(view: View, ref: str, chosen: Sequence[Trial], wanted: ExportRequest) -> str:
    if wanted.how == "sweep":
        from hptui.results.export.sweep import sweep_text

        return sweep_text(view, wanted.names)
    if wanted.how == "flags" and view.study.trainer.kind == COMMAND_KIND:
        check_names(view, wanted.names) if ref == "all" else trial_config(view, chosen[0], names=wanted.names)
        flag_lines = [_script_flags(view, trial, wanted) for trial in chosen]
        if flag_lines and None not in flag_lines:
            return "".join(map(str, flag_lines))
    if ref == "all":
        return render_trials(view, wanted.how, hyphens=wanted.hyphens, names=wanted.names)
    return render_trial(
        view,
        chosen[0],
        wanted.how,
        changed_only=wanted.changed_only,
        hyphens=wanted.hyphens,
        names=wanted.names,
        prefix=wanted.prefix,
    )


def _script_flags(view: View, trial: Trial, wanted: ExportRequest) -> str | None:
    """Return the flags that start a script with a trial's settings; None when it takes none as flags."""
    from hptui.trainers.command.compose import command_line_words

    trainer = view.study.trainer
    settings = dict(trial.params) if wanted.changed_only else view.settings(trial)
    arguments = command_line_words(
        trainer.settings, settings, wanted.names, Path(view.study.directory), hyphens=wanted.hyphens
    )
    return None if arguments is None else shell_line(arguments)


def _example_name(how: str) -> str:
    return {"parquet": "trials.parquet", "optuna": "study.db", "ax": "client.json"}.get(how, how)


def _refuse_existing(output: Path, program: str) -> None:
    if output.exists():
        raise UserError(f"{output} exists already", hint=f"{program} would add to it; choose another name or remove it")


def _parquet(view: View, reader: StoreReader, chosen: Sequence[Trial], wanted: ExportRequest, output: Path) -> None:
    from dataclasses import replace

    from hptui.results.export.parquet import parquet_bytes

    write_atomically(output, parquet_bytes(replace(view, trials=tuple(chosen)), wanted.names))


def _optuna(view: View, reader: StoreReader, chosen: Sequence[Trial], wanted: ExportRequest, output: Path) -> None:
    from hptui.search.exchange.to_optuna import write_optuna

    _refuse_existing(output, "Optuna")
    metric = view.study.objective.metric
    curves = {trial.number: [point[:2] for point in reader.curve(trial.number, metric)] for trial in chosen}
    write_optuna(view.study, view.settings, chosen, curves, output)


def _ax(view: View, reader: StoreReader, chosen: Sequence[Trial], wanted: ExportRequest, output: Path) -> None:
    from hptui.search.exchange.to_ax import ax_snapshot

    write_atomically(output, ax_snapshot(view.study, view.settings, chosen).encode())


def _tensorboard(view: View, reader: StoreReader, chosen: Sequence[Trial], wanted: ExportRequest, output: Path) -> None:
    from hptui.results.export.tensorboard import write_tensorboard

    write_tensorboard(view, reader, chosen, output)


def _wandb(view: View, reader: StoreReader, chosen: Sequence[Trial], wanted: ExportRequest, output: Path) -> None:
    from hptui.results.export.wandb_runs import write_wandb

    write_wandb(view, reader, chosen, output)


_WRITERS: Mapping[str, Callable[[View, StoreReader, Sequence[Trial], ExportRequest, Path], None]] = {
    "parquet": _parquet,
    "optuna": _optuna,
    "ax": _ax,
    "tensorboard": _tensorboard,
    "wandb": _wandb,
}
