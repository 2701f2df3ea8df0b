"""Opens the screens in a terminal, and leaves it as it was."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hptui.model.errors import Unsupported
from hptui.storage.paths import StudyDir
from hptui.tui.config import Config, resolved_config

TEXT_COMMANDS_HINT = (
    "as text the same say: hptui status, hptui trials STUDY, hptui show STUDY TRIAL, hptui log STUDY TRIAL -f"
)
"""Hint of the error for a terminal that cannot show the screens."""


def terminal_problem() -> str:
    """Return why this terminal cannot show the screens, or ''."""
    if os.environ.get("TEXTUAL_DRIVER"):  # textual-serve: a browser is the terminal
        return ""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "the screens need a terminal"
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        return f"the screens need a terminal that can move its cursor, and TERM is {os.environ.get('TERM', '')!r}"
    return ""


def open_screens(home: Path, config: Config, study: StudyDir | None = None) -> int:
    """Show the screens until the user leaves; return the exit code.

    Raises: Unsupported if this terminal cannot show them.
    """
    if problem := terminal_problem():
        raise Unsupported(problem, hint=TEXT_COMMANDS_HINT)
    config = resolved_config(config)
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if config.slow:
        os.environ.setdefault("TEXTUAL_FPS", "10")
        os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    # Textual reads these variables when it is imported, so it is imported after they are set.
    from hptui.tui.app import HptuiApp

    app = HptuiApp(home, config, study=study)
    message = app.run(mouse=config.mouse)
    if message:
        sys.stderr.write(f"{message}\n")
    return app.return_code or 0
