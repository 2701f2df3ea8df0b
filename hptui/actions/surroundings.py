"""What a study rests on beside itself: what happens at logout, the terminal. Asked, never changed."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from pathlib import Path

SECONDS = 3.0


def logout_warning() -> str:
    """What to do so that a study outlives the login session, or '' where it does anyway."""
    if not _kills_at_logout() or _lingers():
        return ""
    return (
        "this machine ends all processes of a user at logout (logind, KillUserProcesses=yes); "
        "so that studies run on: loginctl enable-linger"
    )


def _kills_at_logout() -> bool:
    words = ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "KillUserProcesses"]
    try:
        done = subprocess.run(
            ["busctl", "--system", "get-property", *words],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False  # no systemd that answers, so nothing of it that kills
    return done.stdout.split() == [b"b", b"true"]


def _lingers() -> bool:
    try:
        return Path("/var/lib/systemd/linger", getpass.getuser()).exists()
    except (OSError, KeyError):
        return False


def terminal() -> dict[str, str]:
    """What the terminal says of itself."""
    return {
        "term": os.environ.get("TERM", ""),
        "colours": os.environ.get("COLORTERM", "") or ("256" if "256" in os.environ.get("TERM", "") else ""),
        "encoding": (getattr(sys.stdout, "encoding", "") or "").lower(),
        "inside": "tmux" if os.environ.get("TMUX") else "screen" if os.environ.get("STY") else "",
    }
