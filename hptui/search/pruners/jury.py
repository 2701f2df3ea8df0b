"""Pruning with several objectives: one pruner per objective, and a trial goes only if all of them agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hptui.model.pareto import Point, dominates
from hptui.model.study import Objective
from hptui.search.pruners.curves import KEEP, Curve, Pruner, Verdict, finite, standing


@dataclass(frozen=True, slots=True)
class Jury:
    """One pruner per objective that has a say. With several, a trial that nothing finished dominates goes on, too."""

    pruners: tuple[tuple[Objective, Pruner], ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics whose curves are needed."""
        return tuple(objective.metric for objective, _ in self.pruners)

    def verdict(self, trial: int, curves: Mapping[str, Mapping[int, Curve]], finished: Collection[int]) -> Verdict:
        """`curves` by metric, then by trial; `finished` as in `Pruner`."""
        reasons = []
        for objective, pruner in self.pruners:
            found = pruner.verdict(trial, curves.get(objective.metric, {}), finished)
            if not found.prune:
                return KEEP
            reasons.append(found.why)
        if len(self.pruners) > 1 and not self._dominated(trial, curves, finished):
            return KEEP
        return Verdict(prune=True, why="; ".join(reasons))

    def _dominated(self, trial: int, curves: Mapping[str, Mapping[int, Curve]], finished: Collection[int]) -> bool:
        own = self._standing(trial, curves)
        peers = (self._standing(number, curves) for number in finished if number != trial)
        return own is not None and any(peer is not None and dominates(peer, own) for peer in peers)

    def _standing(self, trial: int, curves: Mapping[str, Mapping[int, Curve]]) -> Point | None:
        """What a trial is worth so far, each objective to be made small; None unless it has shown them all."""
        values = []
        for objective, _ in self.pruners:
            curve = finite(curves.get(objective.metric, {}).get(trial))
            if not curve.values:
                return None
            value = standing(objective, curve)
            values.append(value if objective.goal == "minimize" else -value)
        return tuple(values)
