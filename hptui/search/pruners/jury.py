"""Pruning with several objectives: one pruner per objective, and a trial is pruned only if all agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hptui.model.pareto import ObjectivePoint, dominates
from hptui.model.study import Objective
from hptui.search.pruners.curves import KEEP, ProgressCurve, Pruner, Verdict, best_shown, finite_points


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
