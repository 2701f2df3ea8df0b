"""A pruner: the trial that is worse than a share of the others at the same progress."""

from dataclasses import dataclass

from hptui.plugins import KEEP, NUMBER, Key, Objective, PrunerKind, Verdict
from hptui.search.pruners import best_at
from hptui.search.pruners.base import beats_all, finite_points


@dataclass(frozen=True)
class LaggardPruner:
    objective: Objective
    warmup: float
    startup: int
    worse_than: float

    def verdict(self, trial, curves, finished):
        curve = finite_points(curves.get(trial))
        if not curve.progress or curve.progress[-1] < self.warmup:
            return KEEP
        progress, best = curve.progress[-1], self.objective.best(curve.values)
        peers = [best_at(self.objective, finite_points(curves[n]), progress) for n in finished if n != trial]
        others = [value for value in peers if value is not None]
        if len(others) < self.startup or beats_all(self.objective, trial, curves, finished):
            return KEEP
        share = sum(self.objective.better(value, best) for value in others) / len(others)
        if share < self.worse_than:
            return KEEP
        why = f"{self.objective.metric} {best:.3g} at {100 * progress:.0f} % of training is worse than {share:.0%}"
        return Verdict(prune=True, why=why)


def make(objective, settings):
    return LaggardPruner(objective, settings.warmup, settings.startup, settings.values["worse_than"])


PRUNER = PrunerKind(
    "laggard",
    "Worse than a share of the others.",
    make,
    keys=(Key("worse_than", NUMBER, "Share of the others that are better", default=0.5, low=0, high=1),),
)
