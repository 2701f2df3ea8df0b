"""Pruners that compare a trial with a percentile of the others, its own past (patience), or fixed thresholds."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from math import floor

from hptui.core.dataclass import dataclass
from hptui.core.study import Objective, PrunerSettings
from hptui.plugins import PrunerKind
from hptui.search.pruners.base import (
    KEEP,
    ProgressCurve,
    Pruner,
    Verdict,
    beats_all,
    best_at,
    distinct_texts,
    finite_points,
    percent_text,
)
from hptui.search.pruners.factory import wrapped_pruner


@dataclass(frozen=True, slots=True)
class PercentilePruner:
    """Prunes a trial whose best value so far is worse than what the best `percentile` percent of the others had.

    25 keeps the best quarter, 50 is the median; between two of the others' values the bound is interpolated. It prunes
    neither before progress `warmup`, nor before `startup` finished trials can be compared, and never the leading trial.
    """

    objective: Objective
    warmup: float = 0.2
    startup: int = 5
    percentile: float = 25.0

    def verdict(self, trial: int, curves: Mapping[int, ProgressCurve], finished: Collection[int]) -> Verdict:
        """See `Pruner`."""
        curve = finite_points(curves.get(trial))
        if not curve.progress or curve.progress[-1] < self.warmup:
            return KEEP
        progress = curve.progress[-1]
        values = [
            best_at(self.objective, finite_points(curves.get(n)), progress) for n in sorted(set(finished) - {trial})
        ]
        others = [value for value in values if value is not None]
        if len(others) < max(1, self.startup) or beats_all(self.objective, trial, curves, finished):
            return KEEP
        own_best, bound = self.objective.best(curve.values), self.bound(others)
        if not self.objective.better(bound, own_best):
            return KEEP
        return Verdict(prune=True, why=self._why(own_best, progress, bound, len(others)))

    def bound(self, values: Sequence[float]) -> float:
        """Return the value that the best `percentile` percent of the values reach."""
        ordered = sorted(values, reverse=self.objective.goal == "maximize")
        position = self.percentile / 100 * (len(ordered) - 1)
        below = floor(position)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (position - below) * (ordered[above] - ordered[below])

    def _why(self, own_best: float, progress: float, bound: float, count: int) -> str:
        mine_text, bound_text = distinct_texts(own_best, bound)
        trials = f"{count} trial{'s' if count > 1 else ''}"
        comparison = f"{self.objective.metric} {mine_text} at {percent_text(progress)} of training is worse than "
        if self.percentile == 50:
            return f"{comparison}the median {bound_text} of {trials}"
        return f"{comparison}{bound_text}, which the best {self.percentile:g} % of {trials} reached"


@dataclass(frozen=True, slots=True)
class MedianPruner(PercentilePruner):
    """Prunes a trial whose best value so far is worse than the median of the others' at the same progress."""

    percentile: float = 50.0


@dataclass(frozen=True, slots=True)
class PatientPruner:
    """Prunes a trial whose own best has not improved by more than `min_delta` for long, if `wrapped` agrees.

    `patience` below 1 is a share of its training, from 1 on a number of reports. It never prunes before progress
    `warmup`, and never the leading trial.
    """

    objective: Objective
    warmup: float = 0.2
    patience: float = 0.2
    min_delta: float = 0.0
    wrapped: Pruner | None = None

    def verdict(self, trial: int, curves: Mapping[int, ProgressCurve], finished: Collection[int]) -> Verdict:
        """See `Pruner`."""
        curve = finite_points(curves.get(trial))
        if not curve.progress or curve.progress[-1] < self.warmup:
            return KEEP
        last_improved = self.last_improvement(curve)
        if not self._patience_exceeded(curve, last_improved) or beats_all(self.objective, trial, curves, finished):
            return KEEP
        if self.wrapped is None:
            return Verdict(prune=True, why=self._why(curve, last_improved))
        inner = self.wrapped.verdict(trial, curves, finished)
        return Verdict(prune=True, why=f"{self._why(curve, last_improved)}; {inner.why}") if inner.prune else KEEP

    def last_improvement(self, curve: ProgressCurve) -> int:
        """Return the index of the last point that improved on all before it."""
        last_improved, best = 0, curve.values[0]
        for index, value in enumerate(curve.values):
            if self.objective.better(value, best) and abs(value - best) > self.min_delta:
                last_improved, best = index, value
        return last_improved

    def _patience_exceeded(self, curve: ProgressCurve, last_improved: int) -> bool:
        if self.patience >= 1:
            return len(curve.values) - 1 - last_improved >= self.patience
        return curve.progress[-1] - curve.progress[last_improved] >= self.patience - 1e-9

    def _why(self, own: ProgressCurve, index: int) -> str:
        text = f"{self.objective.metric} has not improved on {own.values[index]:.4g}"
        done = percent_text(own.progress[-1])
        if self.patience >= 1:
            return f"{text} in the last {len(own.values) - 1 - index} reports, at {done} of training"
        return f"{text} since {percent_text(own.progress[index])} of training, and {done} are done"


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


def percentile_pruner(objective: Objective, settings: PrunerSettings) -> Pruner:
    """Return the pruner of `kind = "percentile"`."""
    return PercentilePruner(objective, settings.warmup, settings.startup, settings.values["percentile"])


def median_pruner(objective: Objective, settings: PrunerSettings) -> Pruner:
    """Return the pruner of `kind = "median"`."""
    return MedianPruner(objective, settings.warmup, settings.startup)


def patient_pruner(objective: Objective, settings: PrunerSettings) -> Pruner:
    """Return the pruner of `kind = "patient"`."""
    patience, min_delta = settings.values["patience"], settings.values["min_delta"]
    return PatientPruner(objective, settings.warmup, patience, min_delta, wrapped_pruner(settings, objective))


def threshold_pruner(objective: Objective, settings: PrunerSettings) -> Pruner:
    """Return the pruner of `kind = "threshold"`."""
    return ThresholdPruner(objective, settings.warmup, settings.values["low"], settings.values["high"])


MEDIAN = PrunerKind("median", "Worse than the median of the others at the same progress.", median_pruner)
PERCENTILE = PrunerKind(
    "percentile", "Worse than what the best few per cent of the others had.", percentile_pruner, keys=("percentile",)
)
PATIENT = PrunerKind(
    "patient",
    "No improvement on its own best for long, if another pruner agrees.",
    patient_pruner,
    keys=("patience", "min_delta", "wraps"),
    wraps=True,
    compares=False,
)
THRESHOLD = PrunerKind(
    "threshold", "A value outside of fixed bounds, or none.", threshold_pruner, keys=("low", "high"), compares=False
)
