"""Give a trial the checkpoint of another trial to begin from.

The files are hard links where possible, so they stay whatever the first trial deletes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hptui.core.errors import UserError
from hptui.store.paths import StudyDir
from hptui.store.records import CheckpointRow


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
