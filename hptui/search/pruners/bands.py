"""The `early_terminate: hyperband` of W&B sweep files, by its own rules: bands are counts of reports, not progress.

At the latest band that a trial has passed, all trials that came so far are ranked; whoever is not in the best
`1 / eta` of them is stopped. There is no least number of trials. Our own two mercies hold here as well: the leader goes
on, and so does the trial that nobody can be compared with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hptui.model.study import Objective
from hptui.search.pruners.curves import KEEP, Curve, Verdict, apart, leads


@dataclass(frozen=True, slots=True)
class BandsPruner:
    """Stops what is worse than the threshold at a band. `strict`: by the value there; else by the best until there.

    The `progress` of its curves is the number of the report, from 1.
    """

    objective: Objective
    bands: tuple[int, ...]
    eta: float = 3.0
    strict: bool = True

    def verdict(self, trial: int, curves: Mapping[int, Curve], finished: Collection[int]) -> Verdict:
        """See `Pruner`."""
        own = curves.get(trial)
        passed = [band for band in self.bands if own is not None and own.progress and band <= own.progress[-1]]
        if own is None or not passed:
            return KEEP
        band = passed[-1]
        reached = {number: value for number in curves if (value := _at(curves[number], band)) is not None}
        if trial not in reached or len(reached) < 2:
            return KEEP
        ranked = sorted(reached.values(), reverse=self.objective.goal == "maximize")
        threshold = ranked[min(int(len(ranked) / self.eta), len(ranked) - 1)]
        mine = reached[trial] if self.strict else self._best(own, band)
        if not self.objective.better(threshold, mine) or leads(self.objective, trial, curves, finished):
            return KEEP
        shown, limit = apart(mine, threshold)
        among = f"{len(reached)} trials that came to report {band}"
        return Verdict(
            prune=True, why=f"{self.objective.metric} {shown} is behind {limit}, where the best of {among} end"
        )

    def _best(self, curve: Curve, band: int) -> float:
        return self.objective.best(
            [v for n, v in zip(curve.progress, curve.values, strict=True) if n <= band and v == v]
        )


def _at(curve: Curve, band: int) -> float | None:
    """The value of the report at a band; None where the trial has not come so far or showed no number there."""
    before = [v for n, v in zip(curve.progress, curve.values, strict=True) if n <= band]
    if not curve.progress or curve.progress[-1] < band or not before or before[-1] != before[-1]:
        return None
    return before[-1]


def bands(min_iter: int | None, max_iter: int | None, s: int, eta: float) -> tuple[int, ...]:
    """The bands of a sweep file: upwards from `min_iter`, or `s` of them downwards from `max_iter`."""
    if min_iter is not None:
        found = [int(min_iter * eta**power) for power in range(40)]
        return tuple(sorted({band for band in found if 0 < band < LAST}))
    return tuple(sorted({band for power in range(1, s + 1) if (band := int((max_iter or 0) / eta**power)) > 0}))


LAST = 10**7
"""No trial reports more often."""
