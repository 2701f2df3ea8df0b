"""How sure a value is: Wilson's interval for k of n, Student's for repeated seeds, none for a single run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hptui.model.counts import TOTAL
from hptui.model.trial import Trial
from hptui.results.analysis.cohort import replicates
from hptui.results.roles import floor_of
from hptui.results.view import View

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval that covers the true value with a confidence of 95 %. `k` of `n` where it is one of a rate."""

    low: float
    high: float
    how: str
    n: int
    k: int | None = None


@lru_cache(maxsize=4096)
def wilson(k: int, n: int) -> Interval:
    """Wilson's interval for k of n."""
    from scipy import stats

    found = stats.binomtest(k, n).proportion_ci(confidence_level=CONFIDENCE, method="wilson")
    return Interval(float(found.low), float(found.high), "Wilson", n, k)


def student(values: Sequence[float], floor: float | None = None) -> Interval | None:
    """Student's interval of a mean, cut at what the values cannot fall below; None for a single value."""
    from scipy import stats

    if len(values) < 2:
        return None
    centre = math.fsum(values) / len(values)
    error = float(stats.sem(values))
    if error == 0 or not math.isfinite(error):
        return Interval(centre, centre, "Student", len(values))
    low, high = stats.t.interval(CONFIDENCE, len(values) - 1, loc=centre, scale=error)
    low = low if floor is None or min(values) < floor else max(low, floor)
    return Interval(float(low), float(high), "Student", len(values))


def counts(view: View, trial: Trial, metric: str) -> tuple[int, int] | None:
    """k of n behind a trial's value of a metric: as counted, or as `samples` says where that gives a whole k."""
    value = (trial.values or {}).get(metric, trial.metrics.get(metric))
    if value is None or not 0 <= value <= 1:
        return None
    said: Any = trial.metrics.get(metric + TOTAL)
    if said is None:
        said = next((one.samples for one in view.study.objectives if one.metric == metric), None)
    if not said or not math.isfinite(said):
        return None
    n = int(said)
    k = round(value * n)
    return (k, n) if abs(k - value * n) < 1e-6 * n + 1e-9 else None


def of_trial(view: View, trial: Trial, metric: str) -> Interval | None:
    """The interval of a trial's value; None where it was measured once and nothing is known of its noise."""
    if (counted := counts(view, trial, metric)) is not None:
        return wilson(*counted)
    values = [float((one.values or {})[metric]) for one in replicates(view, trial) if metric in (one.values or {})]
    return student(values, floor_of(metric))


def of_answers(trial: Trial, metric: str) -> Interval | None:
    """The interval that the trainer drew from the trial's answers, if it is one of the value that the trial has."""
    stored: Any = trial.facts.get("generation_intervals")
    found = stored.get(metric) if isinstance(stored, dict) else None
    value = (trial.values or {}).get(metric, trial.metrics.get(metric))
    if not isinstance(found, list | tuple) or len(found) != 2 or value is None:
        return None
    low, high = float(found[0]), float(found[1])
    samples: Any = trial.facts.get("generation_samples")
    return Interval(low, high, "bootstrap", int(samples or 0)) if low <= value <= high else None
