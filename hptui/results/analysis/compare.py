"""Which trials can be told apart from the best: exact tests on counts, t tests on repeated seeds, corrected for their
number by Holm's method. Of single runs nothing can be said, and nothing is.
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


@dataclass(frozen=True, slots=True)
class Versus:
    """One trial against the best. `p` by itself, `corrected` among all comparisons."""

    trial: Trial
    p: float
    corrected: float


@dataclass(frozen=True, slots=True)
class Comparisons:
    """The best against all others. `how` is the test; `others` is empty where the study holds no measure of noise."""

    best: Trial
    how: str
    others: tuple[Versus, ...]
    spread: float | None = None
    """Standard deviation between repeated seeds, where that is what the test uses."""

    @property
    def alike(self) -> list[Trial]:
        """Those that cannot be told apart from the best, corrected."""
        return [one.trial for one in self.others if one.corrected >= ALPHA]

    @property
    def alike_alone(self) -> list[Trial]:
        """Those that no single test tells apart from the best either."""
        return [one.trial for one in self.others if one.p >= ALPHA]


def holm(values: Sequence[float]) -> list[float]:
    """p-values corrected for their number, by Holm's step-down method."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    found, highest = [0.0] * len(values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[index]))
        found[index] = highest
    return found


@lru_cache(maxsize=8192)
def fisher(k: int, n: int, other_k: int, other_n: int) -> float:
    """Fisher's exact test of two rates, two-sided."""
    from scipy import stats

    return float(stats.fisher_exact([[k, n - k], [other_k, other_n - other_k]]).pvalue)


def against_best(view: View) -> Comparisons | None:
    """The best of the first objective against the other ranked trials; None where there are not two of them."""
    field = in_rank(view, ranked(view))
    if len(field) < 2 or view.best is None:
        return None
    best = next((trial for trial in field if trial.number == view.best.number), field[0])
    others = [trial for trial in field if trial.number != best.number]
    return _by_counts(view, best, others) or _by_seeds(view, best, others) or Comparisons(best, "", ())


def _by_counts(view: View, best: Trial, others: Sequence[Trial]) -> Comparisons | None:
    metric = view.study.objective.metric
    own = counts(view, best, metric)
    counted = [counts(view, trial, metric) for trial in others]
    if own is None or None in counted:
        return None
    single = [fisher(*own, *found) for found in counted if found is not None]
    return Comparisons(best, "Fisher's exact test", _versus(others, single))


def _by_seeds(view: View, best: Trial, others: Sequence[Trial]) -> Comparisons | None:
    """One standard deviation for all configurations, pooled over those that were repeated."""
    from scipy import stats

    runs = {trial.number: [value_of(view, one) for one in replicates(view, trial)] for trial in (best, *others)}
    repeated = [values for values in runs.values() if len(values) > 1]
    freedom = sum(len(values) - 1 for values in repeated)
    if not freedom:
        return None
    means = {number: math.fsum(values) / len(values) for number, values in runs.items()}
    squares = math.fsum((value - means[number]) ** 2 for number, values in runs.items() for value in values)
    spread = math.sqrt(squares / freedom)
    if spread == 0:
        return None
    single = []
    for trial in others:
        error = spread * math.sqrt(1 / len(runs[best.number]) + 1 / len(runs[trial.number]))
        single.append(float(2 * stats.t.sf(abs(means[best.number] - means[trial.number]) / error, freedom)))
    return Comparisons(best, "t tests with the spread between repeated seeds", _versus(others, single), spread)


def _versus(others: Sequence[Trial], single: Sequence[float]) -> tuple[Versus, ...]:
    return tuple(Versus(*one) for one in zip(others, single, holm(single), strict=True))
