"""The lines that are printed while a study is followed, one for each event. No terminal is assumed.

Trial 0/20: rank=16, alpha=32 → loss=0.6097 (baseline)
Trial 1/20: rank=32, alpha=64 → loss=0.5834 ✓ IMPROVED
Trial 2/20: rank=8, alpha=16 → loss=0.6523 ✗ WORSE
Trial 3/20: rank=32, alpha=64 → loss=0.5621 ✓ BEST
Trial 4/20: rank=64, alpha=128 ✗ FAILED (oom): CUDA out of memory
Trial 5/20: rank=64, alpha=16 – PRUNED (pruner): 0.71 is worse than the median of 5 trials"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hptui.core.errors import NotFound
from hptui.core.format import metric, settings
from hptui.core.ranking import is_usable, meets_outcome, pareto_set
from hptui.core.stages import comparable, expected_total, stage_overrides
from hptui.core.study import Study
from hptui.core.trial import Role, Trial, TrialStatus, Value
from hptui.operations.follow import in_order_of_end
from hptui.operations.logs import last_lines, log_of
from hptui.results.time_left import time_left
from hptui.results.view import View, dominates, has_all_values
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind
from hptui.store.records import EventRow

STATUS_MARKS = {TrialStatus.FAILED: "✗ FAILED", TrialStatus.PRUNED: "– PRUNED", TrialStatus.STOPPED: "– STOPPED"}
"""Marks of trials without a value."""


def trial_line(
    study: Study,
    trial: Trial,
    earlier: Sequence[Trial],
    total: int | None = None,
    base: Mapping[str, Value] | None = None,
) -> str:
    """Return the line of a trial that has ended.

    `earlier` are the trials that ended before it; `base` the baseline's settings, defaults included.
    """
    stage = f"{trial.stage}: " if trial.stage else ""
    head = f"Trial {trial.number}{f'/{total}' if total else ''}: {stage}{configuration_text(study, trial, base)}"
    if not study.objectives and trial.status is TrialStatus.COMPLETE:
        return f"{head} ✓ COMPLETE"
    if has_all_values(study, trial):
        return f"{head} → {objectives_text(study, trial)} {comparison_mark(study, trial, earlier)}"
    sign = STATUS_MARKS.get(trial.status, f"– {trial.status.upper()}")
    reason = f" ({trial.reason})" if trial.reason else ""
    return f"{head} {sign}{reason}{f': {trial.message}' if trial.message else ''}"


def configuration_text(study: Study, trial: Trial, base: Mapping[str, Value] | None = None) -> str:
    """Return what the trial ran with: its overrides; for the baseline, the settings that are searched."""
    shown: dict[str, Value] = dict(trial.params)
    if trial.role is Role.BASELINE:
        settings_ = study.trainer.settings if base is None else base
        shown = {name: settings_[name] for name in study.space.names if name in settings_}
    if trial.role is not Role.BASELINE:
        common = stage_overrides(study, trial.stage)
        shown = {name: value for name, value in shown.items() if name not in common or common[name] != value}
    origin = trial.facts.get("from_trial", trial.replicate_of)
    text = settings(shown) or ("as written" if origin is None else f"trial {origin} again")
    return f"{trial.name}: {text}" if trial.name and trial.role is not Role.BASELINE else text


def objectives_text(study: Study, trial: Trial) -> str:
    """Return `loss=0.5834`: every objective in its own format."""
    trial_values = trial.values or {}
    texts = {
        objective.metric: metric(trial_values.get(objective.metric), study.metrics.get(objective.metric))
        for objective in study.objectives
    }
    return ", ".join(f"{name}={trial.mark(text)}" for name, text in texts.items())


def comparison_mark(study: Study, trial: Trial, earlier: Sequence[Trial]) -> str:
    """Return how a trial compares with the baseline and the best so far, among comparable trials."""
    if trial.role is Role.BASELINE:
        return "(baseline)"
    if trial.role is Role.BASE:
        return "(base model)"
    if trial.replicate_of is not None:
        return f"(trial {trial.replicate_of} again, seed {trial.seed})"
    if trial.continued_from is not None:
        return f"(from step {trial.continued_from[1]} of trial {trial.continued_from[0]})"
    if meets_outcome(study, trial) is False:
        return "✗ OUTSIDE THE CONDITIONS"
    if len(study.objectives) > 1:
        return _front_mark(study, trial, earlier)
    comparable_trials = [other for other in earlier if is_usable(study, other) and not other.is_unranked]
    comparable_trials = [other for other in comparable_trials if comparable(study, other.stage, trial.stage)]
    baseline = next((other for other in comparable_trials if other.role is Role.BASELINE), None)
    others = [other for other in comparable_trials if other.role is not Role.BASELINE]
    if baseline is None:
        return "✓ BEST" if _new_best(study, trial, others) else _equal_or_worse(study, trial, others)
    if not dominates(study, trial, baseline):
        return _equal_or_worse(study, trial, [baseline])
    improved = [other for other in others if dominates(study, other, baseline)]
    return "✓ BEST" if improved and _new_best(study, trial, improved) else "✓ IMPROVED"


def _front_mark(study: Study, trial: Trial, earlier: Sequence[Trial]) -> str:
    """Return whether a trial is on the Pareto front of all so far, as the report has it.

    No hypervolume is given: its scale is that of the values so far, so the next line's number would be of another.
    """
    front = pareto_set(study, [*earlier, trial])
    if trial.number not in {other.number for other in front}:
        return "✗ NOT ON THE FRONT"
    equal = any(other.number != trial.number and _same_values(study, other, trial) for other in front)
    return "= EQUAL" if equal else "✓ ON THE FRONT"


def _new_best(study: Study, trial: Trial, others: Sequence[Trial]) -> bool:
    """Return True when a trial beats all others."""
    return all(dominates(study, trial, other) for other in others)


def _equal_or_worse(study: Study, trial: Trial, others: Sequence[Trial]) -> str:
    """Return the mark of a trial that is no improvement: equal to one of the others, or worse."""
    beaten = any(dominates(study, other, trial) for other in others)
    return "✗ WORSE" if beaten or not any(_same_values(study, other, trial) for other in others) else "= EQUAL"


def _same_values(study: Study, trial: Trial, other: Trial) -> bool:
    return all(
        (trial.values or {})[objective.metric] == (other.values or {})[objective.metric]
        for objective in study.objectives
    )


FAILED_LOG_LINES = 8
"""Lines of a failed trial's log that are shown."""
END_EVENTS = {
    EventKind.TRIAL_COMPLETE,
    EventKind.TRIAL_PRUNED,
    EventKind.TRIAL_FAILED,
    EventKind.TRIAL_STOPPED,
}
"""Events that a trial has ended."""
SKIPPED_EVENTS = {
    EventKind.STUDY_RUNNING,
    EventKind.STUDY_DONE,
    EventKind.STUDY_STOPPED,
    EventKind.STUDY_PAUSED,
    EventKind.TRIAL_PAUSED,
    EventKind.PRUNE,
}
"""Events that other lines report."""


