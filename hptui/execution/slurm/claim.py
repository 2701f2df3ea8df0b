"""The claim on an attempt: who may decide whether it starts, its job or its runner. Exactly one of them gets it.

It is a symbolic link in the attempt's directory, which the job and the runner share: making one is a single step on
every file system, and its text says who made it. Locks may mean nothing between nodes. Standard library only."""

from __future__ import annotations

import os
from pathlib import Path

FILE = "claim"
RUNNER = "runner"
"""Claim of a runner: the attempt never starts. Any other is that of the job that starts it."""


def claimed_by(run: Path) -> str:
    """Return who has claimed an attempt; '' if nobody has."""
    try:
        return os.readlink(run / FILE)
    except OSError:
        return ""


def claim(run: Path, who: str) -> bool:
    """Claim an attempt; return whether it is ours, also if it was before.

    Raises: OSError when it cannot be known.
    """
    try:
        os.symlink(who, run / FILE)
    except FileExistsError:
        return claimed_by(run) == who  # also after an answer of the file server was lost
    return True
