"""Thresholds: a value that no sensible trial has, or no value at all, ends it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hptui.model.study import Objective
from hptui.search.pruners.curves import KEEP, Curve, Verdict, apart, percent


@dataclass(frozen=True, slots=True)
class ThresholdPruner:
    """Prunes a trial that, from `warmup` on, reports a value below `low`, above `high`, or one that is no number.

    The bounds are absolute, so they hold for the leader as well: a loss that is too good to be true leads.
    """

    objective: Objective
    warmup: float = 0.2
    low: float | None = None
    high: float | None = None

    def verdict(self, trial: int, curves: Mapping[int, Curve], finished: Collection[int]) -> Verdict:
        """See `Pruner`. The curve must still hold the points that are not finite."""
        own = curves.get(trial)
        if own is None:
            return KEEP
        for progress, value in sorted(zip(own.progress, own.values, strict=True), key=lambda pair: pair[0]):
            if progress >= self.warmup and (how := self._broken(value)):
                return Verdict(prune=True, why=f"{self.objective.metric} {how.format(percent(progress))}")
        return KEEP

    def _broken(self, value: float) -> str:
        if math.isnan(value):
            return "is not a number at {} of training"
        if self.low is not None and value < self.low:
            one, bound = apart(value, self.low)
            return f"{one} at {{}} of training is below the threshold {bound}"
        if self.high is not None and value > self.high:
            one, bound = apart(value, self.high)
            return f"{one} at {{}} of training is above the threshold {bound}"
        return f"is {value:g} at {{}} of training" if math.isinf(value) else ""
