"""Giving disk space back: a whole study, or checkpoints that nobody needs. Nothing outside a study is touched."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hptui.model.errors import HptuiError, Locked, MachineError, UserError
from hptui.model.trial import Trial, TrialStatus
from hptui.results.view import View, best_trials, look
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from hptui.storage.rundir import RunDir, holding, is_held

OURS = re.compile(r"\.?study\.db\S*|study\.lock|runner\.log\S*|trials|cache|\.ballast|\.\S+\.tmp")
"""The entries of a study's directory."""
ENDED = (TrialStatus.COMPLETE, TrialStatus.PRUNED, TrialStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Garbage:
    """The checkpoints of one trial that nobody needs."""

    study: str
    trial: int
    path: Path
    bytes: int


def weigh(path: Path) -> int:
    """Bytes of all plain files below `path`; links are not followed."""
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue
    return total


# a whole study --------------------------------------------------------------------------------------------------


def removable(sd: StudyDir) -> int:
    """How many bytes removing the study gives back; `Locked` while anything of it runs."""
    if sd.root.is_symlink():
        raise UserError(
            f"{sd.root} is a link to a study", hint=f"remove the link, or the study itself: {sd.root.resolve()}"
        )
    _is_a_study(sd)
    with holding(sd.lock) as free:
        _at_rest(sd, free)
    return weigh(sd.root)


def remove(sd: StudyDir) -> int:
    """Delete a study that is at rest, checkpoints elsewhere included; how many bytes that gave back."""
    size = removable(sd)
    elsewhere = _elsewhere(sd)
    doomed = sd.root.with_name(f".removed-{sd.name}-{os.getpid()}")
    try:
        with holding(sd.lock) as free:
            _at_rest(sd, free)
            # Renamed first: a study is there as a whole, or not at all.
            os.rename(sd.root, doomed)
            size += sum(weigh(path) for path in elsewhere)
            for path in elsewhere:
                shutil.rmtree(path)
            (doomed / sd.db.name).unlink()  # should we be killed now, what is left is no study
            shutil.rmtree(doomed)
    except OSError as error:
        raise MachineError(f"{sd.root} could not be removed: {error}") from error
    return size


def _is_a_study(sd: StudyDir) -> None:
    """Refuse a directory that holds anything which we did not put there."""
    with Reader(sd):
        pass  # a store that is ours, and can be read
    strange = sorted(entry.name for entry in sd.root.iterdir() if not OURS.fullmatch(entry.name))
    if strange:
        raise UserError(
            f"{sd.root} holds more than a study: {', '.join(strange[:5])}", hint="move that away, or remove it by hand"
        )


def _at_rest(sd: StudyDir, free: bool) -> None:
    if not free:
        raise Locked(f"the study {sd.name!r} is running", hint=f"hptui stop {sd.name}, then try again")
    for lock in sd.trials.glob("*/attempt-*/lock"):
        if is_held(lock):
            text = f"{lock.parent.relative_to(sd.root)} of the study {sd.name!r} still runs"
            raise Locked(text, hint=f"hptui stop {sd.name}, then try again")


def _elsewhere(sd: StudyDir) -> list[Path]:
    """Directories of checkpoints outside the study, of this study's own trials. None when the store cannot be read."""
    try:
        view = look(sd)
    except HptuiError:
        return []
    place = view.study.checkpoint_place
    found = [sd.checkpoints(trial.number, place, view.row.uuid) for trial in view.trials] if place else []
    return [path for path in found if path.is_dir() and not path.is_symlink()]


# checkpoints ----------------------------------------------------------------------------------------------------


def collect(sd: StudyDir, *, dry_run: bool = False) -> list[Garbage]:
    """Delete the checkpoints of ended trials except the best; what was, or would be, deleted.

    While a runner lives only those of complete trials go: every other trial may just be retried.
    """
    with holding(sd.lock) as free, Reader(sd) as reader:
        view = look(sd, reader)
        found = list(_garbage(view, ENDED if free else (TrialStatus.COMPLETE,)))
        if not dry_run:
            for garbage in found:
                _delete(garbage.path)
            for left in sd.trials.glob("*/.removed-*"):
                shutil.rmtree(left, ignore_errors=True)
            if free:
                _forget(sd, reader, [garbage.trial for garbage in found])
    return found


def _garbage(view: View, statuses: tuple[TrialStatus, ...]) -> Iterator[Garbage]:
    best = {trial.number for trial in best_trials(view.study, view.trials)}
    for trial in view.trials:
        if trial.status in statuses and trial.number not in best and not _alive(view.sd, trial):
            path = view.sd.checkpoints(trial.number, view.study.checkpoint_place, view.row.uuid)
            if path.is_dir() and not path.is_symlink() and any(path.iterdir()):
                yield Garbage(view.sd.name, trial.number, path, weigh(path))


def _alive(sd: StudyDir, trial: Trial) -> bool:
    return any(is_held(RunDir(sd.attempt(trial.number, n)).lock) for n in range(1, trial.attempts + 1))


def _delete(path: Path) -> None:
    """Renamed first, so that a kill leaves no half checkpoint under a good name."""
    doomed = path.with_name(f".removed-{path.name}-{os.getpid()}")
    try:
        os.rename(path, doomed)
        shutil.rmtree(doomed)
    except FileNotFoundError:
        return
    except OSError as error:
        raise MachineError(f"{path} could not be removed: {error}") from error


def _forget(sd: StudyDir, reader: Reader, trials: list[int]) -> None:
    """Take the deleted checkpoints out of the store. The caller holds the study's lock."""
    from hptui.storage.store import Store

    gone = [(trial, one.step) for trial in trials for one in reader.checkpoints(trial)]
    if not gone:
        return
    with Store.open(sd) as store, store.transaction(durable=True):
        for trial, step in gone:
            store.drop_checkpoint(trial, step)
