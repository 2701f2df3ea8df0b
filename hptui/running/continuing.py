"""A trial that continues from a checkpoint of another trial: which one, and copying its files.

The files are hard links where possible, so they stay whatever the first trial saves or deletes later. The worker
verifies them before it begins.
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


def newest_checkpoint(store: Store, trial: Trial) -> CheckpointRow:
    """Return the newest checkpoint of a trial.

    Raises: `UserError` when the trial has none.
    """
    checkpoints = store.checkpoints(trial.number)
    if not checkpoints:
        hint = "a trainer saves one when it is paused, and as often as checkpoint_every says; scripts keep their own"
        raise UserError(f"trial {trial.number} has left no checkpoint to continue from", hint=hint)
    return checkpoints[-1]


def copy_checkpoint(sd: StudyDir, checkpoint: CheckpointRow, number: int) -> None:
    """Copy the files of a checkpoint to where trial `number` looks for the state that it begins from.

    Raises: `UserError` when the checkpoint's files are gone.
    """
    source = Path(checkpoint.path)
    source = source if source.is_absolute() else sd.trial(checkpoint.trial) / source
    if not source.is_dir():
        hint = f"hptui doctor {sd.name}"
        raise UserError(f"the checkpoint of trial {checkpoint.trial} at step {checkpoint.step} is gone", hint=hint)
    target = sd.starting_checkpoint(number)
    shutil.rmtree(target, ignore_errors=True)
    (target / source.name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copytree(source, target / source.name, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # the target is on another file system, or on one without hard links
        shutil.copy2(source, target)
    return target
