"""Which trials differ significantly from the best: exact tests on counts, t tests on repeated seeds, Holm-corrected.

Single runs hold no measure of noise, so they are not tested.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hptui.model.trial import Trial
from hptui.results.analysis.cohort import in_rank, ranked, replicates, value_of
from hptui.results.analysis.intervals import counts
from hptui.results.view import View

ALPHA = 0.05
"""Significance level of every test."""


@dataclass(frozen=True, slots=True)
class Versus:
    """A trial compared with the best. `corrected` is `p` corrected for the number of comparisons."""

    trial: Trial
    p: float
    corrected: float


@dataclass(frozen=True, slots=True)
class Comparisons:
    """The best trial compared with all others by the test `how`. `others` is empty without a measure of noise."""

    best: Trial
    how: str
    others: tuple[Versus, ...]
    spread: float | None = None
    """Standard deviation between repeated seeds, for the t test."""

    @property
    def alike(self) -> list[Trial]:
        """The trials that do not differ significantly from the best after correction."""
        return [test.trial for test in self.others if test.corrected >= ALPHA]

    @property
    def alike_alone(self) -> list[Trial]:
        """The trials that do not differ significantly from the best even without correction."""
        return [test.trial for test in self.others if test.p >= ALPHA]


def holm(values: Sequence[float]) -> list[float]:
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
def fisher(k: int, n: int, other_k: int, other_n: int) -> float:
    """Return the p-value of Fisher's exact test of two rates k of n, two-sided."""
    from scipy import stats

    return float(stats.fisher_exact([[k, n - k], [other_k, other_n - other_k]]).pvalue)


def against_best(view: View) -> Comparisons | None:
    """Return the tests of all ranked trials against the best; None for fewer than two ranked trials."""
    trials = in_rank(view, ranked(view))
    if len(trials) < 2 or view.best is None:
        return None
    best = next((trial for trial in trials if trial.number == view.best.number), trials[0])
    others = [trial for trial in trials if trial.number != best.number]
    return _by_counts(view, best, others) or _by_seeds(view, best, others) or Comparisons(best, "", ())


def _by_counts(view: View, best: Trial, others: Sequence[Trial]) -> Comparisons | None:
    metric = view.study.objective.metric
    best_counts = counts(view, best, metric)
    counted = [counts(view, trial, metric) for trial in others]
    if best_counts is None or None in counted:
        return None
    p_values = [fisher(*best_counts, *count) for count in counted if count is not None]
    return Comparisons(best, "Fisher's exact test", _pair_tests(others, p_values))


def _by_seeds(view: View, best: Trial, others: Sequence[Trial]) -> Comparisons | None:
    """Run t tests with one standard deviation for all configurations, pooled over the repeated ones."""
    from scipy import stats

    runs = {trial.number: [value_of(view, run) for run in replicates(view, trial)] for trial in (best, *others)}
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
    return Comparisons(best, "t tests with the spread between repeated seeds", _pair_tests(others, p_values), deviation)


def _pair_tests(others: Sequence[Trial], p_values: Sequence[float]) -> tuple[Versus, ...]:
    return tuple(Versus(*row) for row in zip(others, p_values, holm(p_values), strict=True))
