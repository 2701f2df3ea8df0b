"""What is said while a study is followed: a line for each thing that happened. No terminal is assumed."""

from __future__ import annotations

from hptui.actions import lines
from hptui.actions.follow import in_order
from hptui.actions.logs import last_lines, log_of
from hptui.model.errors import NotFound
from hptui.model.format import duration
from hptui.model.stages import expected
from hptui.model.trial import Trial, TrialStatus
from hptui.results.view import View, time_left
from hptui.storage.paths import StudyDir
from hptui.storage.rows import EventRow

TAIL = 8
ENDS = {"trial_complete", "trial_pruned", "trial_failed", "trial_stopped"}
SILENT = {"study_running", "study_done", "study_stopped", "study_paused", "trial_paused", "prune"}
"""Events that other lines tell of."""


def told(view: View, event: EventRow) -> list[str]:
    """The lines for an event: what became of a trial, or what was said. Empty for what another line tells."""
    known = {trial.number: trial for trial in view.trials}
    trial = known.get(event.trial) if event.trial is not None else None
    if event.kind in ENDS and trial is not None:
        return ended(view, trial)
    if event.kind in SILENT:
        return []
    about = f"trial {event.trial}: " if event.trial is not None else ""
    return [f"{'' if event.level == 'info' else f'{event.level}: '}{about}{event.message}"]


def ended(view: View, trial: Trial) -> list[str]:
    """A trial's line with the time that is left; a failed one's last words, and where the others are."""
    earlier = [one for one in in_order(view.trials) if _before(one, trial)]
    text = lines.line(view.study, trial, earlier, expected(view.study, view.trials), view.base)
    left = time_left(view)
    found = [f"{text}  ({duration(left)} left)" if left else text]
    if trial.status is TrialStatus.FAILED:
        found += _last_words(view.sd, trial)
    return found


def _before(one: Trial, other: Trial) -> bool:
    return (one.ended or 0.0, one.number) < (other.ended or 0.0, other.number)


def _last_words(sd: StudyDir, trial: Trial) -> list[str]:
    try:
        path = log_of(sd, trial)
    except NotFound:
        return []
    said = [line for line in last_lines(path, TAIL)[0] if line.strip()]
    return [*(f"    {line}" for line in said), f"    all of it: {path}"]
