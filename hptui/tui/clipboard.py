"""Copies text, also over SSH and inside tmux: every way that may work is used, and a file holds the text in any case.

tmux drops the terminal's own sequence (OSC 52) by default, but has a command for it.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

from hptui.tui.config import state_path

TMUX_TIMEOUT_S = 2.0
"""Seconds after which a tmux command is given up."""
MAX_SEQUENCE_BYTES = 74_000
"""Bytes of text that terminals accept in one sequence."""


def osc52_sequence(text: str) -> str:
    """Return the OSC 52 sequence that sets the terminal's clipboard; '' if the text is too long."""
    data = text.encode()
    if len(data) > MAX_SEQUENCE_BYTES:
        return ""
    return f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"


def copy_to_tmux(text: str) -> bool:
    """Pass the text to tmux, which sets the terminal's clipboard; return whether that worked.

    Blocks up to 2 s per attempt.
    """
    if not os.environ.get("TMUX") or shutil.which("tmux") is None:
        return False
    for command in (["tmux", "load-buffer", "-w", "-"], ["tmux", "load-buffer", "-"]):  # -w: tmux 3.2 and newer
        try:
            # A tmux server that hangs must not hold the thread.
            subprocess.run(command, input=text.encode(), timeout=TMUX_TIMEOUT_S, check=True, capture_output=True)
        except (OSError, subprocess.SubprocessError):
            continue
        return True
    return False


def copy_to_file(text: str) -> Path | None:
    """Write the text to `$XDG_STATE_HOME/hptui/clipboard`, readable by its owner only; None on failure."""
    path = state_path() / "clipboard"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
    except OSError:
        return None
    return path
