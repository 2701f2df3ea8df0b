"""Limits the processor time that is spent on reading what a script prints: output must not slow the training."""

from __future__ import annotations

import time

FULL_READING_SHARE = 0.1
"""Share of one processor, 0 to 1, for reading every line."""
MAX_READING_SHARE = 0.3
"""Share of one processor, 0 to 1, for reading at all."""
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

    def is_spent(self) -> bool:
        """Return whether the limit is used up: no line is to be read."""
        return self._used > MAX_READING_SHARE * WINDOW_S

    def add(self, seconds: float) -> None:
        """Add the processor time, in seconds, that a line has cost."""
        self._used += seconds
