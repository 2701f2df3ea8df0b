"""Threshold pruner: a value that no sensible trial has, or that is no number, ends the trial."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hptui.model.study import Objective
from hptui.search.pruners.curves import KEEP, ProgressCurve, Verdict, distinct_texts, percent_text


@dataclass(frozen=True, slots=True)
class ThresholdPruner:
    """Prunes a trial that reports a value below `low`, above `high`, or one that is no number.

    Reports before progress `warmup` do not count. The bounds are absolute, so they apply to the leading trial as well:
    a loss that is too good to be true leads.
    """

    objective: Objective
    warmup: float = 0.2
    low: float | None = None
    high: float | None = None

    def verdict(self, trial: int, curves: Mapping[int, ProgressCurve], finished: Collection[int]) -> Verdict:
        """See `Pruner`. The curve must still contain the points that are not finite."""
        curve = curves.get(trial)
        if curve is None:
            return KEEP
        for progress, value in sorted(zip(curve.progress, curve.values, strict=True), key=lambda pair: pair[0]):
            if progress >= self.warmup and (violation := self._violation(value)):
                return Verdict(prune=True, why=f"{self.objective.metric} {violation.format(percent_text(progress))}")
        return KEEP

    def _violation(self, value: float) -> str:
        """Return the message for a value that breaks a threshold, with `{}` for the progress; else ''."""
        if math.isnan(value):
            return "is not a number at {} of training"
        if self.low is not None and value < self.low:
            value_text, bound = distinct_texts(value, self.low)
            return f"{value_text} at {{}} of training is below the threshold {bound}"
        if self.high is not None and value > self.high:
            value_text, bound = distinct_texts(value, self.high)
            return f"{value_text} at {{}} of training is above the threshold {bound}"
        return f"is {value:g} at {{}} of training" if math.isinf(value) else ""
