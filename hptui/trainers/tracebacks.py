"""The traceback of a trainer's error as its author should see it: their own lines, not those that called them."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from hptui.trainers.outcome import Diverged, one_line

ROOM = Path(__file__).resolve().parent
PLUMBING = {str(ROOM / name) for name in ("worker.py", "context.py", "registry.py", "userfunc.py", "settings.py")}
"""What stands between hptui and a trainer."""


def tell(error: BaseException) -> None:
    """Print it where the trial's log is."""
    if isinstance(error, Diverged):
        print(f"diverged: {one_line(error)}", file=sys.stderr, flush=True)
        return
    found = traceback.TracebackException.from_exception(error)
    _strip(found, set())
    print("".join(found.format()), end="", file=sys.stderr, flush=True)


def _strip(found: traceback.TracebackException | None, seen: set[int]) -> None:
    """Leave our own frames out, of the error and of those that it was raised from; all of ours stay if nothing else."""
    if found is None or id(found) in seen:
        return
    seen.add(id(found))
    theirs = [frame for frame in found.stack if frame.filename not in PLUMBING]
    if theirs:
        found.stack[:] = theirs
    for link in (found.__cause__, found.__context__, *(getattr(found, "exceptions", None) or ())):
        _strip(link, seen)
