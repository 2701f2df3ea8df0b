"""Fresh runs of a trial against the runs of the baseline, by the noise between runs and by their counts.

A few runs may agree by chance. Of rates the counts say how far they may be off in any case: the wider interval holds.

Source: A. Agresti and B. Caffo, The American Statistician 54 (2000), for the difference of two rates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from hptui.core.dataclass import dataclass
from hptui.core.trial import Trial
from hptui.results.analysis import blas
from hptui.results.analysis.cohort import objective_value
from hptui.results.analysis.fresh import EQUAL, Fresh, runs_of_settings
from hptui.results.analysis.seeding import seeding_of
from hptui.results.analysis.significance import CONFIDENCE_LEVEL, pooled_counts
from hptui.results.view import View

MIN_PAIRED = 3
"""Seeds that two configurations share from which on their runs are compared pair by pair: two pairs tell nothing."""


@dataclass(frozen=True, slots=True)
class FreshDifference:
    """Fresh runs of a trial against runs of the baseline: trial minus baseline, with a 95 % interval."""

    mean: float
    low: float
    high: float
    df: float
    paired: bool
    trials: tuple[Trial, ...]
    by_counts: bool = False
    """Whether an end of the interval is that of the counts."""

    def answer(self, view: View) -> Literal["yes", "no", "worse"]:
        """Return whether the trial is better than the baseline; no if its interval holds 0."""
        sign = 1.0 if view.study.objective.goal == "minimize" else -1.0
        low, high = sorted((sign * self.low, sign * self.high))
        return "yes" if high < 0 else "worse" if low > 0 else "no"


def fresh_difference(
    view: View, fresh: Fresh, baseline: Trial, dead: frozenset[int] = frozenset()
) -> FreshDifference | None:
    """Return the difference of fresh runs to the baseline; None if the noise between runs is unknown.

    Paired by seed where both were repeated with the same seeds (`MIN_PAIRED` at least) and were given them; else with
    the noise pooled over all repeated configurations. Of counted rates it is no narrower than that of the counts.
    """
    blas.load()
    from scipy import stats  # scipy: not at start

    own = {run.seed: objective_value(view, run) for run in fresh.runs}
    base_runs = runs_of_settings(view, baseline, dead)
    others = {run.seed: objective_value(view, run) for run in base_runs}
    shared = sorted(own.keys() & others.keys()) if seeding_of(view.study).is_given else []
    df: float
    if len(shared) >= MIN_PAIRED and len(shared) == len(own):
        values = [own[seed] - others[seed] for seed in shared]
        mean = math.fsum(values) / len(values)
        error, df, paired = float(stats.sem(values)), len(values) - 1, True
        base_runs = [run for run in base_runs if run.seed in own]
    else:
        if fresh.noise is None:
            return None
        mean = fresh.mean - math.fsum(objective_value(view, run) for run in base_runs) / len(base_runs)
        deviation, df = fresh.noise
        error, paired = deviation * math.sqrt(1 / len(fresh.runs) + 1 / len(base_runs)), False
    if error <= EQUAL * abs(fresh.mean):
        return None
    half = float(stats.t.ppf((1 + CONFIDENCE_LEVEL) / 2, df)) * error
    low, high = mean - half, mean + half
    if fresh.ceiling is not None:  # rates differ by one at most
        low, high = max(low, -1.0), min(high, 1.0)
    difference = FreshDifference(mean, low, high, df, paired, (*fresh.runs, *base_runs))
    counted = _by_counts(view, fresh, base_runs)
    if counted is None:
        return difference
    by_counts = counted.low < low or counted.high > high
    return replace(difference, low=min(low, counted.low), high=max(high, counted.high), by_counts=by_counts)


def counted_difference(
    view: View, fresh: Fresh, baseline: Trial, dead: frozenset[int] = frozenset()
) -> FreshDifference | None:
    """Return the difference by counts alone, with no noise between runs; None without counts."""
    return _by_counts(view, fresh, runs_of_settings(view, baseline, dead))


def _by_counts(view: View, fresh: Fresh, base_runs: Sequence[Trial]) -> FreshDifference | None:
    others = pooled_counts(view, base_runs, view.study.objective.metric)
    if fresh.counts is None or others is None:
        return None
    blas.load()
    from scipy import stats  # scipy: not at start

    counts = (fresh.counts, others)
    shares = [(k + 1) / (n + 2) for k, n in counts]
    error = math.sqrt(sum(share * (1 - share) / (n + 2) for share, (_, n) in zip(shares, counts, strict=True)))
    half = float(stats.norm.ppf((1 + CONFIDENCE_LEVEL) / 2)) * error
    middle, mean = shares[0] - shares[1], fresh.counts[0] / fresh.counts[1] - others[0] / others[1]
    low, high = max(middle - half, -1.0), min(middle + half, 1.0)
    return FreshDifference(mean, low, high, math.inf, False, (*fresh.runs, *base_runs), by_counts=True)
