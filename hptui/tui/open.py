"""Opening the screens from a terminal, and leaving it as it was."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hptui.model.errors import Unsupported
from hptui.storage.paths import StudyDir
from hptui.tui.config import Config, settled

INSTEAD = "as text the same say: hptui status, hptui trials STUDY, hptui show STUDY TRIAL, hptui log STUDY TRIAL -f"


def why_not() -> str:
    """Why this terminal cannot show screens, or ''."""
    if os.environ.get("TEXTUAL_DRIVER"):  # a browser is behind it
        return ""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "the screens need a terminal"
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        return f"the screens need a terminal that can move its cursor, and TERM is {os.environ.get('TERM', '')!r}"
    return ""


def open_screens(home: Path, config: Config, study: StudyDir | None = None) -> int:
    """Show the screens until the user leaves; the exit code."""
    if problem := why_not():
        raise Unsupported(problem, hint=INSTEAD)
    config = settled(config)
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if config.slow:
        os.environ.setdefault("TEXTUAL_FPS", "10")
        os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    # Textual reads these when it is imported, so it is imported after them.
    from hptui.tui.app import HptuiApp

    app = HptuiApp(home, config, study=study)
    said = app.run(mouse=config.mouse)
    if said:
        sys.stderr.write(f"{said}\n")
    return app.return_code or 0
