"""How much of a processor may be spent on reading what a script prints: a flood must not cost the training."""

from __future__ import annotations

import time

SHARE = 0.1
LIMIT = 0.3
WINDOW = 1.0


class Budget:
    """Time that was spent in this second. `tight`: read only what matters; `spent`: read nothing more."""

    def __init__(self) -> None:
        self._began = self._used = 0.0
        self.skipped = 0

    def tight(self) -> bool:
        """Whether the usual share is used up."""
        if time.monotonic() - self._began > WINDOW:
            self._began, self._used = time.monotonic(), 0.0
        return self._used > SHARE * WINDOW

    def spent(self) -> bool:
        """Whether even what matters costs too much."""
        return self._used > LIMIT * WINDOW

    def count(self, seconds: float) -> None:
        """Add what a line has cost."""
        self._used += seconds
