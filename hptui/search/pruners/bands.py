"""The `early_terminate: hyperband` of W&B sweep files, by W&B's rules: bands are counts of reports, not progress.

At the latest band that a trial has passed, all trials that reached it are ranked; a trial that is not among the best
`1/eta` of them is stopped. There is no minimum number of trials. Two exceptions of our other pruners apply here as
well: the leading trial goes on, and so does one that cannot be compared with any other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hptui.model.study import Objective
from hptui.search.pruners.curves import KEEP, ProgressCurve, Verdict, beats_all, distinct_texts


@dataclass(frozen=True, slots=True)
class WandbHyperbandPruner:
    """Stops a trial that is worse than the threshold at a band.

    `strict`: judged by the value at the band; else by the best value up to there. The `progress` of its curves is the
    number of the report, from 1.
    """

    objective: Objective
    bands: tuple[int, ...]
    eta: float = 3.0
    strict: bool = True

    def verdict(self, trial: int, curves: Mapping[int, ProgressCurve], finished: Collection[int]) -> Verdict:
        """See `Pruner`."""
        curve = curves.get(trial)
        passed = [band for band in self.bands if curve is not None and curve.progress and band <= curve.progress[-1]]
        if curve is None or not passed:
            return KEEP
        band = passed[-1]
        values_at_band = {number: value for number in curves if (value := _at(curves[number], band)) is not None}
        if trial not in values_at_band or len(values_at_band) < 2:
            return KEEP
        ranked = sorted(values_at_band.values(), reverse=self.objective.goal == "maximize")
        threshold = ranked[min(int(len(ranked) / self.eta), len(ranked) - 1)]
        own_value = values_at_band[trial] if self.strict else self._best(curve, band)
        if not self.objective.better(threshold, own_value) or beats_all(self.objective, trial, curves, finished):
            return KEEP
        value_text, threshold_text = distinct_texts(own_value, threshold)
        population = f"{len(values_at_band)} trials that came to report {band}"
        return Verdict(
            prune=True,
            why=f"{self.objective.metric} {value_text} is behind {threshold_text}, where the best of {population} end",
        )

    def _best(self, curve: ProgressCurve, band: int) -> float:
        """Return the best value up to a band."""
        return self.objective.best(
            [v for n, v in zip(curve.progress, curve.values, strict=True) if n <= band and v == v]
        )


def _at(curve: ProgressCurve, band: int) -> float | None:
    """Return the value at a band; None where the trial has not reached it or reported no number there."""
    before = [v for n, v in zip(curve.progress, curve.values, strict=True) if n <= band]
    if not curve.progress or curve.progress[-1] < band or not before or before[-1] != before[-1]:
        return None
    return before[-1]


def sweep_bands(min_iter: int | None, max_iter: int | None, s: int, eta: float) -> tuple[int, ...]:
    """Return the bands of a sweep file: upwards from `min_iter`, or `s` of them downwards from `max_iter`."""
    if min_iter is not None:
        counts = [int(min_iter * eta**power) for power in range(40)]
        return tuple(sorted({band for band in counts if 0 < band < MAX_REPORTS}))
    return tuple(sorted({band for power in range(1, s + 1) if (band := int((max_iter or 0) / eta**power)) > 0}))


MAX_REPORTS = 10**7
"""Upper bound of bands: no trial reports more often."""
