"""ASHA and Hyperband: at each rung of progress only the best of the trials that reached it continue.

Asynchronous: a trial is judged by all that have passed the rung, running ones included, and again as others pass it.
W&B's hyperband follows W&B's rules instead: its bands are counts of reports, not progress.
Source: arXiv:1810.05934 (ASHA), arXiv:1603.06560 (Hyperband)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import ceil
from zlib import crc32

from hptui.core.dataclass import dataclass
from hptui.core.rungs import rung_progress
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

PROGRESS_TOLERANCE = 1e-9
"""Tolerance of comparisons of progress, which is a quotient: a rung at 0.6 counts as passed despite rounding."""


def value_at_rung(objective: Objective, curve: ProgressCurve, rung: float, progress: float) -> float | None:
    """Return the best value that a trial had shown by `here`; None unless it passed the rung.

    A trial that was pruned before `here` counts with its last state.
    """
    if not curve.progress or curve.progress[-1] < rung - PROGRESS_TOLERANCE:
        return None
    return best_at(objective, curve, min(progress, curve.progress[-1]))


@dataclass(frozen=True, slots=True)
class AshaPruner:
    """Asynchronous successive halving: of the trials at a rung, one in `eta` continues.

    The first rung is at progress `warmup`. No trial is judged before `startup` others have passed it; the leading trial
    is never pruned.
    """

    objective: Objective
    warmup: float = 0.2
    startup: int = 5
    eta: int = 3

    def verdict(self, trial: int, curves: Mapping[int, ProgressCurve], finished: Collection[int]) -> Verdict:
        """See `Pruner`.

        A trial whose first value comes after the rung is compared at that value's progress.
        """
        curve = finite_points(curves.get(trial))
        passed_rungs = [
            rung for rung in self.rungs(trial) if curve.progress and rung <= curve.progress[-1] + PROGRESS_TOLERANCE
        ]
        if not passed_rungs:
            return KEEP
        progress = min(max(passed_rungs[-1], curve.progress[0]), curve.progress[-1])
        own_value = best_at(self.objective, curve, progress)
        shown_values = [
            value_at_rung(self.objective, finite_points(curves[number]), passed_rungs[-1], progress)
            for number in sorted(curves.keys() - {trial})
            if self.competes(trial, number)
        ]
        others = [value for value in shown_values if value is not None]
        if own_value is None or len(others) < max(self.startup, self.eta - 1):
            return KEEP
        better = [value for value in others if self.objective.better(value, own_value)]
        promoted = max(1, (len(others) + 1) // self.eta)
        if len(better) < promoted or beats_all(self.objective, trial, curves, finished):
            return KEEP
        return Verdict(prune=True, why=self._why(trial, progress, own_value, better, len(others) + 1, promoted))

    def rungs(self, trial: int) -> tuple[float, ...]:
        """Return the rungs at which this trial is judged."""
        return rung_progress(self.warmup, self.eta)

    def competes(self, trial: int, other: int) -> bool:
        """Return whether two trials are judged together."""
        return True

    def group_text(self, trial: int) -> str:
        """Return the name of the group that the trial competes with; '' if that is all trials."""
        return ""

    def _why(self, trial: int, progress: float, own_value: float, better: list[float], n: int, promoted: int) -> str:
        cut = sorted(better, reverse=self.objective.goal == "maximize")[promoted - 1]
        mine_text, cut_text = distinct_texts(own_value, cut)
        outcome = f"the best {promoted} go on" if promoted > 1 else "the best one goes on"
        return (
            f"{self.objective.metric} {mine_text} at {percent_text(progress)} of training is place {len(better) + 1} "
            f"of {n} trials{self.group_text(trial)}; {outcome}, which takes {cut_text}"
        )


@dataclass(frozen=True, slots=True)
class HyperbandPruner(AshaPruner):
    """Several brackets of ASHA: each has its first rung one later, for trials that show their quality late.

    A trial's bracket is a function of its number alone; the earlier a bracket halves, the more trials it gets.
    """

    def rungs(self, trial: int) -> tuple[float, ...]:
        """See `AshaPruner`."""
        return rung_progress(self.warmup, self.eta)[self.bracket(trial) :]

    def competes(self, trial: int, other: int) -> bool:
        """See `AshaPruner`."""
        return self.bracket(trial) == self.bracket(other)

    def group_text(self, trial: int) -> str:
        """See `AshaPruner`."""
        return f" in bracket {self.bracket(trial) + 1} of {len(self.shares())}"

    def shares(self) -> list[int]:
        """Return each bracket's relative number of trials, as in the paper: brackets cost about the same."""
        count = len(rung_progress(self.warmup, self.eta))
        return [ceil(count * self.eta**later / (later + 1)) for later in reversed(range(count))]

    def bracket(self, trial: int) -> int:
        """Return the bracket of a trial.

        Numbers are hashed, because a grid steps through its parameters in step with the numbers.
        """
        shares = self.shares()
        hashed = crc32(str(trial).encode()) % sum(shares)
        return next(index for index in range(len(shares)) if hashed < sum(shares[: index + 1]))


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


def asha_pruner(objective: Objective, settings: PrunerSettings) -> Pruner:
    """Return the pruner of `kind = "asha"`."""
    return AshaPruner(objective, settings.warmup, settings.startup, int(settings.values["eta"]))


def hyperband_pruner(objective: Objective, settings: PrunerSettings) -> Pruner:
    """Return the pruner of `kind = "hyperband"`."""
    return HyperbandPruner(objective, settings.warmup, settings.startup, int(settings.values["eta"]))


def bands_pruner(objective: Objective, settings: PrunerSettings) -> Pruner:
    """Return the pruner of `kind = "bands"`."""
    values = settings.values
    return WandbHyperbandPruner(objective, tuple(values["bands"]), values["eta"], values["strict"])


ASHA = PrunerKind("asha", "Not among the best of those at a rung.", asha_pruner, keys=("eta", "promote"), halving=True)
HYPERBAND = PrunerKind(
    "hyperband",
    "As asha, in several brackets, for trials that begin slowly.",
    hyperband_pruner,
    keys=("eta", "promote"),
    halving=True,
)
BANDS = PrunerKind(
    "bands",
    "The hyperband of W&B: behind the others after so many reports.",
    bands_pruner,
    keys=("bands", "eta", "strict"),
    compares=False,
    counts_reports=True,
)
