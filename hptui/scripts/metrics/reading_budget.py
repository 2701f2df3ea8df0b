"""The limit on processor time for reading output."""

from __future__ import annotations

import time

FULL_READING_SHARE = 0.1
"""Share of one processor, 0 to 1, for reading every line. Lines that may hold an objective are always read."""
WINDOW_S = 1.0
"""Seconds over which the shares are counted."""


class ReadingBudget:
    """Processor time spent on reading in the current second, and the number of lines skipped."""

    def __init__(self) -> None:
        self._began = self._used = 0.0
        self.skipped = 0

    def is_tight(self) -> bool:
        """Return whether the normal share is used up: only lines that matter are to be read."""
        if time.monotonic() - self._began > WINDOW_S:
            self._began, self._used = time.monotonic(), 0.0
        return self._used > FULL_READING_SHARE * WINDOW_S

    def add(self, seconds: float) -> None:
        """Add the processor time, in seconds, that a line has cost."""
        self._used += seconds
