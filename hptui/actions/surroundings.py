"""The user's session: what happens to processes at logout, and the terminal. Only read, never changed."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from pathlib import Path

BUSCTL_TIMEOUT_S = 3.0  # time limit of `busctl`


def logout_warning() -> str:
    """Return how to let a study outlive the login session; '' where it does anyway."""
    if not _kills_at_logout() or _lingers():
        return ""
    return (
        "this machine ends all processes of a user at logout (logind, KillUserProcesses=yes); "
        "so that studies run on: loginctl enable-linger"
    )


def _kills_at_logout() -> bool:
    property_path = [
        "org.freedesktop.login1",
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager",
        "KillUserProcesses",
    ]
    try:
        process = subprocess.run(
            ["busctl", "--system", "get-property", *property_path],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=BUSCTL_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False  # systemd does not answer, so its logind ends nothing
    return process.stdout.split() == [b"b", b"true"]


def _lingers() -> bool:
    try:
        return Path("/var/lib/systemd/linger", getpass.getuser()).exists()
    except (OSError, KeyError):
        return False


def terminal_facts() -> dict[str, str]:
    """Return what the environment says about the terminal."""
    return {
        "term": os.environ.get("TERM", ""),
        "colours": os.environ.get("COLORTERM", "") or ("256" if "256" in os.environ.get("TERM", "") else ""),
        "encoding": (getattr(sys.stdout, "encoding", "") or "").lower(),
        "inside": "tmux" if os.environ.get("TMUX") else "screen" if os.environ.get("STY") else "",
    }
