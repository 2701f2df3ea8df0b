"""The types of all pruners, curves over progress and verdicts, and the arithmetic that pruners share.

With several objectives there is one pruner per objective, and a trial is pruned only if all agree."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Protocol

from hptui.core.dataclass import dataclass
from hptui.core.ranking import ObjectivePoint, dominates
from hptui.core.study import Objective


@dataclass(frozen=True)  # no slots: cached properties, since finished trials are compared with again and again
class ProgressCurve:
    """One metric of one trial over its progress (0 to 1, ascending), as it was reported."""

    progress: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.progress) != len(self.values):
            raise ValueError(f"one value per point must hold, got {len(self.progress)} and {len(self.values)}")

    @cached_property
    def is_clean(self) -> bool:
        """True if all numbers are finite and progress ascends."""
        return all(map(math.isfinite, (*self.progress, *self.values))) and not any(
            after < before for before, after in pairwise(self.progress)
        )

    @cached_property
    def lowest(self) -> tuple[float, ...]:
        """The lowest value up to each point."""
        return tuple(accumulate(self.values, min))

    @cached_property
    def highest(self) -> tuple[float, ...]:
        """The highest value up to each point."""
        return tuple(accumulate(self.values, max))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to prune, and the reason in words for the trial's user."""

    prune: bool
    why: str = ""


KEEP = Verdict(prune=False)
"""The verdict of a trial that goes on."""


class Pruner(Protocol):
    """Judges a trial by curves of one metric over progress.

    `finished` are the trials to compare with: complete and pruned ones. Any other trial with a curve is still running;
    only the successive-halving pruners compare with those.
    """

    def verdict(self, trial: int, curves: Mapping[int, ProgressCurve], finished: Collection[int]) -> Verdict:
        """Return whether to prune `trial`. `curves` are given by trial number."""
        ...


def finite_points(curve: ProgressCurve | None) -> ProgressCurve:
    """Return the curve in ascending progress without its NaN and infinite points.

    Those are no evidence of being good.
    """
    if curve is None:
        return ProgressCurve((), ())
    if curve.is_clean:
        return curve
    pairs = sorted(
        (pair for pair in zip(curve.progress, curve.values, strict=True) if all(map(math.isfinite, pair))),
        key=lambda pair: pair[0],
    )
    return ProgressCurve(tuple(p for p, _ in pairs), tuple(v for _, v in pairs))


def best_at(objective: Objective, curve: ProgressCurve, progress: float) -> float | None:
    """Return the best value up to `progress`, interpolated; None where the curve does not reach."""
    if not curve.progress or not curve.progress[0] <= progress <= curve.progress[-1]:
        return None
    best = curve.lowest if objective.goal == "minimize" else curve.highest
    i = bisect_right(curve.progress, progress) - 1
    left = best[i]
    if i + 1 == len(best):
        return left
    right = best[i + 1]
    share = (progress - curve.progress[i]) / (curve.progress[i + 1] - curve.progress[i])
    return left + share * (right - left)


def best_shown(objective: Objective, curve: ProgressCurve) -> float:
    """Return the value by which a trial is ranked: the best one, or with `select = "last"` the last one.

    The curve must have a finite point. Raises: IndexError if it is empty.
    """
    if objective.select == "last":
        return curve.values[-1]
    return curve.lowest[-1] if objective.goal == "minimize" else curve.highest[-1]


def beats_all(objective: Objective, trial: int, curves: Mapping[int, ProgressCurve], finished: Iterable[int]) -> bool:
    """Return whether no finished trial has a better result than this one has already.

    With `select = "last"` a trial can lead although the others were better when they were at its progress.
    """
    own_best = best_shown(objective, finite_points(curves[trial]))
    peers = (finite_points(curves.get(number)) for number in finished if number != trial)
    return not any(objective.better(best_shown(objective, peer), own_best) for peer in peers if peer.values)


def distinct_texts(first: float, second: float) -> tuple[str, str]:
    """Return both numbers with the fewest digits, at least three, that tell them apart."""
    for digits in range(3, 17):
        texts = f"{first:#.{digits}g}".rstrip("."), f"{second:#.{digits}g}".rstrip(".")
        if texts[0] != texts[1]:
            return texts
    return repr(first), repr(second)


def percent_text(share: float) -> str:
    """Return a share of the training (0 to 1) as a percentage."""
    return f"{100 * share:.0f} %"


@dataclass(frozen=True, slots=True)
class MultiObjectivePruner:
    """One pruner per objective. With several, a trial that no finished one dominates continues."""

    pruners: tuple[tuple[Objective, Pruner], ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics whose curves are needed."""
        return tuple(objective.metric for objective, _ in self.pruners)

    def verdict(
        self, trial: int, curves: Mapping[str, Mapping[int, ProgressCurve]], finished: Collection[int]
    ) -> Verdict:
        """Return whether to prune `trial`. `curves` are by metric, then by trial; `finished` as in `Pruner`."""
        reasons = []
        for objective, pruner in self.pruners:
            verdict = pruner.verdict(trial, curves.get(objective.metric, {}), finished)
            if not verdict.prune:
                return KEEP
            reasons.append(verdict.why)
        if len(self.pruners) > 1 and not self._dominated(trial, curves, finished):
            return KEEP
        return Verdict(prune=True, why="; ".join(reasons))

    def _dominated(
        self, trial: int, curves: Mapping[str, Mapping[int, ProgressCurve]], finished: Collection[int]
    ) -> bool:
        values = self._best_values(trial, curves)
        peers = (self._best_values(number, curves) for number in finished if number != trial)
        return values is not None and any(peer is not None and dominates(peer, values) for peer in peers)

    def _best_values(self, trial: int, curves: Mapping[str, Mapping[int, ProgressCurve]]) -> ObjectivePoint | None:
        """Return the values by which a trial is ranked so far, each to be minimized.

        None unless it has shown all objectives.
        """
        values = []
        for objective, _ in self.pruners:
            curve = finite_points(curves.get(objective.metric, {}).get(trial))
            if not curve.values:
                return None
            value = best_shown(objective, curve)
            values.append(value if objective.goal == "minimize" else -value)
        return tuple(values)
