"""Resuming a script that was paused or lost: its own checkpoints, its own flag."""

from __future__ import annotations

import glob
import json
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

from hptui.scripts.settings import CommandSettings

Fill = Callable[[str, str], str]


def newest_checkpoint(pattern: str, below_step: int | None = None) -> Path | None:
    """Return the newest checkpoint that a pattern matches, by the last number in its name, else by time.

    One of a step below `before` is preferred: all points up to it are recorded. None if nothing matches.
    """
    checkpoints = sorted(matching_paths(pattern), key=_age)
    earlier = [path for path in checkpoints if below_step is not None and (step_of(path) or 0) < below_step]
    return (earlier or checkpoints)[-1] if checkpoints else None


def matching_paths(pattern: str) -> list[Path]:
    """Return the paths that a pattern matches, sorted."""
    return sorted(Path(path) for path in glob.glob(pattern, recursive=True))


def _age(path: Path) -> tuple[int, int]:
    step = step_of(path)
    try:
        return (-1 if step is None else step), path.stat().st_mtime_ns
    except OSError:
        return -1, 0


def step_of(path: Path) -> int | None:
    """Return the step that a checkpoint was saved at, by its `trainer_state.json`, else its name; or None."""
    try:
        return int(json.loads((path / "trainer_state.json").read_text())["global_step"])
    except (OSError, ValueError, KeyError, TypeError):
        numbers = re.findall(r"\d+", path.name)
        return int(numbers[-1]) if numbers else None


def resume_words(settings: CommandSettings, fill: Fill) -> list[str]:
    """Return the words that make the script resume."""
    parts = settings.resume_flag if isinstance(settings.resume_flag, list) else shlex.split(settings.resume_flag)
    return [fill(part, "resume_flag") for part in parts]


def set_aside(output: Path, attempt: int) -> None:
    """Rename the output of an earlier attempt, for a trial that starts over. Nothing is deleted."""
    if output.is_dir() and any(output.iterdir()):
        os.rename(output, output.with_name(f"{output.name}-of-attempt-{attempt}"))
