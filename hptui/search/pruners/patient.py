"""Prunes a trial that has stopped improving; around another pruner, allows that one to prune only such trials."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hptui.model.study import Objective
from hptui.search.pruners.curves import KEEP, ProgressCurve, Pruner, Verdict, beats_all, finite_points, percent_text


@dataclass(frozen=True, slots=True)
class PatientPruner:
    """Prunes a trial whose own best has not improved by more than `min_delta` for long, if `wrapped` agrees.

    `patience` below 1 is a share of its training, from 1 on a number of reports. It never prunes before progress
    `warmup`, and never the leading trial.
    """

    objective: Objective
    warmup: float = 0.2
    patience: float = 0.2
    min_delta: float = 0.0
    wrapped: Pruner | None = None

    def verdict(self, trial: int, curves: Mapping[int, ProgressCurve], finished: Collection[int]) -> Verdict:
        """See `Pruner`."""
        curve = finite_points(curves.get(trial))
        if not curve.progress or curve.progress[-1] < self.warmup:
            return KEEP
        last_improved = self.last_improvement(curve)
        if not self._patience_exceeded(curve, last_improved) or beats_all(self.objective, trial, curves, finished):
            return KEEP
        if self.wrapped is None:
            return Verdict(prune=True, why=self._why(curve, last_improved))
        inner = self.wrapped.verdict(trial, curves, finished)
        return Verdict(prune=True, why=f"{self._why(curve, last_improved)}; {inner.why}") if inner.prune else KEEP

    def last_improvement(self, curve: ProgressCurve) -> int:
        """Return the index of the last point that improved on all before it."""
        last_improved, best = 0, curve.values[0]
        for index, value in enumerate(curve.values):
            if self.objective.better(value, best) and abs(value - best) > self.min_delta:
                last_improved, best = index, value
        return last_improved

    def _patience_exceeded(self, curve: ProgressCurve, last_improved: int) -> bool:
        if self.patience >= 1:
            return len(curve.values) - 1 - last_improved >= self.patience
        return curve.progress[-1] - curve.progress[last_improved] >= self.patience - 1e-9

    def _why(self, own: ProgressCurve, index: int) -> str:
        text = f"{self.objective.metric} has not improved on {own.values[index]:.4g}"
        done = percent_text(own.progress[-1])
        if self.patience >= 1:
            return f"{text} in the last {len(own.values) - 1 - index} reports, at {done} of training"
        return f"{text} since {percent_text(own.progress[index])} of training, and {done} are done"
