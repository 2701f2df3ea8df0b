"""Median and percentile: a trial goes on while its best so far is among a share of what the others had by then."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import floor

from hptui.model.study import Objective
from hptui.search.pruners.curves import KEEP, Curve, Verdict, apart, best_at, finite, leads, percent


@dataclass(frozen=True, slots=True)
class PercentilePruner:
    """Prunes a trial whose best value so far is worse than what the best `percentile` percent of the others had.

    25 keeps the best quarter, 50 is the median; between two of the others' values the bound is interpolated. Not before
    `warmup` of its own training, not before `startup` finished trials can be compared with it, and never the trial that
    leads the study as it stands.
    """

    objective: Objective
    warmup: float = 0.2
    startup: int = 5
    percentile: float = 25.0

    def verdict(self, trial: int, curves: Mapping[int, Curve], finished: Collection[int]) -> Verdict:
        """See `Pruner`."""
        own = finite(curves.get(trial))
        if not own.progress or own.progress[-1] < self.warmup:
            return KEEP
        here = own.progress[-1]
        known = [best_at(self.objective, finite(curves.get(n)), here) for n in sorted(set(finished) - {trial})]
        others = [value for value in known if value is not None]
        if len(others) < max(1, self.startup) or leads(self.objective, trial, curves, finished):
            return KEEP
        mine, bound = self.objective.best(own.values), self.bound(others)
        if not self.objective.better(bound, mine):
            return KEEP
        return Verdict(prune=True, why=self._why(mine, here, bound, len(others)))

    def bound(self, values: Sequence[float]) -> float:
        """The value that `percentile` percent of the values reach."""
        ordered = sorted(values, reverse=self.objective.goal == "maximize")
        place = self.percentile / 100 * (len(ordered) - 1)
        below = floor(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (place - below) * (ordered[above] - ordered[below])

    def _why(self, mine: float, here: float, bound: float, n: int) -> str:
        mine_text, bound_text = apart(mine, bound)
        trials = f"{n} trial{'s' if n > 1 else ''}"
        said = f"{self.objective.metric} {mine_text} at {percent(here)} of training is worse than "
        if self.percentile == 50:
            return f"{said}the median {bound_text} of {trials}"
        return f"{said}{bound_text}, which the best {self.percentile:g} % of {trials} reached"


@dataclass(frozen=True, slots=True)
class MedianPruner(PercentilePruner):
    """Prunes a trial whose best value so far is worse than the median of the others' at the same progress."""

    percentile: float = 50.0
