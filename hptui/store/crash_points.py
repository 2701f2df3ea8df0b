"""Points at which a process can be made to die, so that tests can examine what a crash leaves behind.

`HPTUI_CRASH="name:hit[,name:hit…]"` ends the process, like `kill -9`, at the given pass (from 1) of the point with that
name. Without the variable a crash point costs one look-up in an empty dictionary."""

from __future__ import annotations

import os

EXIT_CODE = 137
"""Exit code of a process that died at a crash point; that of SIGKILL in a shell."""


def _parse_variable() -> dict[str, int]:
    pairs = (part.rpartition(":") for part in os.environ.get("HPTUI_CRASH", "").split(",") if part)
    return {name: int(hit) for name, _, hit in pairs}


_remaining = _parse_variable()


def crash_point(name: str) -> None:
    """Exit at once if the environment asks for it."""
    if name in _remaining:
        _remaining[name] -= 1
        if _remaining[name] == 0:
            os._exit(EXIT_CODE)  # no handlers, no flushing: like a kill
