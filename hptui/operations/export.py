"""`hptui export`: trials in the format of another program, or a whole study as one `.tar.gz`, also while it runs.

An archive holds SQLite's backup of the store, since a copy of the live file may be inconsistent."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hptui import plugins
from hptui.core.command_settings import COMMAND_KIND
from hptui.core.errors import MachineError, Unsupported, UserError, did_you_mean
from hptui.core.trial import Trial
from hptui.operations.find import find_trial
from hptui.operations.redact import holds_known_secret, redact_store, redacted_file
from hptui.plugins import ExporterSpec
from hptui.results.export.config import trial_config
from hptui.results.export.formats import ExportRequest, write_settings
from hptui.results.export.text_formats import shell_line, write_atomically
from hptui.results.fresh_means import best_notes, fresh_means
from hptui.results.other_code import other_code_text
from hptui.results.view import View, read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader


def exporter(how: str, directory: str = "") -> ExporterSpec:
    """Return the spec of a format. Raises: UserError for an unknown one."""
    known = ":" in how or how in plugins.names("exporters") or how in plugins.names("exporters", installed=True)
    if not known:
        raise UserError(f"unknown format {how!r}", hint=did_you_mean(how, plugins.names("exporters", installed=True)))
    return plugins.spec("exporters", how, directory)


def format_of(output: Path) -> str:
    """Return the format that a file's ending means; yaml if none is known."""
    suffix = output.suffix.lower()
    for name in plugins.names("exporters"):
        if suffix in plugins.spec("exporters", name).suffix:
            return name
    for name in plugins.names("exporters", installed=True) if suffix else ():
        try:
            if suffix in plugins.spec("exporters", name).suffix:
                return name
        except (UserError, Unsupported):  # one that cannot be loaded is an error only where it is named
            continue
    return "yaml"


def export(sd: StudyDir, ref: str, request: ExportRequest, by: str = "rank") -> str | None:
    """Return the text for trial `ref` (a number, a name, `best`, or `all`); None if written to `output`.

    `best` is by rank, or `by` the mean of `fresh` runs.

    Raises: `UserError` for an unknown format, or one that needs `output`; `NotFound` for an unknown trial.
    """
    how, output = request.how, request.output
    if ":" not in how:
        exporter(how)
    with StoreReader.open(sd) as reader:
        view = read_view(sd, reader)
        spec, directory = exporter(how, view.study.directory), view.study.directory
        if ref == "all" and spec.scope == "trial":
            raise UserError(f"{how} holds one trial", hint="say which: a number, a name, or best")
        chosen = view.trials if ref == "all" else (find_trial(reader, ref, view, by),)
        if spec.binary and output is None:
            kind = "a folder of runs" if spec.folder else "a file"
            raise UserError(f"{how} is {kind}", hint=f"say where: -o {spec.example or how}")
        write = plugins.load("exporters", how, "write", directory)
        content = write(replace(request, trials=tuple(chosen), single=ref != "all", reader=reader), view)
    if content is None:
        return None
    if isinstance(content, Mapping):
        _write_folder(how, output, content)
        return None
    if output is None:
        return str(content, "utf-8")
    write_atomically(output, content)
    return None


def notes_on_best(sd: StudyDir, by: str) -> list[str]:
    """Return what is to be known of the trial that `best` is: its equals, and what fresh runs say of it."""
    view = read_view(sd)
    other = "" if view.best is None or by == "fresh" else other_code_text(view, view.best)
    code = [f"best is trial {view.best.number}; {other}"] if other and view.best is not None else []
    return [*_equals(view, by), *code, *best_notes(view, fresh_means(view), by)]


def _equals(view: View, by: str) -> list[str]:
    """Return that `best` is one of several trials that no other beats."""
    others = [str(trial.number) for trial in view.front[1:]]
    if not others or by == "fresh":
        return []
    which = f"trial{'s' if len(others) > 1 else ''} {', '.join(others[:MAX_NAMED])}"
    which += f" and {len(others) - MAX_NAMED} more" if len(others) > MAX_NAMED else ""
    best = view.front[0].number
    if len(view.study.objectives) > 1:
        return [f"best is trial {best}, the first of the Pareto front: {which} {_are(others)} on it, too"]
    return [f"best is trial {best}; {which} {'have' if len(others) > 1 else 'has'} the same value"]


def _are(others: Sequence[str]) -> str:
    return "are" if len(others) > 1 else "is"


MAX_NAMED = 12
"""Trials on the front that are named."""


def _write_folder(how: str, output: Path | None, files: Mapping[str, bytes]) -> None:
    """Write files by their paths in the folder `output`, and none outside of it."""
    if output is None:
        raise UserError(f"{how} is a folder", hint=f"say where: -o {how}")
    for name, content in files.items():
        path = output / name
        if not path.resolve().is_relative_to(output.resolve()):
            raise UserError(f"{how} would write {name!r}, which lies outside of {output}")
        write_atomically(path, content)


