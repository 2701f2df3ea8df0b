"""Copying, also over SSH and inside tmux: each way that may work is taken, and a file keeps the text in any case.

tmux drops the terminal's own sequence (OSC 52) from programs unless it is told otherwise, but has a command for it.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

from hptui.tui.config import state_path

SECONDS = 2.0
LIMIT = 74_000
"""Bytes of text that terminals take in one sequence."""


def sequence(text: str) -> str:
    """OSC 52: asks the terminal, wherever it is, to set its clipboard. '' for more than terminals take."""
    data = text.encode()
    if len(data) > LIMIT:
        return ""
    return f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"


def to_tmux(text: str) -> bool:
    """Hand the text to tmux, which sets the terminal's clipboard and keeps it for `prefix ]`. May take a moment."""
    if not os.environ.get("TMUX") or shutil.which("tmux") is None:
        return False
    for command in (["tmux", "load-buffer", "-w", "-"], ["tmux", "load-buffer", "-"]):  # -w: tmux 3.2 and newer
        try:
            subprocess.run(command, input=text.encode(), timeout=SECONDS, check=True, capture_output=True)
        except (OSError, subprocess.SubprocessError):
            continue
        return True
    return False


def to_file(text: str) -> Path | None:
    """Keep the text in `$XDG_STATE_HOME/hptui/clipboard`."""
    path = state_path() / "clipboard"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
    except OSError:
        return None
    return path
