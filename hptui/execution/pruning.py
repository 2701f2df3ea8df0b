"""Decide whether a running trial should end early: by the study's pruner, and by its stop rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field

from hptui.core.dataclass import dataclass
from hptui.core.stages import as_stage, comparable, stage_named
from hptui.core.study import Study
from hptui.core.trial import AttemptState, Role, Trial, TrialStatus
from hptui.execution.ingest import PROGRESS_METRIC
from hptui.execution.running_attempt import MAX_CURVE_POINTS, RunningAttempt
from hptui.search.promotion import promotes
from hptui.search.pruners import ProgressCurve, counts_reports, make_pruner
from hptui.search.stopping import explain_rule, first_broken_rule, unreported_names
from hptui.store.recorded import EventKind
from hptui.store.store import Store


@dataclass
class FinishedCurves:
    """Curves of finished trials by metric, then by trial.

    They outlive a revision of the study, so that they need not be read again.
    """

    by_metric: dict[str, dict[int, ProgressCurve]] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)


class Pruning:
    """Decides about the running trials of a stage.

    A trial that reports no progress is left alone by pruners; `lacks_progress` lets the runner say so once. With
    `counts_reports`, curves are compared at equal numbers of reports.
    """

    def __init__(self, store: Store, study: Study, curves: FinishedCurves, stage: str = "") -> None:
        self._store, self._study, self._stage = store, study, stage
        settings = as_stage(study, stage_named(study, stage)).search.pruner
        # Trials that pause at rungs are not pruned there: a later comparison may let them go on.
        pruned_for_good = not promotes(settings)
        self._pruner = make_pruner(settings, study.objectives, study.directory) if pruned_for_good else None
        self.counts_reports = counts_reports(settings, study.directory)
        self._curves = curves
        self._silence_reported = False
        self._rules_reported = False
        if self._pruner is not None and not self._curves.finished:
            for trial in store.read.trials():
                self.add_finished(trial)

    def add_finished(self, trial: Trial) -> None:
        """Add the curves of an ended trial to those that others are compared with."""
        if self._pruner is None or trial.status not in (TrialStatus.COMPLETE, TrialStatus.PRUNED):
            return
        if trial.is_uninformative or not comparable(self._study, trial.stage, self._stage):
            return
        for metric in self._pruner.metrics:
            if curve := self._curve(trial, metric):
                self._curves.by_metric.setdefault(metric, {})[trial.number] = to_curve(curve)
                self._curves.finished.add(trial.number)

    def restore(self, live: RunningAttempt) -> None:
        """Give an adopted or resumed attempt the curves that its trial has shown so far."""
        live.latest = dict(live.trial.metrics)
        live.measured_at = self._measured_at(live.trial)
        # A trial that was pruned runs again only because a person asked for it, so pruners leave it alone.
        live.exempt = any(
            attempt.state is AttemptState.PRUNED for attempt in self._store.read.attempts(live.trial.number)
        )
        metrics = self._pruner.metrics if self._pruner is not None else ()
        live.curves = {metric: self._curve(live.trial, metric) for metric in metrics}

    def _measured_at(self, trial: Trial) -> dict[str, float]:
        """Return the progress at which a trial's metrics have their last values, if a stop rule asks for it."""
        if not any(rule.after for rule in self._study.search.stop):
            return {}
        summaries = self._store.read.metric_summaries(trial.number)
        progress = progress_of_steps(self._store, trial)
        shares = {name: progress(summary.step) for name, summary in summaries.items()}
        return {name: share for name, share in shares.items() if share is not None}

    def _curve(self, trial: Trial, metric: str) -> list[tuple[float, float]]:
        if self.counts_reports:
            return [(n, value) for n, (_, value, _) in enumerate(self._store.read.curve(trial.number, metric), 1)]
        return curve_of(self._store, trial, metric)

    def verdict(self, live: RunningAttempt, running: Iterable[RunningAttempt]) -> tuple[str, str]:
        """Return (requested end, reason) for a trial that should end, or ('', '').

        Does nothing unless values have come since the last call. At the end of the training there is nothing left to
        prune: a trial that has come there is complete, whatever its value.
        """
        if not live.has_new_values or live.requested_end or live.exempt:
            return "", ""
        live.has_new_values = False
        rule = first_broken_rule(self._study.search.stop, live.latest, live.measured_at)
        if rule is not None and live.trial.role not in (Role.BASELINE, Role.BASE):
            return EventKind.THRESHOLD, explain_rule(rule, live.latest, live.measured_at)
        if self._pruner is None or live.trial.role.spared_by_pruners or (live.progress or 0.0) >= 1.0:
            return "", ""
        verdict = self._pruner.verdict(
            live.trial.number, self._curves_with(running), self._curves.finished - {live.trial.number}
        )
        return (EventKind.PRUNE, verdict.why) if verdict.prune else ("", "")

    def _curves_with(self, running: Iterable[RunningAttempt]) -> dict[str, dict[int, ProgressCurve]]:
        """Return the curves of finished and of running trials."""
        curves = {metric: dict(by_trial) for metric, by_trial in self._curves.by_metric.items()}
        for live in running:
            for metric, curve in live.curves.items():
                curves.setdefault(metric, {})[live.trial.number] = to_curve(curve)
        return curves

    def lacks_progress(self, live: RunningAttempt) -> bool:
        """Return True once, when a trial reports steps but no progress, so that no pruner can judge it."""
        if self._pruner is None or self._silence_reported or live.step is None or live.progress is not None:
            return False
        if self.counts_reports:
            return False
        self._silence_reported = True
        return True

    def unreported_stop_rules(self, trial: Trial) -> str:
        """Return once, after a complete trial, which stop rules name a metric that it never reported."""
        if self._rules_reported or trial.status is not TrialStatus.COMPLETE:
            return ""
        self._rules_reported = True
        missing = [(rule, unreported_names(rule, trial.metrics)) for rule in self._study.search.stop]
        unmet_rules = [f"{rule} needs {', '.join(names)}" for rule, names in missing if names]
        return (
            f"stop rules that were never tried, for want of a metric: {'; '.join(unmet_rules)}" if unmet_rules else ""
        )


def progress_of_steps(store: Store, trial: Trial) -> Callable[[int], float | None]:
    """Return the progress (0 to 1) at a trial's steps as a function of the step; None where it is unknown."""
    if total := trial.total_steps:
        return lambda step: min(1.0, step / total)
    return {step: value for step, value, _ in store.read.curve(trial.number, PROGRESS_METRIC)}.get


def curve_of(store: Store, trial: Trial, metric: str) -> list[tuple[float, float]]:
    """Return (progress, value) of a trial's points of a metric; [] where progress is unknown."""
    points = store.read.curve(trial.number, metric)
    progress = progress_of_steps(store, trial)
    shares = [(progress(step), value) for step, value, _ in points]
    return [(share, value) for share, value in shares if share is not None]


def to_curve(curve: list[tuple[float, float]]) -> ProgressCurve:
    """Return a curve as pruners take it, with at most `MAX_CURVE` points; the last point stays."""
    while len(curve) > MAX_CURVE_POINTS:
        curve = [*curve[:-1:2], curve[-1]]
    return ProgressCurve(tuple(progress for progress, _ in curve), tuple(value for _, value in curve))
