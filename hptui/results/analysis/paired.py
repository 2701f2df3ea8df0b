"""Trials compared question by question, where all answered the same ones.

A difference between two trials on the same questions has less noise than one of two rates: what is hard is hard for
both. Among trials of which the best was chosen, the largest of all differences is judged (a bootstrap of the
questions); a pair that was fixed before the data by McNemar's exact test.

Source: Q. McNemar, Psychometrika 12 (1947); P. H. Westfall and S. S. Young, Resampling-Based Multiple Testing, 1993.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hptui.core.answers import QUESTIONS_FACT, RIGHT_FACT, decode_right
from hptui.core.dataclass import dataclass
from hptui.core.trial import Trial
from hptui.results.analysis import blas
from hptui.results.view import View

if TYPE_CHECKING:
    import numpy as np

DRAWS = 2000
"""Bootstrap samples of the questions."""
LEVEL = 0.95
"""Probability with which no trial is called worse where all are equal."""
MIN_QUESTIONS = 20
"""Of fewer questions nothing is distinguished by a bootstrap."""


def right_answers(trial: Trial, metric: str) -> tuple[str, tuple[bool, ...]] | None:
    """Return the digest of a trial's questions and which were right; None if its value is not theirs."""
    recorded, questions = trial.facts.get(RIGHT_FACT), trial.facts.get(QUESTIONS_FACT)
    right = decode_right(recorded.get(metric)) if isinstance(recorded, dict) else None
    value = (trial.values or {}).get(metric, trial.metrics.get(metric))
    if not right or not isinstance(questions, str) or value is None:
        return None
    return (questions, right) if abs(sum(right) / len(right) - value) < 1e-9 else None


def mean_answers(groups: Sequence[Sequence[Trial]], metric: str) -> list[list[float]] | None:
    """Return the share of each group's runs that had a question right; None unless all had the same ones."""
    answers = common_answers([run for runs in groups for run in runs], metric)
    if answers is None:
        return None
    rest = iter(answers)
    own = [[next(rest) for _ in runs] for runs in groups]
    return [[sum(right) / len(runs) for right in zip(*runs, strict=True)] for runs in own]


def common_answers(trials: Sequence[Trial], metric: str) -> list[tuple[bool, ...]] | None:
    """Return the answers of all trials; None unless all answered the same questions."""
    answers = [right_answers(trial, metric) for trial in trials]
    known = [answer for answer in answers if answer is not None]
    if not known or len(known) < len(answers) or len({(name, len(right)) for name, right in known}) > 1:
        return None
    return [right for _, right in known]


def worse_answers(right: Sequence[Sequence[float]], best: int, seed: int = 0) -> list[bool]:
    """Return which trials are distinguished from the one at `best`, with a joint level of 95 %.

    `right` has for each trial 1 or 0 a question, or the share of its runs that answered it right. The largest deviation
    of any pair's difference, in standard errors, is compared with that of bootstrap samples.
    """
    blas.load()
    import numpy as np  # numpy: not at start

    answers = np.array(right, dtype=float)
    count, questions = answers.shape
    if count < 2 or questions < MIN_QUESTIONS:
        return [False] * count
    errors = _pair_errors(answers)
    rng = np.random.default_rng([seed, count, questions])
    deviations = rng.multinomial(questions, np.full(questions, 1 / questions), size=DRAWS) @ answers.T / questions
    deviations -= answers.mean(1)
    largest = np.zeros(DRAWS)
    for index in range(count - 1):
        known = errors[index, index + 1 :] > 0
        if known.any():
            difference = np.abs(deviations[:, [index]] - deviations[:, index + 1 :][:, known])
            largest = np.maximum(largest, (difference / errors[index, index + 1 :][known]).max(1))
    limit = float(np.quantile(largest, LEVEL))
    lead = np.abs(answers[best].mean() - answers.mean(1))
    return [i != best and errors[best, i] > 0 and bool(lead[i] > limit * errors[best, i]) for i in range(count)]


def _pair_errors(answers: np.ndarray) -> np.ndarray:
    """Return the standard errors of the differences of all pairs; 0 for pairs that answered alike."""
    blas.load()
    import numpy as np  # numpy: not at start

    questions, totals, squares = answers.shape[1], answers.sum(1), (answers**2).sum(1)
    discordant = squares[:, None] + squares[None, :] - 2 * answers @ answers.T
    difference = totals[:, None] - totals[None, :]
    # One question is added to those that differ, as of few the error would be taken for too small.
    variance = np.where(discordant > 1e-6, discordant + 1 - difference**2 / questions, 0.0)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)) / questions)


@dataclass(frozen=True, slots=True)
class PairTest:
    """Two trials on the same questions: those that only one of them answered right, and the exact test's p."""

    first: Trial
    second: Trial
    only_first: int
    only_second: int
    questions: int
    p: float


def pair_test(view: View, first: Trial, second: Trial) -> PairTest | None:
    """Return McNemar's exact test of two trials that nobody chose by value; None without answers."""
    blas.load()
    from scipy import stats  # scipy: not at start

    answers = common_answers([first, second], view.study.objective.metric)
    if answers is None:
        return None
    only_first = sum(a and not b for a, b in zip(*answers, strict=True))
    only_second = sum(b and not a for a, b in zip(*answers, strict=True))
    total = only_first + only_second
    p = float(stats.binomtest(only_first, total).pvalue) if total else 1.0
    return PairTest(first, second, only_first, only_second, len(answers[0]), p)


def holm(p_values: Sequence[float], level: float = 0.05) -> list[bool]:
    """Return which of several tests are rejected by Holm's method."""
    rejected = [False] * len(p_values)
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[index] > level / (len(p_values) - rank):
            break
        rejected[index] = True
    return rejected
