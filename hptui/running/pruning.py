"""Why a running trial should be cut short: the study's pruner, and its stop rules. Curves are kept while it runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hptui.model.stages import comparable, stage_named, staged
from hptui.model.study import Study
from hptui.model.trial import AttemptState, Role, Trial, TrialStatus
from hptui.running.ingest import PROGRESS
from hptui.running.live import MAX_CURVE, Live
from hptui.search.pruners import Curve, make_jury
from hptui.search.stopping import broken, unmet, why
from hptui.storage.store import Store


@dataclass
class Curves:
    """Curves of finished trials by metric, then by trial. They outlive a revision: they need not be read again."""

    by_metric: dict[str, dict[int, Curve]] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)


class Pruning:
    """Asks about running trials. One that tells no progress is spared by pruners, and that is said once."""

    def __init__(self, store: Store, study: Study, curves: Curves, stage: str = "") -> None:
        self._store, self._study, self._stage = store, study, stage
        self._jury = make_jury(staged(study, stage_named(study, stage)).search.pruner, study.objectives)
        self._curves = curves
        self._told = False
        self._rules_told = False
        if self._jury is not None and not self._curves.finished:
            for trial in store.trials():
                self.finished(trial)

    def finished(self, trial: Trial) -> None:
        """A trial ended: its curves are ones to compare with, if it showed anything."""
        if self._jury is None or trial.status not in (TrialStatus.COMPLETE, TrialStatus.PRUNED):
            return
        if trial.mute or not comparable(self._study, trial.stage, self._stage):
            return
        for metric in self._jury.metrics:
            if curve := self._curve(trial, metric):
                self._curves.by_metric.setdefault(metric, {})[trial.number] = freeze(curve)
                self._curves.finished.add(trial.number)

    def restore(self, live: Live) -> None:
        """Give an adopted or resumed attempt what its trial has shown so far."""
        live.latest = dict(live.trial.metrics)
        # Pruned before, and here again: a person asked for it, and is not contradicted twice.
        live.sheltered = any(one.state is AttemptState.PRUNED for one in self._store.attempts(live.trial.number))
        metrics = self._jury.metrics if self._jury is not None else ()
        live.curves = {metric: self._curve(live.trial, metric) for metric in metrics}

    def _curve(self, trial: Trial, metric: str) -> list[tuple[float, float]]:
        if self._study.search.pruner.counts_reports:
            return [(n, value) for n, (_, value, _) in enumerate(self._store.curve(trial.number, metric), 1)]
        return curve_of(self._store, trial, metric)

    def verdict(self, live: Live, running: Iterable[Live]) -> tuple[str, str]:
        """(what it is asked, why) of a trial that should end, or ('', ''). Looks only when new values have come."""
        if not live.fresh or live.asked or live.sheltered:
            return "", ""
        live.fresh = False
        rule = broken(self._study.search.stop, live.progress, live.latest)
        if rule is not None and live.trial.role not in (Role.BASELINE, Role.BASE):
            return "threshold", why(rule, live.progress, live.latest)
        if self._jury is None or live.trial.role.sheltered:
            return "", ""
        found = self._jury.verdict(live.trial.number, self._with(running), self._curves.finished - {live.trial.number})
        return ("prune", found.why) if found.prune else ("", "")

    def _with(self, running: Iterable[Live]) -> dict[str, dict[int, Curve]]:
        """The curves of finished trials and of those that run."""
        curves = {metric: dict(known) for metric, known in self._curves.by_metric.items()}
        for live in running:
            for metric, curve in live.curves.items():
                curves.setdefault(metric, {})[live.trial.number] = freeze(curve)
        return curves

    def silent(self, live: Live) -> bool:
        """True once: when a trial reports steps but no progress, so that no pruner can judge it."""
        if self._jury is None or self._told or live.step is None or live.progress is not None:
            return False
        if self._study.search.pruner.counts_reports:
            return False
        self._told = True
        return True

    def untried(self, trial: Trial) -> str:
        """Once, after a whole trial: which stop rules name a metric that it never reported."""
        if self._rules_told or trial.status is not TrialStatus.COMPLETE:
            return ""
        self._rules_told = True
        missing = [(rule, unmet(rule, trial.metrics)) for rule in self._study.search.stop]
        said = [f"{rule} needs {', '.join(names)}" for rule, names in missing if names]
        return f"stop rules that were never tried, for want of a metric: {'; '.join(said)}" if said else ""


def curve_of(store: Store, trial: Trial, metric: str) -> list[tuple[float, float]]:
    """(progress, value) of a trial's points of a metric; [] where progress is unknown."""
    points = store.curve(trial.number, metric)
    told = {} if trial.total_steps else {step: value for step, value, _ in store.curve(trial.number, PROGRESS)}
    curve = []
    for step, value, _ in points:
        progress = min(1.0, step / trial.total_steps) if trial.total_steps else told.get(step)
        if progress is not None:
            curve.append((progress, value))
    return curve


def freeze(curve: list[tuple[float, float]]) -> Curve:
    """As pruners take it, thinned to a bounded length; the last point stays."""
    while len(curve) > MAX_CURVE:
        curve = [*curve[:-1:2], curve[-1]]
    return Curve(tuple(progress for progress, _ in curve), tuple(value for _, value in curve))