def event_lines(view: View, event: EventRow) -> list[str]:
    """Return the lines for an event; [] for what another line reports."""
    by_number = {trial.number: trial for trial in view.trials}
    trial = by_number.get(event.trial) if event.trial is not None else None
    if event.kind in END_EVENTS and trial is not None:
        return ended_lines(view, trial)
    if event.kind in SKIPPED_EVENTS:
        return []
    prefix = f"trial {event.trial}: " if event.trial is not None else ""
    return [f"{'' if event.level == 'info' else f'{event.level}: '}{prefix}{event.message}"]


def ended_lines(view: View, trial: Trial) -> list[str]:
    """Return a trial's line with the time left; for a failed one also the end of its log."""
    earlier = [other for other in in_order_of_end(view.trials) if _ended_before(other, trial)]
    text = trial_line(view.study, trial, earlier, expected_total(view.study, view.trials), view.base)
    left = time_left(view)
    texts = [f"{text}  ({left.text} left)" if left is not None and left.seconds else text]
    if trial.status is TrialStatus.FAILED:
        texts += _log_tail(view.sd, trial)
    return texts


def _ended_before(trial: Trial, other: Trial) -> bool:
    return (trial.ended or 0.0, trial.number) < (other.ended or 0.0, other.number)


def _log_tail(sd: StudyDir, trial: Trial) -> list[str]:
    try:
        path = log_of(sd, trial)
    except NotFound:
        return []
    printed = [line for line in last_lines(path, FAILED_LOG_LINES)[0] if line.strip()]
    return [*(f"    {line}" for line in printed), f"    all of it: {path}"]
