"""A study as its store had it at an earlier time, so that a report is checked against what it was written from.

It is known exactly for a time at which nothing ran: a trial that ran then has since changed, and what it was is not
recorded. Notes and titles have no time, so they are as they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from hptui import studyfile
from hptui.core.study import Study
from hptui.core.trial import StudyState, Trial, TrialStatus
from hptui.results.masked_view import masked_study
from hptui.results.report_data import ReportData
from hptui.store.recorded import EventKind
from hptui.store.records import EventRow, StudyRow

STATES = {EventKind.of_study(state): state for state in StudyState if state is not StudyState.NEW}
"""The states of a study by the kind of the event that records each."""


def record_as_of(record: ReportData, moment: float, events: Iterable[EventRow]) -> ReportData | None:
    """Return the data of a study as of a time (seconds since the epoch); None if that is not known."""
    view, moment = record.view, moment + ROUNDED_S
    row = _row_at(view.row, moment, events)
    trials = tuple(_trial_at(trial, moment) for trial in view.trials if trial.created <= moment)
    if row is None or None in trials or _was_resumed(record, moment):
        return None
    kept = {trial.number for trial in trials if trial is not None}
    revisions = tuple(revision for revision in record.revisions if revision.at <= moment)
    study = view.study
    if revisions and revisions[-1].rev != view.row.revision:
        study, row = _study_at(revisions[-1].spec), replace(row, revision=revisions[-1].rev)
    return replace(
        record,
        view=replace(view, row=row, study=study, trials=tuple(trial for trial in trials if trial is not None)),
        attempts=_of(record.attempts, kept),
        summaries={name: _of(by_trial, kept) for name, by_trial in record.summaries.items()},
        curves=_of(record.curves, kept),
        warnings=tuple(event for event in record.warnings if event.at <= moment),
        checkpoints=tuple(item for item in record.checkpoints if item.at <= moment),
        revisions=revisions,
        rejected=sum(len(trial.rejections) for trial in trials if trial is not None),
        rung_results=tuple(item for item in record.rung_results if item.trial in kept),
        score_curves={name: _of(by_trial, kept) for name, by_trial in record.score_curves.items()},
    )


T = TypeVar("T")


def _of(by_trial: Mapping[int, T], kept: set[int]) -> dict[int, T]:
    return {number: value for number, value in by_trial.items() if number in kept}


def _study_at(spec: Mapping[str, Any]) -> Study:
    return masked_study(studyfile.from_json(dict(spec)))[0]


def _row_at(row: StudyRow, moment: float, events: Iterable[EventRow]) -> StudyRow | None:
    """Return the row of a study that was at rest; None if it was not."""
    known = [event for event in events if event.kind in STATES and event.at <= moment + SLACK_S]
    if not known:
        return None
    last = known[-1]
    state = STATES[EventKind(last.kind)]
    if state in (StudyState.RUNNING, StudyState.DRAINING):
        return None
    message = "" if last.message == f"the study is {state}" else last.message
    return replace(row, state=state, message=message, ended=moment)


ROUNDED_S = 0.001
"""The time of a report is written with as many digits."""
SLACK_S = 1.0
"""Seconds by which the event of a study's end may be younger than its last trial."""


def _trial_at(trial: Trial, moment: float) -> Trial | None:
    """Return a trial as it was; None if it ran then, or it is not known when it ended."""
    if trial.started is not None and trial.started <= moment:
        return trial if trial.ended is not None and trial.ended <= moment else None
    if trial.started is None and trial.status is not TrialStatus.WAITING:
        return trial if trial.ended is not None and trial.ended <= moment else None
    return replace(
        trial,
        status=TrialStatus.WAITING,
        reason=None,
        message="",
        values=None,
        metrics={},
        final={},
        effective={},
        total_steps=None,
        last_step=None,
        progress=None,
        peak_memory_gb=None,
        facts={},
        started=None,
        ended=None,
        seconds=0.0,
        attempts=0,
    )


def _was_resumed(record: ReportData, moment: float) -> bool:
    """Return whether a trial that had begun by then went on later."""
    begun = {trial.number for trial in record.view.trials if trial.started is not None and trial.started <= moment}
    return any(attempt.started > moment for number in begun for attempt in record.attempts.get(number, ()))
