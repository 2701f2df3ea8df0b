"""Median and percentile pruners: a trial continues while its best is among a share of the others' at its progress."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import floor

from hptui.model.study import Objective
from hptui.search.pruners.curves import (
    KEEP,
    ProgressCurve,
    Verdict,
    beats_all,
    best_at,
    distinct_texts,
    finite_points,
    percent_text,
)


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
