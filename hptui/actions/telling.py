"""The lines that are printed while a study is followed, one for each event. No terminal is assumed."""

from __future__ import annotations

from hptui.actions import lines
from hptui.actions.follow import in_order_of_end
from hptui.actions.logs import last_lines, log_of
from hptui.model.errors import NotFound
from hptui.model.format import duration
from hptui.model.stages import expected_total
from hptui.model.trial import Trial, TrialStatus
from hptui.results.view import View, seconds_left
from hptui.storage.paths import StudyDir
from hptui.storage.rows import EventRow

FAILED_LOG_LINES = 8
"""Lines of a failed trial's log that are shown."""
END_EVENTS = {"trial_complete", "trial_pruned", "trial_failed", "trial_stopped"}
"""Events that a trial has ended."""
SKIPPED_EVENTS = {"study_running", "study_done", "study_stopped", "study_paused", "trial_paused", "prune"}
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
    text = lines.trial_line(view.study, trial, earlier, expected_total(view.study, view.trials), view.base)
    left = seconds_left(view)
    texts = [f"{text}  ({duration(left)} left)" if left else text]
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
