"""Asks git about a directory, without running what the repository's own configuration names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

OPTIONS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
"""A repository's own configuration may name programs that git would run: they are switched off."""


def ask_git(directory: Path, *arguments: str, timeout: float) -> bytes | None:
    """Return the output of a git command; None when it fails, is missing, or takes too long (seconds)."""
    environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        process = subprocess.run(
            ["git", *OPTIONS, "-C", str(directory), *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            env=environ,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return process.stdout if process.returncode == 0 else None