def write_flags(request: ExportRequest, view: View) -> bytes:
    """Return the settings as the options of a command line: those of the study's script, if it has one."""
    if view.study.trainer.kind == COMMAND_KIND:
        from hptui.results.export.trial_table import check_names  # pyarrow: 150 ms

        if request.single:
            trial_config(view, request.trials[0], names=request.names)
        else:
            check_names(view, request.names)
        flag_lines = [_script_flags(view, trial, request) for trial in request.trials]
        if flag_lines and None not in flag_lines:
            return "".join(map(str, flag_lines)).encode()
    return write_settings(request, view)


def _script_flags(view: View, trial: Trial, request: ExportRequest) -> str | None:
    """Return the flags that start a script with a trial's settings; None when it takes none as flags."""
    from hptui.scripts.arguments import command_line_words

    trainer = view.study.trainer
    settings = dict(trial.params) if request.changed_only else view.settings(trial)
    arguments = command_line_words(
        trainer.settings, settings, request.names, Path(view.study.directory), hyphens=request.hyphens
    )
    return None if arguments is None else shell_line(arguments)


def write_sweep(request: ExportRequest, view: View) -> bytes:
    """Return the study as a W&B sweep file."""
    from hptui.results.export.wandb_sweep import sweep_text

    return sweep_text(view, request.names).encode()


def write_parquet(request: ExportRequest, view: View) -> bytes:
    """Return the trials as a table."""
    from hptui.results.export.trial_table import parquet_bytes  # pyarrow: 150 ms

    return parquet_bytes(replace(view, trials=request.trials), request.names)


def _require_objective(view: View, program: str) -> None:
    """Raise Unsupported for a study that ranks nothing, which other programs of optimization do not have."""
    if not view.study.objectives:
        hint = "--format csv, parquet, tensorboard and wandb hold its trials"
        raise Unsupported(f"{program} has no study without an objective", hint=hint)


def write_optuna_storage(request: ExportRequest, view: View) -> None:
    """Write the trials to a new Optuna storage."""
    from hptui.search.exchange.write_optuna import write_optuna  # optuna: 1 s

    assert request.output is not None
    _require_objective(view, "Optuna")
    if request.output.exists():
        message = f"{request.output} exists already"
        raise UserError(message, hint="Optuna would add to it; choose another name or remove it")
    metric = view.study.objective.metric
    curves = {trial.number: [point[:2] for point in request.curve(trial.number, metric)] for trial in request.trials}
    write_optuna(view.study, view.settings, request.trials, curves, request.output)


def write_ax_snapshot(request: ExportRequest, view: View) -> bytes:
    """Return the trials as a snapshot of Ax's client."""
    from hptui.search.exchange.write_ax import ax_snapshot  # ax: 3 s

    _require_objective(view, "Ax")
    return ax_snapshot(view.study, view.settings, request.trials).encode()


def write_tensorboard_runs(request: ExportRequest, view: View) -> None:
    """Write the trials as runs for TensorBoard."""
    from hptui.results.export.trackers import write_tensorboard  # tensorboard: 1 s

    assert request.output is not None
    assert request.reader is not None
    write_tensorboard(view, request.reader, request.trials, request.output)


def write_wandb_runs(request: ExportRequest, view: View) -> None:
    """Write the trials as offline runs for W&B."""
    from hptui.results.export.trackers import write_wandb  # tensorboard: 1 s

    assert request.output is not None
    assert request.reader is not None
    write_wandb(view, request.reader, request.trials, request.output)


EXCLUDED_ENTRIES = {"study.db", "study.db-wal", "study.db-shm", "study.lock", ".ballast", "cache"}
"""Entries of the study directory that are not copied: the store (a backup replaces it), locks, caches."""


def archive(sd: StudyDir, output: Path, *, checkpoints: bool = True, redact: bool = False) -> int:
    """Write the study to `output`; return the number of files in it.

    The file is readable by its owner only, and appears whole or not at all. With `redact`, secrets are masked in all
    texts, and binary files that hold one are left out.

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
            count = _write_files(tar, sd, checkpoints=checkpoints, redact=redact)
        os.replace(temporary, output)
    except OSError as error:
        raise MachineError(f"{output} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _write_files(tar: tarfile.TarFile, sd: StudyDir, *, checkpoints: bool, redact: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="hptui-") as folder:
        copy = Path(folder) / "study.db"
        with StoreReader.open(sd) as reader:
            reader.connection.backup(copy)
        if redact:
            redact_store(copy)
        tar.add(copy, f"{sd.name}/study.db")
    count = 1
    for path in _files(sd, checkpoints=checkpoints):
        count += _add(tar, path, f"{sd.name}/{path.relative_to(sd.root)}", redact=redact)
    for path, name in _external_checkpoints(sd) if checkpoints else ():
        count += _add(tar, path, f"{sd.name}/{name}", redact=redact)
    return count


def _external_checkpoints(sd: StudyDir) -> list[tuple[Path, str]]:
    """Return checkpoints outside the study directory, each with its path inside it as the archive has it."""
    view = read_view(sd, secrets=True)
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


def _add(tar: tarfile.TarFile, path: Path, name: str, *, redact: bool = False) -> int:
    """Add a file in its present size, though it may change meanwhile.

    Return 1, or 0 if it is gone or left out.
    """
    try:
        if redact:
            text = redacted_file(path)
            if text is not None:
                info = tar.gettarinfo(str(path), arcname=name)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text))
                return 1
            if holds_known_secret(path):
                return 0
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
