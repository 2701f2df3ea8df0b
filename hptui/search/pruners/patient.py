"""Patience: a trial that has stopped getting better ends; or, around another pruner, only such a one may be pruned."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hptui.model.study import Objective
from hptui.search.pruners.curves import KEEP, Curve, Pruner, Verdict, finite, leads, percent


@dataclass(frozen=True, slots=True)
class PatientPruner:
    """Prunes a trial whose own best has not improved by more than `min_delta` for long, if `wrapped` agrees.

    `patience` below 1 is a share of its training, from 1 on a number of reports. Never before `warmup`, and never the
    trial that leads the study as it stands.
    """

    objective: Objective
    warmup: float = 0.2
    patience: float = 0.2
    min_delta: float = 0.0
    wrapped: Pruner | None = None

    def verdict(self, trial: int, curves: Mapping[int, Curve], finished: Collection[int]) -> Verdict:
        """See `Pruner`."""
        own = finite(curves.get(trial))
        if not own.progress or own.progress[-1] < self.warmup:
            return KEEP
        since = self.improved(own)
        if not self._impatient(own, since) or leads(self.objective, trial, curves, finished):
            return KEEP
        if self.wrapped is None:
            return Verdict(prune=True, why=self._why(own, since))
        inner = self.wrapped.verdict(trial, curves, finished)
        return Verdict(prune=True, why=f"{self._why(own, since)}; {inner.why}") if inner.prune else KEEP

    def improved(self, curve: Curve) -> int:
        """The place of the last point that improved on all before it."""
        last, best = 0, curve.values[0]
        for place, value in enumerate(curve.values):
            if self.objective.better(value, best) and abs(value - best) > self.min_delta:
                last, best = place, value
        return last

    def _impatient(self, own: Curve, since: int) -> bool:
        if self.patience >= 1:
            return len(own.values) - 1 - since >= self.patience
        return own.progress[-1] - own.progress[since] >= self.patience - 1e-9

    def _why(self, own: Curve, since: int) -> str:
        value = f"{self.objective.metric} has not improved on {own.values[since]:.4g}"
        if self.patience >= 1:
            return (
                f"{value} in the last {len(own.values) - 1 - since} reports, at {percent(own.progress[-1])} of training"
            )
        return f"{value} since {percent(own.progress[since])} of training, and {percent(own.progress[-1])} are done"
