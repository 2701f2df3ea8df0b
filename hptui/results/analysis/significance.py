"""Confidence intervals: Wilson's for k of n of one run, Student's for the mean of several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.format import TOTAL_SUFFIX, recorded_counts
from hptui.core.trial import Trial
from hptui.results.analysis import blas
from hptui.results.analysis.cohort import replicates
from hptui.results.analysis.evaluation import declared_samples
from hptui.results.roles import lower_bound
from hptui.results.view import View

CONFIDENCE_LEVEL = 0.95
"""Confidence level of every interval."""
EQUAL = 1e-9
"""A spread below this share of the value counts as none."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval by the method `how` from `n` values. `k` of `n`, if it is of a rate."""

    low: float
    high: float
    how: str
    n: int
    k: int | None = None


@lru_cache(maxsize=4096)
def wilson_interval(k: int, n: int) -> Interval:
    """Return Wilson's score interval for k of n."""
    blas.load()
    from scipy import stats

    bounds = stats.binomtest(k, n).proportion_ci(confidence_level=CONFIDENCE_LEVEL, method="wilson")
    return Interval(float(bounds.low), float(bounds.high), "Wilson", n, k)


def student_interval(
    values: Sequence[float],
    floor: float | None = None,
    ceiling: float | None = None,
    noise: tuple[float, int] | None = None,
) -> Interval | None:
    """Return Student's interval of a mean, cut at both bounds; None for one value, or equal ones.

    `noise` is a standard deviation with its degrees of freedom, in place of that of these values alone.
    """
    blas.load()
    from scipy import stats

    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    standard_error, df = float(stats.sem(values)), len(values) - 1
    if noise is not None:
        standard_error, df = noise[0] / math.sqrt(len(values)), noise[1]
    # Equal values say that the noise was not seen, not that there is none.
    if not standard_error > EQUAL * abs(mean) or not math.isfinite(standard_error):
        return None
    low, high = stats.t.interval(CONFIDENCE_LEVEL, df, loc=mean, scale=standard_error)
    low = low if floor is None or min(values) < floor else max(low, floor)
    high = high if ceiling is None or max(values) > ceiling else min(high, ceiling)
    return Interval(float(low), float(high), "Student", len(values))


def widened(interval: Interval | None, counts: tuple[int, int] | None) -> Interval | None:
    """Return an interval of a mean of rates, no narrower than that of all their counts together.

    A few runs may agree more than their questions allow: that is chance.
    """
    if interval is None or counts is None:
        return interval
    counted = wilson_interval(*counts)
    return replace(interval, low=min(interval.low, counted.low), high=max(interval.high, counted.high))


def upper_bound(view: View, trials: Sequence[Trial], metric: str) -> float | None:
    """Return the value that a metric cannot exceed: 1 of a rate of counted questions; None if unknown."""
    return 1.0 if all(rate_counts(view, trial, metric) is not None for trial in trials) else None


def rate_counts(view: View, trial: Trial, metric: str) -> tuple[int, int] | None:
    """Return (k, n) behind a trial's rate.

    They are as counted, or from `samples` of the objective if that holds for the trial and gives a whole k; None
    otherwise.
    """
    value = (trial.values or {}).get(metric, trial.metrics.get(metric))
    if value is None or not 0 <= value <= 1:
        return None
    # What the trainer returned may differ from the last point: then the counts of that point are not its own.
    returned = trial.final.get(metric, trial.metrics.get(metric)) != trial.metrics.get(metric)
    measured = trial.final if returned else trial.metrics
    total: Any = measured.get(metric + TOTAL_SUFFIX)
    if total is None:
        total = declared_samples(view, trial, metric)
    elif (own := recorded_counts(measured, metric)) and not _is_share_of(measured.get(metric, value), own):
        return None  # in per cent, or inconsistent
    if not total or not math.isfinite(total):
        return None
    n = int(total)
    k = round(value * n)
    return (k, n) if _is_share_of(value, (k, n)) else None


def pooled_counts(view: View, runs: Sequence[Trial], metric: str) -> tuple[int, int] | None:
    """Return (k, n) of all runs together; None unless the rate of each is counted."""
    counts = [rate_counts(view, run, metric) for run in runs]
    known = [pair for pair in counts if pair is not None]
    if not known or len(known) < len(counts):
        return None
    return sum(k for k, _ in known), sum(n for _, n in known)


def is_in_percent(trial: Trial, metric: str) -> bool:
    """Return whether a trial's metric is in per cent, as the counts that were recorded with it show."""
    counted, value = recorded_counts(trial.metrics, metric), trial.metrics.get(metric)
    return counted is not None and bool(counted[0]) and value is not None and _is_share_of(value / 100, counted)


def _is_share_of(value: float, counted: tuple[int, int]) -> bool:
    k, n = counted
    return abs(value * n - k) < 1e-6 * n + 1e-9


def trial_interval(view: View, trial: Trial, metric: str) -> Interval | None:
    """Return the interval of a trial's value; None if it was measured once."""
    if (counted := rate_counts(view, trial, metric)) is not None:
        return wilson_interval(*counted)
    runs = [run for run in replicates(view, trial) if metric in (run.values or {})]
    values = [float((run.values or {})[metric]) for run in runs]
    mean = student_interval(values, lower_bound(metric), upper_bound(view, [trial], metric))
    return widened(mean, pooled_counts(view, runs, metric))


def bootstrap_interval(trial: Trial, metric: str) -> Interval | None:
    """Return the bootstrap interval that the trainer recorded, if it contains the trial's value."""
    intervals: Any = trial.facts.get("generation_intervals")
    bounds = intervals.get(metric) if isinstance(intervals, dict) else None
    value = (trial.values or {}).get(metric, trial.metrics.get(metric))
    if not isinstance(bounds, list | tuple) or len(bounds) != 2 or value is None:
        return None
    low, high = float(bounds[0]), float(bounds[1])
    samples: Any = trial.facts.get("generation_samples")
    return Interval(low, high, "bootstrap", int(samples or 0)) if low <= value <= high else None


SIGNIFICANCE_LEVEL = 0.05
"""Significance level of every test."""
