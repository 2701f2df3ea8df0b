"""Confidence intervals, and which trials differ significantly from the best.

Wilson's interval and Fisher's exact test for k of n, Student's interval and t tests for repeated seeds; tests are
Holm-corrected. A single run has no interval and is not tested."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hptui.core.format import TOTAL_SUFFIX
from hptui.core.trial import Trial
from hptui.results.analysis.cohort import objective_value, ranked_trials, replicates, sort_by_rank
from hptui.results.roles import lower_bound
from hptui.results.view import View

CONFIDENCE_LEVEL = 0.95
"""Confidence level of every interval."""


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
    from scipy import stats

    bounds = stats.binomtest(k, n).proportion_ci(confidence_level=CONFIDENCE_LEVEL, method="wilson")
    return Interval(float(bounds.low), float(bounds.high), "Wilson", n, k)


def student_interval(values: Sequence[float], floor: float | None = None) -> Interval | None:
    """Return Student's interval of a mean, cut at `floor`; None for fewer than two values."""
    from scipy import stats

    if len(values) < 2:
        return None
    mean = math.fsum(values) / len(values)
    standard_error = float(stats.sem(values))
    if standard_error == 0 or not math.isfinite(standard_error):
        return Interval(mean, mean, "Student", len(values))
    low, high = stats.t.interval(CONFIDENCE_LEVEL, len(values) - 1, loc=mean, scale=standard_error)
    low = low if floor is None or min(values) < floor else max(low, floor)
    return Interval(float(low), float(high), "Student", len(values))


def rate_counts(view: View, trial: Trial, metric: str) -> tuple[int, int] | None:
    """Return (k, n) behind a trial's rate.

    They are as counted, or from `samples` of the objective if that gives a whole k; None otherwise.
    """
    value = (trial.values or {}).get(metric, trial.metrics.get(metric))
    if value is None or not 0 <= value <= 1:
        return None
    total: Any = trial.metrics.get(metric + TOTAL_SUFFIX)
    if total is None:
        total = next((objective.samples for objective in view.study.objectives if objective.metric == metric), None)
    if not total or not math.isfinite(total):
        return None
    n = int(total)
    k = round(value * n)
    return (k, n) if abs(k - value * n) < 1e-6 * n + 1e-9 else None


def trial_interval(view: View, trial: Trial, metric: str) -> Interval | None:
    """Return the interval of a trial's value; None if it was measured once."""
    if (counted := rate_counts(view, trial, metric)) is not None:
        return wilson_interval(*counted)
    values = [float((run.values or {})[metric]) for run in replicates(view, trial) if metric in (run.values or {})]
    return student_interval(values, lower_bound(metric))


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


@dataclass(frozen=True, slots=True)
class PairTest:
    """A trial compared with the best. `corrected` is `p` corrected for the number of comparisons."""

    trial: Trial
    p: float
    corrected: float


@dataclass(frozen=True, slots=True)
class ComparisonsWithBest:
    """The best trial compared with all others by the test `how`. `others` is empty without a measure of noise."""

    best: Trial
    how: str
    others: tuple[PairTest, ...]
    spread: float | None = None
    """Standard deviation between repeated seeds, for the t test."""

    @property
    def indistinguishable(self) -> list[Trial]:
        """The trials that do not differ significantly from the best after correction."""
        return [test.trial for test in self.others if test.corrected >= SIGNIFICANCE_LEVEL]

    @property
    def indistinguishable_uncorrected(self) -> list[Trial]:
        """The trials that do not differ significantly from the best even without correction."""
        return [test.trial for test in self.others if test.p >= SIGNIFICANCE_LEVEL]


def holm_correction(values: Sequence[float]) -> list[float]:
    """Return p-values corrected for multiple tests by Holm's step-down method.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979), 65–70.
    """
    order = sorted(range(len(values)), key=lambda index: values[index])
    corrected, highest = [0.0] * len(values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[index]))
        corrected[index] = highest
    return corrected


@lru_cache(maxsize=8192)
def fisher_exact(k: int, n: int, other_k: int, other_n: int) -> float:
    """Return the p-value of Fisher's exact test of two rates k of n, two-sided."""
    from scipy import stats

    return float(stats.fisher_exact([[k, n - k], [other_k, other_n - other_k]]).pvalue)


def compare_with_best(view: View) -> ComparisonsWithBest | None:
    """Return the tests of all ranked trials against the best; None for fewer than two ranked trials."""
    trials = sort_by_rank(view, ranked_trials(view))
    if len(trials) < 2 or view.best is None:
        return None
    best = next((trial for trial in trials if trial.number == view.best.number), trials[0])
    others = [trial for trial in trials if trial.number != best.number]
    return _by_counts(view, best, others) or _by_seeds(view, best, others) or ComparisonsWithBest(best, "", ())


def _by_counts(view: View, best: Trial, others: Sequence[Trial]) -> ComparisonsWithBest | None:
    metric = view.study.objective.metric
    best_counts = rate_counts(view, best, metric)
    counted = [rate_counts(view, trial, metric) for trial in others]
    if best_counts is None or None in counted:
        return None
    p_values = [fisher_exact(*best_counts, *count) for count in counted if count is not None]
    return ComparisonsWithBest(best, "Fisher's exact test", _pair_tests(others, p_values))


def _by_seeds(view: View, best: Trial, others: Sequence[Trial]) -> ComparisonsWithBest | None:
    """Run t tests with one standard deviation for all configurations, pooled over the repeated ones."""
    from scipy import stats

    runs = {trial.number: [objective_value(view, run) for run in replicates(view, trial)] for trial in (best, *others)}
    repeated = [values for values in runs.values() if len(values) > 1]
    degrees_of_freedom = sum(len(values) - 1 for values in repeated)
    if not degrees_of_freedom:
        return None
    means = {number: math.fsum(values) / len(values) for number, values in runs.items()}
    squares = math.fsum((value - means[number]) ** 2 for number, values in runs.items() for value in values)
    deviation = math.sqrt(squares / degrees_of_freedom)
    if deviation == 0:
        return None
    p_values = []
    for trial in others:
        standard_error = deviation * math.sqrt(1 / len(runs[best.number]) + 1 / len(runs[trial.number]))
        p_values.append(
            float(2 * stats.t.sf(abs(means[best.number] - means[trial.number]) / standard_error, degrees_of_freedom))
        )
    return ComparisonsWithBest(
        best, "t tests with the spread between repeated seeds", _pair_tests(others, p_values), deviation
    )


def _pair_tests(others: Sequence[Trial], p_values: Sequence[float]) -> tuple[PairTest, ...]:
    return tuple(PairTest(*row) for row in zip(others, p_values, holm_correction(p_values), strict=True))
