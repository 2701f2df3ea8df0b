"""The curves that pruners compare, kept while the study runs, and when a pruner is asked."""

from __future__ import annotations

from collections.abc import Collection

from hptui.model.study import Study
from hptui.model.trial import Role, Trial, TrialStatus
from hptui.running.live import MAX_CURVE, Live
from hptui.search.pruners import Curve, make_pruner
from hptui.storage.store import Store


class Pruning:
    """Asks the study's pruner about running trials. A trial that tells no progress is spared, and that is said once."""

    def __init__(self, store: Store, study: Study, curves: dict[int, Curve]) -> None:
        """`curves` of finished trials outlive a revision: they need not be read again."""
        self._store = store
        self._objective = study.objective
        several = len(study.objectives) > 1
        self._pruner = None if several else make_pruner(study.search.pruner, study.objective)
        self._curves = curves
        self._told = False
        if self._pruner is not None and not self._curves:
            for trial in store.trials():
                self.finished(trial)

    def finished(self, trial: Trial) -> None:
        """A trial ended: its curve is one to compare with, if it showed anything."""
        if self._pruner is None or trial.status not in (TrialStatus.COMPLETE, TrialStatus.PRUNED):
            return
        curve = curve_of(self._store, trial, self._objective.metric)
        if curve:
            self._curves[trial.number] = freeze(curve)

    def restore(self, live: Live) -> None:
        """Give an adopted attempt the curve that its trial has shown so far."""
        live.curve = curve_of(self._store, live.trial, self._objective.metric)

    def verdict(self, live: Live) -> str:
        """Why a running trial should be cut short, or ''. Looks only when new values have come."""
        if self._pruner is None or not live.fresh or live.asked or live.trial.role is not Role.SEARCH:
            return ""
        live.fresh = False
        curves = {**self._curves, live.trial.number: freeze(live.curve)}
        verdict = self._pruner.verdict(live.trial.number, curves, self._others(live.trial.number))
        return verdict.why if verdict.prune else ""

    def silent(self, live: Live) -> bool:
        """True once: when a trial reports steps but no progress, so that no pruner can judge it."""
        if self._pruner is None or self._told or live.step is None or live.progress is not None:
            return False
        self._told = True
        return True

    def _others(self, number: int) -> Collection[int]:
        return self._curves.keys() - {number}


def curve_of(store: Store, trial: Trial, metric: str) -> list[tuple[float, float]]:
    """(progress, value) of a trial's finite points of a metric; [] where progress is unknown."""
    points = store.curve(trial.number, metric)
    told = {step: value for step, value, _ in store.curve(trial.number, "progress")} if not trial.total_steps else {}
    curve = []
    for step, value, _ in points:
        progress = min(1.0, step / trial.total_steps) if trial.total_steps else told.get(step)
        if progress is not None and value == value and abs(value) != float("inf"):
            curve.append((progress, value))
    return curve


def freeze(curve: list[tuple[float, float]]) -> Curve:
    """As pruners take it, thinned to a bounded length; the last point stays."""
    while len(curve) > MAX_CURVE:
        curve = [*curve[:-1:2], curve[-1]]
    return Curve(tuple(progress for progress, _ in curve), tuple(value for _, value in curve))
