"""ASHA and hyperband: at each rung of progress only the best of those that came so far go on.

Asynchronous, so nobody waits for anybody: a trial is judged by all that have passed the rung, running ones included. It
is judged again as others pass the rung that it passed last, since the first to come has nobody to be compared with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import ceil
from zlib import crc32

from hptui.model.study import Objective
from hptui.search.pruners.curves import KEEP, Curve, Verdict, apart, best_at, finite, leads, percent

CLOSE = 1e-9
"""Progress is a quotient: a rung at 0.6 has been passed at 0.6, however that was computed."""


def rungs(first: float, eta: int) -> tuple[float, ...]:
    """`first`, and so on by factors of `eta`, before the end of training."""
    found = [first]
    while found[-1] * eta < 1 - 1e-6:
        found.append(round(found[-1] * eta, 9))
    return tuple(found)


def value_at(objective: Objective, curve: Curve, rung: float, here: float) -> float | None:
    """What a trial had shown by `here`; None unless it passed the rung. One that was cut there counts as it was."""
    if not curve.progress or curve.progress[-1] < rung - CLOSE:
        return None
    return best_at(objective, curve, min(here, curve.progress[-1]))


@dataclass(frozen=True, slots=True)
class AshaPruner:
    """Asynchronous successive halving: of those at a rung, one in `eta` goes on.

    The first rung is at `warmup`. Nobody is judged before `startup` others have passed it; the leader is never pruned.
    """

    objective: Objective
    warmup: float = 0.2
    startup: int = 5
    eta: int = 3

    def verdict(self, trial: int, curves: Mapping[int, Curve], finished: Collection[int]) -> Verdict:
        """See `Pruner`. A trial whose first value comes after the rung is compared at that value's progress."""
        own = finite(curves.get(trial))
        passed = [rung for rung in self.rungs(trial) if own.progress and rung <= own.progress[-1] + CLOSE]
        if not passed:
            return KEEP
        here = min(max(passed[-1], own.progress[0]), own.progress[-1])
        mine = best_at(self.objective, own, here)
        known = [
            value_at(self.objective, finite(curves[number]), passed[-1], here)
            for number in sorted(curves.keys() - {trial})
            if self.competes(trial, number)
        ]
        others = [value for value in known if value is not None]
        if mine is None or len(others) < max(self.startup, self.eta - 1):
            return KEEP
        better = [value for value in others if self.objective.better(value, mine)]
        kept = max(1, (len(others) + 1) // self.eta)
        if len(better) < kept or leads(self.objective, trial, curves, finished):
            return KEEP
        return Verdict(prune=True, why=self._why(trial, here, mine, better, len(others) + 1, kept))

    def rungs(self, trial: int) -> tuple[float, ...]:
        """The rungs at which this trial is judged."""
        return rungs(self.warmup, self.eta)

    def competes(self, trial: int, other: int) -> bool:
        """Whether two trials are judged together."""
        return True

    def among(self, trial: int) -> str:
        """Whom it competes with, where that is not everybody."""
        return ""

    def _why(self, trial: int, here: float, mine: float, better: list[float], n: int, kept: int) -> str:
        cut = sorted(better, reverse=self.objective.goal == "maximize")[kept - 1]
        mine_text, cut_text = apart(mine, cut)
        best = f"the best {kept} go on" if kept > 1 else "the best one goes on"
        return (
            f"{self.objective.metric} {mine_text} at {percent(here)} of training is place {len(better) + 1} of {n} "
            f"trials{self.among(trial)}; {best}, which takes {cut_text}"
        )


@dataclass(frozen=True, slots=True)
class HyperbandPruner(AshaPruner):
    """Several brackets of ASHA: each starts to halve one rung later, for trials that are late to show their worth.

    A trial's bracket is a function of its number alone; the earlier a bracket halves, the more trials it gets.
    """

    def rungs(self, trial: int) -> tuple[float, ...]:
        """See `AshaPruner`."""
        return rungs(self.warmup, self.eta)[self.bracket(trial) :]

    def competes(self, trial: int, other: int) -> bool:
        """See `AshaPruner`."""
        return self.bracket(trial) == self.bracket(other)

    def among(self, trial: int) -> str:
        """See `AshaPruner`."""
        return f" in bracket {self.bracket(trial) + 1} of {len(self.shares())}"

    def shares(self) -> list[int]:
        """How many trials each bracket gets, as in the paper: each bracket costs about the same."""
        count = len(rungs(self.warmup, self.eta))
        return [ceil(count * self.eta**later / (later + 1)) for later in reversed(range(count))]

    def bracket(self, trial: int) -> int:
        """The bracket of a trial. Hashed, because a grid counts through its parameters in step with the numbers."""
        shares = self.shares()
        place = crc32(str(trial).encode()) % sum(shares)
        return next(index for index in range(len(shares)) if place < sum(shares[: index + 1]))
