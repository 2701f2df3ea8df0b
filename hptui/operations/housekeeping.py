"""Free disk space: remove a whole study, or checkpoints that nobody needs. Nothing outside the study is touched."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError, Locked, MachineError, UserError
from hptui.core.trial import Trial, TrialStatus
from hptui.execution.probe import probe
from hptui.operations.ownership import require_own
from hptui.results.view import View, best_trials, read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir, try_lock

ENTRY_PATTERN = re.compile(r"\.?study\.db\S*|study\.lock|runner\.log\S*|trials|cache|\.ballast|\.\S+\.tmp")
"""Names that hptui gives to entries of a study directory."""
DELETABLE_STATUSES = (TrialStatus.COMPLETE, TrialStatus.PRUNED, TrialStatus.FAILED)
"""Statuses of trials whose checkpoints may be deleted."""


@dataclass(frozen=True, slots=True)
class UnneededCheckpoints:
    """The checkpoints of one trial that nobody needs; `bytes` is their size."""

    study: str
    trial: int
    path: Path
    bytes: int


def size_of(path: Path) -> int:
    """Return the bytes of all plain files below `path`; links are not followed."""
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue
    return total


# a whole study --------------------------------------------------------------------------------------------------


def removable_bytes(sd: StudyDir) -> int:
    """Return the number of bytes that removing the study frees.

    Raises: `Locked` while anything of it runs; `UserError` when the directory is a link or holds foreign files;
    `MachineError` when it belongs to another user.
    """
    require_own(sd, "removed")
    if sd.root.is_symlink():
        raise UserError(
            f"{sd.root} is a link to a study", hint=f"remove the link, or the study itself: {sd.root.resolve()}"
        )
    _check_is_study(sd)
    with try_lock(sd.lock) as free:
        _check_at_rest(sd, free)
    return size_of(sd.root)


def remove(sd: StudyDir) -> int:
    """Delete a study that is at rest, also its checkpoints outside; return the number of bytes freed.

    Raises: as `removable`, and `MachineError` when a file cannot be removed.
    """
    size = removable_bytes(sd)
    external = _external_checkpoints(sd)
    doomed = sd.root.with_name(f".removed-{sd.name}-{os.getpid()}")
    try:
        with try_lock(sd.lock) as free:
            _check_at_rest(sd, free)
            # Renamed first, so that a kill never leaves half a study under its name.
            os.rename(sd.root, doomed)
            size += sum(size_of(path) for path in external)
            for path in external:
                shutil.rmtree(path)
            (
                doomed / sd.db.name
            ).unlink()  # first of all: without its store the rest is no study, if this process is killed now
            shutil.rmtree(doomed)
    except OSError as error:
        raise MachineError(f"{sd.root} could not be removed: {error}") from error
    return size


def _check_is_study(sd: StudyDir) -> None:
    """Check that a directory holds a readable store, and nothing that hptui did not put there."""
    with StoreReader.open(sd):
        pass  # opening it checks that the store is one of hptui and can be read
    foreign = sorted(entry.name for entry in sd.root.iterdir() if not ENTRY_PATTERN.fullmatch(entry.name))
    if foreign:
        raise UserError(
            f"{sd.root} holds more than a study: {', '.join(foreign[:5])}", hint="move that away, or remove it by hand"
        )


def _check_at_rest(sd: StudyDir, free: bool) -> None:
    if not free:
        raise Locked(f"the study {sd.name!r} is running", hint=f"hptui stop {sd.name}, then try again")
    for directory in sd.trials.glob("*/attempt-*"):
        if not probe(RunDir(directory)).gone:
            text = f"{directory.relative_to(sd.root)} of the study {sd.name!r} still runs"
            raise Locked(text, hint=f"hptui stop {sd.name}, then try again")


def _external_checkpoints(sd: StudyDir) -> list[Path]:
    """Return checkpoint directories outside the study; [] when the store cannot be read."""
    try:
        view = read_view(sd, secrets=True)
    except HptuiError:
        return []
    root = view.study.checkpoint_directory
    directories = [sd.checkpoints(trial.number, root, view.row.uuid) for trial in view.trials] if root else []
    return [path for path in directories if path.is_dir() and not path.is_symlink()]


# checkpoints ----------------------------------------------------------------------------------------------------


def delete_checkpoints(sd: StudyDir, *, dry_run: bool = False) -> list[UnneededCheckpoints]:
    """Delete the checkpoints of ended trials except the best; return what was, or would be, deleted.

    While a runner lives only those of complete trials are deleted: any other trial may be retried.
    """
    if not dry_run:
        require_own(sd)
    with try_lock(sd.lock) as free, StoreReader.open(sd) as reader:
        view = read_view(sd, reader, secrets=True)
        unneeded = list(_garbage(view, DELETABLE_STATUSES if free else (TrialStatus.COMPLETE,)))
        if not dry_run:
            for garbage in unneeded:
                _delete(garbage.path)
            for leftover in sd.trials.glob("*/.removed-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            if free:
                _forget_checkpoints(sd, reader, [garbage.trial for garbage in unneeded])
    return unneeded


def _garbage(view: View, statuses: tuple[TrialStatus, ...]) -> Iterator[UnneededCheckpoints]:
    best = {trial.number for trial in best_trials(view.study, view.trials)}
    for trial in view.trials:
        if trial.status in statuses and trial.number not in best and not _is_running(view.sd, trial):
            path = view.sd.checkpoints(trial.number, view.study.checkpoint_directory, view.row.uuid)
            if path.is_dir() and not path.is_symlink() and any(path.iterdir()):
                yield UnneededCheckpoints(view.sd.name, trial.number, path, size_of(path))


def _is_running(sd: StudyDir, trial: Trial) -> bool:
    return any(not probe(RunDir(sd.attempt(trial.number, n))).gone for n in range(1, trial.attempts + 1))


def _delete(path: Path) -> None:
    """Delete a directory, renamed first, so that a kill leaves no half checkpoint under a valid name."""
    doomed = path.with_name(f".removed-{path.name}-{os.getpid()}")
    try:
        os.rename(path, doomed)
        shutil.rmtree(doomed)
    except FileNotFoundError:
        return
    except OSError as error:
        raise MachineError(f"{path} could not be removed: {error}") from error


def _forget_checkpoints(sd: StudyDir, reader: StoreReader, trials: list[int]) -> None:
    """Delete the rows of deleted checkpoints. The caller holds the study's lock."""
    from hptui.store.store import Store

    gone = [(trial, checkpoint.step) for trial in trials for checkpoint in reader.checkpoints(trial)]
    if not gone:
        return
    with Store.open(sd) as store, store.transaction(durable=True):
        for trial, step in gone:
            store.delete_checkpoint(trial, step)
