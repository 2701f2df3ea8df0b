"""Stop rules as Python says them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hptui.model.errors import UserError
from hptui.model.naming import identifier
from hptui.model.values import value_text


@dataclass(frozen=True, slots=True)
class EarlyStoppingCallback:
    """Stop a trial whose metric is worse than `threshold` once the share `check_at` of its training is done.

    It is tried then and at every later report. `metric` is the first objective if it is not given. The baseline is
    spared. A trainer must say how far it is (`trial.total_steps`, or `progress=` in a report).
    """

    threshold: float
    check_at: float = 0.0
    metric: str = ""

    def rule(self, objective: str, goal: str) -> dict[str, Any]:
        """One entry of `[search] stop`; `objective` is the first, `goal` that of the metric."""
        if not 0 <= self.check_at < 1:
            hint = "0.1 is after a tenth of a trial's training"
            raise UserError(f"check_at = {self.check_at!r} is no share of a training", hint=hint)
        worse = ">" if goal == "minimize" else "<"
        when = f"{identifier(self.metric or objective)} {worse} {value_text(self.threshold)}"
        return {"when": when, "after": self.check_at}
