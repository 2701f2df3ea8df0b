"""Places where a process can be made to die, so that tests can prove what a crash leaves behind.

`HPTUI_CRASH="name:hit[,name:hit…]"` ends the process, as `kill -9` would, at that hit (from 1) of that place.
Without it a crash point costs one look at an empty dictionary.
"""

from __future__ import annotations

import os

EXIT_CODE = 137


def _wanted() -> dict[str, int]:
    pairs = (part.rpartition(":") for part in os.environ.get("HPTUI_CRASH", "").split(",") if part)
    return {name: int(hit) for name, _, hit in pairs}


_remaining = _wanted()


def crash_point(name: str) -> None:
    """Die here if the environment asks for it."""
    if name in _remaining:
        _remaining[name] -= 1
        if _remaining[name] == 0:
            os._exit(EXIT_CODE)
