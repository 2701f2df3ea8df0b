"""Where the attempts of a trial keep their checkpoints.

    checkpoints/step-00000100/       of attempts on this machine, which never overlap
    checkpoints/a2/step-00000100/    of the second attempt, if it ran under another executor

An attempt that was given up may live on somewhere and still save and delete: only in its own folder. The next one reads
from any earlier one, but only what was recorded before that was fenced."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hptui.store.store import Store


def checkpoint_folder(shared: Path, n: int) -> Path:
    """Return the folder for checkpoints of a trial's `n`th attempt alone."""
    return shared / f"a{n}"


def resume_paths(trial_folder: Path, store: Store, number: int, own: Path) -> list[str]:
    """Return the recorded checkpoints of a trial outside the folder of its next attempt, newest first."""
    paths = [trial_folder / row.path for row in reversed(store.read.checkpoints(number))]
    return [str(path) for path in paths if path.parent != own]


def remove_superseded(shared: Path, n: int) -> None:
    """Delete checkpoints in the folders of earlier attempts, once the `n`th has one of its own."""
    if not any(checkpoint_folder(shared, n).glob("step-*/MANIFEST.json")):
        return
    for earlier in range(1, n):
        shutil.rmtree(checkpoint_folder(shared, earlier), ignore_errors=True)
