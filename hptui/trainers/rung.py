"""Whether a trial has come to the rung at which it is to pause: by its own reports, so that it trains no step more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hptui.core.dataclass import dataclass

TOLERANCE = 1e-9
"""Tolerance of comparisons of progress, which is a quotient."""


@dataclass
class RungWatch:
    """Watches one attempt. `progress` is the rung, `metric` the objective that must have been reported there.

    `recorded` is the last step at which earlier attempts have reported it.
    """

    progress: float
    metric: str
    recorded: int | None = None
    reached: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any] | None, recorded: Mapping[str, Mapping[str, Any]]) -> RungWatch | None:
        """Return the watch that `config.json` asks for; None for a trial that trains to its end."""
        if not config:
            return None
        metric = str(config["metric"])
        step = recorded.get(metric, {}).get("step")
        return cls(float(config["progress"]), metric, step if isinstance(step, int) else None)

    def reported(self, step: int, values: Mapping[str, float], progress: float | None, total: int | None) -> None:
        """Take in a report. At the end of the training there is nothing left to pause."""
        share = progress if progress is not None else step / total if total else None
        if share is None:
            return
        if share >= 1 - TOLERANCE:
            self.reached = False
        elif self.metric in values and math.isfinite(values[self.metric]):
            self.reached = share >= self.progress - TOLERANCE

    def resumed(self, step: int, total: int) -> None:
        """Take in where the attempt goes on: an earlier one may have been lost after it had come to the rung."""
        if self.recorded is not None and min(step, self.recorded) >= (self.progress - TOLERANCE) * total:
            self.reached = step < total
