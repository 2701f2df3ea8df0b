"""Cut a trial short when it does worse than the others did at the same share of their training.

Trials are compared on a progress axis, 0 to 1, never on raw steps: two trials whose batch sizes differ report at steps
that never meet. The metrics are our own, so pruning works for every engine, and a verdict can be replayed.

Which trials may be pruned at all (the baseline and hand-picked ones may not) is the caller's business.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from hptui.model.errors import StudyError, did_you_mean
from hptui.model.study import Objective, PrunerSpec

KINDS = ("none", "median")
"""What `[search] pruner` may say."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one trial over its progress (0 to 1, ascending), as it was reported."""

    progress: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.progress) != len(self.values):
            raise ValueError(f"one value per point must hold, got {len(self.progress)} and {len(self.values)}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to prune, and why, in words for the person whose trial it is."""

    prune: bool
    why: str = ""


class Pruner(Protocol):
    """Looks at curves over progress. `finished` are the trials to compare with: complete and pruned ones."""

    def verdict(self, trial: int, curves: Mapping[int, Curve], finished: Collection[int]) -> Verdict: ...


def make_pruner(spec: PrunerSpec, objective: Objective) -> Pruner | None:
    """The pruner that `[search] pruner` names; None for `none`."""
    match spec.kind:
        case "none":
            return None
        case "median":
            return MedianPruner(objective, spec.warmup, spec.startup)
        case other:
            raise StudyError(
                "there is no such pruner", where="search.pruner.kind", value=other, hint=did_you_mean(other, KINDS)
            )


KEEP = Verdict(prune=False)


@dataclass(frozen=True, slots=True)
class MedianPruner:
    """Prunes a trial whose best value so far is worse than the median of the others' at the same progress.

    Not before `warmup` of its own training, not before `startup` finished trials can be compared with it, and never the
    trial that leads the study as it stands.
    """

    objective: Objective
    warmup: float = 0.2
    startup: int = 5

    def verdict(self, trial: int, curves: Mapping[int, Curve], finished: Collection[int]) -> Verdict:
        """See `Pruner`."""
        own = _finite(curves.get(trial))
        if not own.progress or own.progress[-1] < self.warmup:
            return KEEP
        peers = {n: _finite(curves.get(n)) for n in sorted(set(finished) - {trial})}
        here = own.progress[-1]
        known = [self.best_at(peer, here) for peer in peers.values()]
        others = [value for value in known if value is not None]
        if len(others) < max(1, self.startup) or self._leads(own, list(peers.values())):
            return KEEP
        mine, middle = self.objective.best(own.values), median(others)
        if not self.objective.better(middle, mine):
            return KEEP
        return Verdict(prune=True, why=self._why(mine, here, middle, len(others)))

    def best_at(self, curve: Curve, progress: float) -> float | None:
        """The best value up to `progress`, interpolated between points; None where the curve does not reach."""
        if not curve.progress or not curve.progress[0] <= progress <= curve.progress[-1]:
            return None
        i = bisect_right(curve.progress, progress) - 1
        left = self.objective.best(curve.values[: i + 1])
        if i + 1 == len(curve.progress):
            return left
        right = self.objective.best((left, curve.values[i + 1]))
        share = (progress - curve.progress[i]) / (curve.progress[i + 1] - curve.progress[i])
        return left + share * (right - left)

    def _leads(self, own: Curve, peers: list[Curve]) -> bool:
        """Whether no finished trial has a better result than this one has already.

        With `select = "last"` a trial can lead although the others were better when they were as far as it is now.
        """
        mine = self._standing(own)
        return not any(self.objective.better(self._standing(peer), mine) for peer in peers if peer.values)

    def _standing(self, curve: Curve) -> float:
        return curve.values[-1] if self.objective.select == "last" else self.objective.best(curve.values)

    def _why(self, mine: float, here: float, middle: float, n: int) -> str:
        mine_text, middle_text = _apart(mine, middle)
        return (
            f"{self.objective.metric} {mine_text} at {100 * here:.0f} % of training is worse than "
            f"the median {middle_text} of {n} trial{'s' if n > 1 else ''}"
        )


def _finite(curve: Curve | None) -> Curve:
    """The curve in ascending progress without its NaN and infinite points: they are no evidence of being good."""
    if curve is None:
        return Curve((), ())
    pairs = sorted(
        (pair for pair in zip(curve.progress, curve.values, strict=True) if all(map(math.isfinite, pair))),
        key=lambda pair: pair[0],
    )
    return Curve(tuple(p for p, _ in pairs), tuple(v for _, v in pairs))


def _apart(one: float, other: float) -> tuple[str, str]:
    """Both numbers with the fewest digits (three at least) that show which is which."""
    for digits in range(3, 17):
        texts = f"{one:#.{digits}g}".rstrip("."), f"{other:#.{digits}g}".rstrip(".")
        if texts[0] != texts[1]:
            return texts
    return repr(one), repr(other)
