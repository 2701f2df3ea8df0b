"""Stop rules for `run_optimization`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hptui.model.errors import UserError
from hptui.model.naming import identifier
from hptui.model.values import value_text


@dataclass(frozen=True, slots=True)
class EarlyStoppingCallback:
    """Stops a trial whose metric is worse than `threshold` after the proportion `check_at` of its training.

    The metric is checked at that point and at every later report. `check_at` is 0 to 1 (exclusive); `metric` defaults
    to the first objective. The baseline is never stopped. The training must report its progress (`trial.total_steps`,
    or `progress=` in a report).
    """

    threshold: float
    check_at: float = 0.0
    metric: str = ""

    def rule(self, objective: str, goal: str) -> dict[str, Any]:
        """Return an entry of `[search] stop`.

        `objective` is the metric of the first objective, `goal` that of the rule's metric.
        """
        if not 0 <= self.check_at < 1:
            hint = "0.1 is after a tenth of a trial's training"
            raise UserError(f"check_at = {self.check_at!r} is no share of a training", hint=hint)
        worse = ">" if goal == "minimize" else "<"
        when = f"{identifier(self.metric or objective)} {worse} {value_text(self.threshold)}"
        return {"when": when, "after": self.check_at}
