"""`hptui export`: trials in the format of another program, or a whole study as one `.tar.gz`, also while it runs.

An archive holds SQLite's backup of the store, since a copy of the live file may be inconsistent."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hptui.core.command_settings import COMMAND_KIND
from hptui.core.errors import MachineError, UserError, did_you_mean
from hptui.core.trial import Trial
from hptui.operations.find import find_trial
from hptui.results.export.config import render_trial, trial_config
from hptui.results.export.text_formats import shell_line, write_atomically
from hptui.results.export.trial_table import check_names, render_trials
from hptui.results.view import View, read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader

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
    with StoreReader.open(sd) as reader:
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
        from hptui.results.export.wandb_sweep import sweep_text

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
    from hptui.scripts.arguments import command_line_words

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

    from hptui.results.export.trial_table import parquet_bytes

    write_atomically(output, parquet_bytes(replace(view, trials=tuple(chosen)), wanted.names))


def _optuna(view: View, reader: StoreReader, chosen: Sequence[Trial], wanted: ExportRequest, output: Path) -> None:
    from hptui.search.exchange.write_optuna import write_optuna

    _refuse_existing(output, "Optuna")
    metric = view.study.objective.metric
    curves = {trial.number: [point[:2] for point in reader.curve(trial.number, metric)] for trial in chosen}
    write_optuna(view.study, view.settings, chosen, curves, output)


def _ax(view: View, reader: StoreReader, chosen: Sequence[Trial], wanted: ExportRequest, output: Path) -> None:
    from hptui.search.exchange.write_ax import ax_snapshot

    write_atomically(output, ax_snapshot(view.study, view.settings, chosen).encode())


def _tensorboard(view: View, reader: StoreReader, chosen: Sequence[Trial], wanted: ExportRequest, output: Path) -> None:
    from hptui.results.export.trackers import write_tensorboard

    write_tensorboard(view, reader, chosen, output)


def _wandb(view: View, reader: StoreReader, chosen: Sequence[Trial], wanted: ExportRequest, output: Path) -> None:
    from hptui.results.export.trackers import write_wandb

    write_wandb(view, reader, chosen, output)


_WRITERS: Mapping[str, Callable[[View, StoreReader, Sequence[Trial], ExportRequest, Path], None]] = {
    "parquet": _parquet,
    "optuna": _optuna,
    "ax": _ax,
    "tensorboard": _tensorboard,
    "wandb": _wandb,
}


EXCLUDED_ENTRIES = {"study.db", "study.db-wal", "study.db-shm", "study.lock", ".ballast", "cache"}
"""Entries of the study directory that are not copied: the store (a backup replaces it), locks, caches."""


def archive(sd: StudyDir, output: Path, *, checkpoints: bool = True) -> int:
    """Write the study to `output`; return the number of files in it.

    The file is readable by its owner only, and appears whole or not at all.

    Raises: `UserError` when `output` lies inside the study, `MachineError` when it cannot be written.
    """
    if output.is_dir():
        output = output / f"{sd.name}.tar.gz"
    if output.resolve().is_relative_to(sd.root.resolve()):
        raise UserError(f"{output} lies inside the study that is to be archived", hint="choose another place with -o")
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(fd, "wb") as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar:
            count = _write_files(tar, sd, checkpoints=checkpoints)
        os.replace(temporary, output)
    except OSError as error:
        raise MachineError(f"{output} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _write_files(tar: tarfile.TarFile, sd: StudyDir, *, checkpoints: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="hptui-") as folder:
        copy = Path(folder) / "study.db"
        with StoreReader.open(sd) as reader:
            reader.connection.backup(copy)
        tar.add(copy, f"{sd.name}/study.db")
    count = 1
    for path in _files(sd, checkpoints=checkpoints):
        count += _add(tar, path, f"{sd.name}/{path.relative_to(sd.root)}")
    for path, name in _external_checkpoints(sd) if checkpoints else ():
        count += _add(tar, path, f"{sd.name}/{name}")
    return count


def _external_checkpoints(sd: StudyDir) -> list[tuple[Path, str]]:
    """Return checkpoints outside the study directory, each with its path inside it as the archive has it."""
    view = read_view(sd)
    files: list[tuple[Path, str]] = []
    for trial in view.trials if view.study.checkpoint_directory else ():
        folder = sd.checkpoints(trial.number, view.study.checkpoint_directory, view.row.uuid)
        relative = sd.checkpoints(trial.number).relative_to(sd.root)
        entries = sorted(folder.rglob("*")) if folder.is_dir() and folder != sd.checkpoints(trial.number) else []
        complete = [path for path in entries if path.is_file() and not path.is_symlink() and not _is_partial(path)]
        files += [(path, str(relative / path.relative_to(folder))) for path in complete]
    return files


def _is_partial(path: Path) -> bool:
    """Return True when a file belongs to a checkpoint that is being written or deleted."""
    return any(part.startswith((".tmp-", ".old-")) for part in path.parts)


def _files(sd: StudyDir, *, checkpoints: bool) -> list[Path]:
    """Return the plain files of the study. Links are left out: what they point to is not of this study."""
    paths: list[Path] = []
    for folder, names, files in os.walk(sd.root):
        directory = Path(folder)
        if directory == sd.root:
            names[:] = [name for name in names if name not in EXCLUDED_ENTRIES]
            files = [name for name in files if name not in EXCLUDED_ENTRIES]
        if not checkpoints:
            names[:] = [name for name in names if name != "checkpoints"]
        names.sort()
        paths += [directory / name for name in sorted(files) if name != "lock" and not name.endswith(".tmp")]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def _add(tar: tarfile.TarFile, path: Path, name: str) -> int:
    """Add a file in its present size, though it may change meanwhile. Return 1, or 0 if it is gone."""
    try:
        with path.open("rb") as file:
            info = tar.gettarinfo(arcname=name, fileobj=file)
            data = _FixedSizeFile(file, info.size)
            tar.addfile(info, data)
    except FileNotFoundError:
        return 0
    return 1


class _FixedSizeFile(io.RawIOBase):
    """The first `size` bytes of a file, padded with zeros where it has become shorter."""

    def __init__(self, file: io.BufferedReader, size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._left -= wanted
        return data + b"\0" * (wanted - len(data))
