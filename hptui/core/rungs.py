"""Rungs: where trials pause with their state kept, and the rule by which they are promoted.

A rung is a share of the training. All trials train up to it, and the best of each rung go on from their checkpoints,
one in `eta`. Source: arXiv:1810.05934 (ASHA)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from hptui.core.dataclass import dataclass
from hptui.core.study import Objective

BY_RULE, BY_PERSON = "rule", "person"
"""Who promoted a trial. One that a person let go on is not paused at rungs any more."""
MIN_FOR_DOUBT, LOW_CORRELATION = 8, 0.3
"""Trials, and the rank correlation with the end below which early values mislead."""
MIN_FOR_CORRELATION = 5
"""Trials from which on a rank correlation is stated: of three or four, chance alone often gives 1."""


@dataclass(frozen=True, slots=True)
class RungResult:
    """A trial that paused at a rung.

    `rung` counts from 1 to `of` within its `bracket`; `progress` and `step` are where it paused, `value` is the
    objective that it had shown by then, None if that was no number. `promoted` is when it was let go on, `by` whom.
    """

    trial: int
    rung: int
    of: int
    bracket: int
    progress: float
    value: float | None
    step: int | None
    at: float
    promoted: float | None = None
    by: str = ""

    @property
    def place(self) -> str:
        """The rung in words."""
        return f"rung {self.rung} of {self.of}" + (f" in bracket {self.bracket + 1}" if self.bracket else "")


def rung_progress(first: float, eta: int) -> tuple[float, ...]:
    """Return `first` and its multiples by powers of `eta`, up to the end of training."""
    progress = [first]
    while progress[-1] * eta < 1 - 1e-6:
        progress.append(round(progress[-1] * eta, 9))
    return tuple(progress)


def ranked(results: Iterable[RungResult], objective: Objective) -> list[RungResult]:
    """Return results of one rung, the best first, then by trial; without a value last."""
    sign = 1 if objective.goal == "minimize" else -1

    def key(result: RungResult) -> tuple[float, int]:
        return (math.inf if result.value is None else sign * result.value), result.trial

    return sorted(results, key=key)


def peers(result: RungResult, results: Iterable[RungResult]) -> list[RungResult]:
    """Return all results at the same rung of the same bracket, this one included."""
    return [other for other in results if (other.rung, other.bracket) == (result.rung, result.bracket)]


def place_text(result: RungResult, results: Iterable[RungResult], objective: Objective) -> str:
    """Return the place of a trial at its rung: `place 5 of 9`."""
    order = ranked(peers(result, results), objective)
    place = 1 + next(n for n, other in enumerate(order) if other.trial == result.trial)
    return f"place {place} of {len(order)}"


def latest(results: Iterable[RungResult]) -> dict[int, RungResult]:
    """Return the highest rung of each trial."""
    return {result.trial: result for result in sorted(results, key=lambda result: result.rung)}


def promotable(
    results: Sequence[RungResult], waiting: Iterable[int], objective: Objective, eta: int, startup: int, *, last: bool
) -> list[int]:
    """Return the trials to promote, of the highest rung first, then the best.

    One in `eta` of a rung goes on, once more than `startup` trials have come there. `last`: nothing else comes any
    more, so that there is nothing to wait for, and the best of each rung goes on in any case. `waiting` are the trials
    that are paused at a rung.
    """
    paused, chosen = set(waiting), []
    for rung, bracket in sorted({(result.rung, result.bracket) for result in results}, reverse=True):
        order = ranked((r for r in results if (r.rung, r.bracket) == (rung, bracket)), objective)
        if not last and len(order) <= startup:
            continue
        best = order[: max(len(order) // eta, int(last))]
        chosen += [r.trial for r in best if r.trial in paused and r.promoted is None and r.value is not None]
    return chosen


@dataclass(frozen=True, slots=True)
class RungSummary:
    """The trials at a rung of a stage.

    `correlation` is that of rung values with final values, by ranks, of those that were `completed`; None if those are
    fewer than `MIN_FOR_CORRELATION`.
    """

    rung: int
    of: int
    bracket: int
    trials: tuple[int, ...]
    progress: float
    best: float | None
    median: float | None
    promoted: int
    completed: int
    correlation: float | None
    stage: str = ""

    @property
    def misleads(self) -> bool:
        """Whether early values say little about the end here."""
        enough = self.completed >= MIN_FOR_DOUBT
        return enough and self.correlation is not None and self.correlation < LOW_CORRELATION


def summaries(results: Sequence[RungResult], objective: Objective, finals: Mapping[int, float]) -> list[RungSummary]:
    """Return a summary of each rung; `finals` are the objective values of complete trials."""
    summaries_of_rungs = []
    for bracket, rung in sorted({(result.bracket, result.rung) for result in results}):
        order = ranked((r for r in results if (r.rung, r.bracket) == (rung, bracket)), objective)
        values = [result.value for result in order if result.value is not None]
        pairs = [(r.value, finals[r.trial]) for r in order if r.trial in finals and r.value is not None]
        middle = len(values) // 2
        summaries_of_rungs.append(
            RungSummary(
                rung,
                max(result.of for result in order),
                bracket,
                tuple(result.trial for result in order),
                max(result.progress for result in order),
                values[0] if values else None,
                (values[middle] if len(values) % 2 else fmean(values[middle - 1 : middle + 1])) if values else None,
                sum(result.promoted is not None for result in order),
                len(pairs),
                rank_correlation([pair[0] for pair in pairs], [pair[1] for pair in pairs])
                if len(pairs) >= MIN_FOR_CORRELATION
                else None,
            )
        )
    return summaries_of_rungs


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, equal values sharing their ranks; None where it is not defined."""
    if len(first) < 3:
        return None
    a, b = _ranks(first), _ranks(second)
    mean = (len(a) + 1) / 2
    covariance = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    spread = math.sqrt(sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b))
    return covariance / spread if spread else None


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    first = {value: ordered.index(value) for value in set(values)}
    return [first[value] + (ordered.count(value) + 1) / 2 for value in values]
