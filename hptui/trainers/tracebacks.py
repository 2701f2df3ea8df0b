"""Tracebacks of a trainer's errors as its author should see them: without hptui's own frames."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from hptui.trainers.outcome import Diverged, one_line

TRAINERS_FOLDER = Path(__file__).resolve().parent
"""The folder of this package's trainers."""
INTERNAL_FILES = {
    str(TRAINERS_FOLDER / name) for name in ("worker.py", "context.py", "registry.py", "userfunc.py", "settings.py")
}
"""Source files of hptui that call a trainer; their frames are left out of tracebacks."""


def user_traceback(error: BaseException) -> None:
    """Print the traceback of a trainer's error to standard error, which is the trial's log."""
    if isinstance(error, Diverged):
        print(f"diverged: {one_line(error)}", file=sys.stderr, flush=True)
        return
    formatted = traceback.TracebackException.from_exception(error)
    _strip(formatted, set())
    print("".join(formatted.format()), end="", file=sys.stderr, flush=True)


def _strip(formatted: traceback.TracebackException | None, seen: set[int]) -> None:
    """Remove hptui's frames from an error and from the errors that it was raised from.

    An error that consists of hptui's frames alone keeps them.
    """
    if formatted is None or id(formatted) in seen:
        return
    seen.add(id(formatted))
    theirs = [frame for frame in formatted.stack if frame.filename not in INTERNAL_FILES]
    if theirs:
        formatted.stack[:] = theirs
    for link in (formatted.__cause__, formatted.__context__, *(getattr(formatted, "exceptions", None) or ())):
        _strip(link, seen)
