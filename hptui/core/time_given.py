"""How long a process has had for its work, on a machine that may be too busy to let it run."""

from __future__ import annotations

import time
from pathlib import Path

MAX_STRETCH = 12
"""Factor by which waiting for a processor may stretch a time limit."""


def waited_s(pid: int) -> float:
    """Return the seconds that a process has waited for a processor; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


class TimeGiven:
    """The time since now that a process has had: without that in which it was ready to run and others ran.

    One that hangs waits for no processor, so that it is found after its limit.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._began, self._waited = pid, time.monotonic(), waited_s(pid)

    def exceeds(self, limit_s: float) -> bool:
        """Return whether the process has had longer than a limit."""
        elapsed = time.monotonic() - self._began
        if elapsed <= limit_s:
            return False
        return elapsed > MAX_STRETCH * limit_s or elapsed - (waited_s(self._pid) - self._waited) > limit_s
