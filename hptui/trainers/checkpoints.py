"""Checkpoints: directories that are complete or do not exist.

    checkpoints/step-00000100/{..., MANIFEST.json}

A checkpoint is written under a hidden temporary name, every file synced; `MANIFEST.json` (step, size and SHA-256 of
every file) comes last; then the directory is renamed. Resuming takes the newest one whose manifest verifies."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.store.run_directory import read_json, sync_to_disk, write_json

MANIFEST = "MANIFEST.json"
"""Name of the file that is written last."""
NAME_PATTERN = re.compile(r"step-(\d{8,})")
"""Pattern of a checkpoint's directory name; its group is the step."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One finished checkpoint on disk."""

    path: Path
    step: int

    @property
    def bytes(self) -> int:
        """The size of its files, in bytes."""
        return sum(file.stat().st_size for file in _files(self.path))


def list_checkpoints(root: Path) -> list[Checkpoint]:
    """Return all finished checkpoints, valid or not, newest first."""
    if not root.is_dir():
        return []
    matches = [(NAME_PATTERN.fullmatch(entry.name), entry) for entry in root.iterdir()]
    checkpoints = [Checkpoint(entry, int(match[1])) for match, entry in matches if match and entry.is_dir()]
    return sorted(checkpoints, key=lambda checkpoint: checkpoint.step, reverse=True)


def newest_valid(root: Path, complain: Callable[[str], None]) -> Checkpoint | None:
    """Return the newest checkpoint that is intact. Damaged newer ones are reported to `complain`."""
    for checkpoint in list_checkpoints(root):
        problem = find_damage(checkpoint)
        if not problem:
            return checkpoint
        complain(f"checkpoint {checkpoint.path.name} is damaged ({problem}); looking for an older one")
    return None


def newest_of(root: Path, elsewhere: Sequence[Path], complain: Callable[[str], None]) -> Checkpoint | None:
    """Return the newest intact checkpoint of `root` and of single ones in folders of other attempts."""
    matches = [(NAME_PATTERN.fullmatch(path.name), path) for path in elsewhere]
    listed = [Checkpoint(path, int(match[1])) for match, path in matches if match and path.is_dir()]
    best = newest_valid(root, complain)
    for checkpoint in sorted(listed, key=lambda checkpoint: checkpoint.step, reverse=True):
        if best is not None and best.step >= checkpoint.step:
            break
        problem = find_damage(checkpoint)
        if not problem:
            return checkpoint
        complain(f"checkpoint {checkpoint.path.name} is damaged ({problem}); looking for an older one")
    return best


def find_damage(checkpoint: Checkpoint) -> str:
    """Return what is wrong with a checkpoint, or ''."""
    try:
        return _compare(checkpoint)
    except OSError as error:
        return f"unreadable: {error}"


def _compare(checkpoint: Checkpoint) -> str:
    manifest = read_json(checkpoint.path / MANIFEST)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        return f"{MANIFEST} is missing or torn"
    if manifest.get("step") != checkpoint.step:
        return f"{MANIFEST} speaks of step {manifest.get('step')}"
    for name, facts in manifest["files"].items():
        path = checkpoint.path / name
        if not path.is_file():
            return f"{name} is missing"
        size = path.stat().st_size
        if size != facts["bytes"]:
            return f"{name} has {size} bytes instead of {facts['bytes']}"
        if _sha256(path) != facts["sha256"]:
            return f"{name} has other content than was written"
    return ""


def write(root: Path, step: int, save: Callable[[Path], None]) -> Checkpoint:
    """Let `save` fill a directory, and make it the checkpoint of `step`.

    Any error leaves the checkpoints as they were, and is passed on.
    """
    temporary = root / f".tmp-{step:08d}"
    target = root / f"step-{step:08d}"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700)
    try:
        save(temporary)
        files = _files(temporary)
        facts = {str(path.relative_to(temporary)): _seal(path) for path in files}
        for folder in {path.parent for path in files} - {temporary}:
            sync_to_disk(folder)  # names of files in subdirectories; write_json syncs the top one
        write_json(temporary / MANIFEST, {"step": step, "files": facts})
        _replace(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)  # a full disk needs the space back at once
        raise
    return Checkpoint(target, step)


def _replace(temporary: Path, target: Path) -> None:
    replaced = target.with_name(f".old-{target.name}")
    shutil.rmtree(replaced, ignore_errors=True)
    if target.exists():  # the same step once more: a damaged one that was trained past, or a repeated save
        os.rename(target, replaced)
    os.rename(temporary, target)
    sync_to_disk(target.parent)  # the rename itself must survive a power failure
    shutil.rmtree(replaced, ignore_errors=True)


def retain(root: Path, keep: int) -> None:
    """Delete all but the newest `keep` checkpoints (at least one), and the remains of broken writes."""
    for checkpoint in list_checkpoints(root)[max(keep, 1) :]:
        # Renamed first: a kill in the middle of the deletion must not leave half a checkpoint under a good name.
        doomed = root / f".tmp-{checkpoint.path.name}"
        shutil.rmtree(doomed, ignore_errors=True)
        os.rename(checkpoint.path, doomed)
    remove_leftovers(root)


def remove_leftovers(root: Path) -> None:
    """Remove the remains of interrupted writes and deletions. Only a trial's running attempt may call it."""
    if not root.is_dir():
        return
    for entry in list(root.iterdir()):
        target = root / entry.name.removeprefix(".old-")
        if entry.name.startswith(".old-") and not target.exists():
            os.rename(entry, target)  # its replacement never came
        elif entry.name.startswith((".tmp-", ".old-")):
            shutil.rmtree(entry, ignore_errors=True)


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def _seal(path: Path) -> dict[str, int | str]:
    """Sync a file to disk, and return its entry in the manifest."""
    sync_to_disk(path)  # before the manifest is written, which vouches for the content
    return {"bytes": path.stat().st_size, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_optimizer(optimizer: Any, state: Mapping[str, Any]) -> None:
    """Load the state of an optimizer from a checkpoint, but none of its settings.

    Torch restores weight decay, betas and the like as well: a trial that continues from another trial's checkpoint
    with a changed setting would train with the old value.
    """
    options = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state)
    for group, settings in zip(optimizer.param_groups, options, strict=True):
        group.update(settings)
