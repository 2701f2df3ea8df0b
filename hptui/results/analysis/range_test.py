"""Trials distinguished from a best that was chosen for being best, by Tukey's range of all of them.

Source: J. W. Tukey, The problem of multiple comparisons, 1953; C. Y. Kramer, Biometrics 12 (1956); A. Agresti and
B. Caffo, The American Statistician 54 (2000), for rates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from hptui.core.dataclass import dataclass
from hptui.core.trial import Trial
from hptui.results.analysis import blas
from hptui.results.analysis.cohort import (
    objective_value,
    ranked_trials,
    same_configuration,
    sort_by_rank,
    violates_outcome,
)
from hptui.results.analysis.comparable import barriers
from hptui.results.analysis.fresh import Noise, fresh_runs, independent_runs, noise_of, runs_of_settings
from hptui.results.analysis.paired import mean_answers, worse_answers
from hptui.results.analysis.significance import pooled_counts
from hptui.results.view import View

LEVEL = 0.95
"""Probability with which no trial is called worse where all are equal."""
MAX_TRIALS = 200
"""Of more trials nothing is distinguished: such a range is wide, and slow to compute."""


@lru_cache(maxsize=512)
def tukey_quantile(count: int, df: float) -> float:
    """Return the standard errors of a difference within which all of `count` equal means stay."""
    blas.load()
    from scipy import stats  # scipy: not at start

    # The distribution is for a difference in units of one mean's error; a difference has the error times sqrt 2.
    return float(stats.studentized_range.ppf(LEVEL, count, df)) / math.sqrt(2)


@dataclass(frozen=True, slots=True)
class RangeTest:
    """Which trials are strictly worse than the best, with a joint level of 95 %.

    `how` is what the noise was measured by: the same questions, questions of a rate, or repeated seeds. `best` and
    `others` are trials with the value that was compared. `better` are trials whose repeats are strictly better than
    those of the best, which was chosen by one run. `by_fresh` is the baseline, if fresh runs of the best have shown
    that it is worse: that is one comparison that nobody chose, and holds where all together would hide it.
    """

    best: Trial
    how: Literal["answers", "counts", "seeds"]
    worse: tuple[Trial, ...]
    alike: tuple[Trial, ...]
    noise: Noise | None = None
    better: tuple[Trial, ...] = ()
    by_fresh: Trial | None = None

    @property
    def others(self) -> tuple[Trial, ...]:
        """All trials that were compared with the best, all at once."""
        return tuple(sorted((*self.worse, *self.alike, *self.better), key=lambda trial: trial.number))

    def settled_by_fresh(self, baseline: Trial, answer: str) -> RangeTest:
        """Return the test with the baseline where its own comparison with fresh runs of the best puts it.

        `answer` is yes if the best is better than the baseline, worse if it is worse, no if neither was shown.
        """
        if all(trial.number != baseline.number for trial in self.others):
            return self
        worse, alike, better = (
            tuple(trial for trial in trials if trial.number != baseline.number)
            for trials in (self.worse, self.alike, self.better)
        )
        if answer == "yes":
            return replace(self, worse=worse, alike=alike, better=better, by_fresh=baseline)
        if answer == "worse":
            return replace(self, worse=worse, alike=alike, better=(*better, baseline))
        return replace(self, worse=worse, alike=(*alike, baseline), better=better)


def range_test(view: View, dead: frozenset[int] = frozenset()) -> RangeTest | None:
    """Return which comparable trials are distinguished from the best; None without a measure of noise.

    `dead` are trials whose seed changed nothing: they measure no noise.
    """
    order = sort_by_rank(view, ranked_trials(view))
    if not 2 <= len(order) <= MAX_TRIALS or view.best is None or len(view.study.objectives) > 1:
        return None
    best = next((trial for trial in order if trial.number == view.best.number), order[0])
    # One that breaks a condition of the study may have a better value than the best: it is in no comparison.
    rivals = [trial for trial in order if trial.number != best.number and not violates_outcome(view, trial)]
    others = [trial for trial in rivals if not barriers(view, best, trial)]
    same = {trial.number for trial in same_configuration(view, best, others)}  # it is no rival of itself
    others = [trial for trial in others if trial.number not in same]
    if not others:
        return None
    tests = (_by_answers, _by_counts, _by_seeds)
    results = (test(view, best, others, dead) for test in tests)
    return next((result for result in results if result is not None), None)


def worse_rates(counts: Sequence[tuple[int, int]], best: int) -> list[bool]:
    """Return which of several rates k of n are distinguished from that at index `best`."""
    shares = [(k + 1) / (n + 2) for k, n in counts]
    errors = [share * (1 - share) / (n + 2) for share, (_, n) in zip(shares, counts, strict=True)]
    limit = tukey_quantile(len(counts), math.inf)
    return [
        i != best and abs(shares[i] - shares[best]) > limit * math.sqrt(errors[i] + errors[best])
        for i in range(len(counts))
    ]


def worse_means(means: Sequence[float], runs: Sequence[int], best: int, deviation: float, df: int) -> list[bool]:
    """Return which of several means of `runs` values are distinguished from the one at `best`."""
    limit = tukey_quantile(len(means), df)
    return [
        i != best and abs(means[i] - means[best]) > limit * deviation * math.sqrt(1 / runs[i] + 1 / runs[best])
        for i in range(len(means))
    ]


def _by_answers(view: View, best: Trial, others: Sequence[Trial], dead: frozenset[int]) -> RangeTest | None:
    groups = [_unchosen_runs(view, trial, dead) for trial in (best, *others)]
    answers = mean_answers(groups, view.study.objective.metric)
    if answers is None:
        return None
    means = [math.fsum(right) / len(right) for right in answers]
    return _tested(view, best, "answers", others, means, worse_answers(answers, 0, view.study.search.seed))


def _by_counts(view: View, best: Trial, others: Sequence[Trial], dead: frozenset[int]) -> RangeTest | None:
    groups = [_unchosen_runs(view, trial, dead) for trial in (best, *others)]
    counted = [pooled_counts(view, runs, view.study.objective.metric) for runs in groups]
    known = [pair for pair in counted if pair is not None]
    if len(known) < len(counted):
        return None
    return _tested(view, best, "counts", others, [k / n for k, n in known], worse_rates(known, 0))


def _by_seeds(view: View, best: Trial, others: Sequence[Trial], dead: frozenset[int]) -> RangeTest | None:
    noise = noise_of(view, dead)
    if noise is None:
        return None
    groups = [_unchosen_runs(view, trial, dead) for trial in (best, *others)]
    values = [[objective_value(view, run) for run in runs] for runs in groups]
    means = [math.fsum(own) / len(own) for own in values]
    apart = worse_means(means, [len(runs) for runs in groups], 0, noise.deviation, noise.df)
    return _tested(view, best, "seeds", others, means, apart, noise)


def _unchosen_runs(view: View, trial: Trial, dead: frozenset[int]) -> Sequence[Trial]:
    """Return the runs of a configuration without the one it was repeated for; all where none is fresh.

    Nobody chose the baseline for its value: all runs of its settings count, in whichever stage.
    """
    if view.baseline is not None and trial.number == view.baseline.number:
        return runs_of_settings(view, trial, dead)
    fresh = fresh_runs(view, trial, dead)
    return independent_runs(view, trial, dead) if fresh is None else fresh.runs


def _tested(
    view: View,
    best: Trial,
    how: Literal["answers", "counts", "seeds"],
    others: Sequence[Trial],
    means: Sequence[float],
    apart: Sequence[bool],
    noise: Noise | None = None,
) -> RangeTest:
    """Return the test of means, the first of which is of the best; `apart` are those that differ from it."""
    goal = view.study.objective
    better = [is_apart and goal.better(mean, means[0]) for is_apart, mean in zip(apart[1:], means[1:], strict=True)]
    worse, alike = _split(others, apart[1:])
    ahead, worse = _split(worse, [is_better for is_better, is_apart in zip(better, apart[1:], strict=True) if is_apart])
    return RangeTest(best, how, worse, alike, noise, ahead)


def _split(others: Sequence[Trial], apart: Sequence[bool]) -> tuple[tuple[Trial, ...], tuple[Trial, ...]]:
    pairs = list(zip(others, apart, strict=True))
    return tuple(trial for trial, is_worse in pairs if is_worse), tuple(t for t, is_worse in pairs if not is_worse)
