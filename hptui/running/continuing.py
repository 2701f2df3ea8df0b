"""A trial that goes on from a checkpoint of another one: which, and the files that it begins with.

The files are the checkpoint's own, under a second name: what a person has chosen stays, whatever the first trial saves
or loses later. The worker verifies them before it begins, and never begins without.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hptui.model.errors import UserError
from hptui.model.trial import Trial
from hptui.storage.paths import StudyDir
from hptui.storage.rows import CheckpointRow
from hptui.storage.store import Store


def checkpoint_of(store: Store, trial: Trial) -> CheckpointRow:
    """The newest checkpoint of a trial; `UserError` when it has left none."""
    found = store.checkpoints(trial.number)
    if not found:
        hint = "a trainer saves one when it is paused, and as often as checkpoint_every says; scripts keep their own"
        raise UserError(f"trial {trial.number} has left no checkpoint to continue from", hint=hint)
    return found[-1]


def carry(sd: StudyDir, checkpoint: CheckpointRow, number: int) -> None:
    """Give trial `number` the files of a checkpoint, to begin with."""
    source = Path(checkpoint.path)
    source = source if source.is_absolute() else sd.trial(checkpoint.trial) / source
    if not source.is_dir():
        hint = f"hptui doctor {sd.name}"
        raise UserError(f"the checkpoint of trial {checkpoint.trial} at step {checkpoint.step} is gone", hint=hint)
    target = sd.origin(number)
    shutil.rmtree(target, ignore_errors=True)
    (target / source.name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copytree(source, target / source.name, copy_function=_second_name)


def _second_name(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one that knows no links
        shutil.copy2(source, target)
    return target
