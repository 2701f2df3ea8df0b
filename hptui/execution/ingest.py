"""Copy an attempt's `events.jsonl` into the store: rows and read offset in one transaction, so exactly once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from hptui.core.masking import mask_text
from hptui.core.study import Study
from hptui.core.trial import FROM_STEP, FROM_TRIAL, AttemptState
from hptui.execution.attempt_files import (
    INVALID_LINE_ERRORS,
    event_number,
    finite,
    nonfinite_kind,
    parse_event,
    quote,
    whole,
)
from hptui.execution.bulkhead import is_machine_trouble
from hptui.execution.fingerprint import record_changes
from hptui.execution.running_attempt import RunningAttempt
from hptui.execution.shared_time import record_share
from hptui.search.pruners import counts_reports
from hptui.store.crash_points import crash_point
from hptui.store.filesystem import InvalidRecord
from hptui.store.metric_points import MAX_METRIC_NAME_LENGTH, MetricPoint
from hptui.store.recorded import EventKind
from hptui.store.safe_reading import read_lines
from hptui.store.store import Store

log = logging.getLogger(__name__)

MAX_METRICS = 2000
"""Metrics of one trial; further names are left out."""
MAX_STEP = 1 << 62
"""Bound of steps, so that they fit SQLite's 64-bit integers."""
PROGRESS_METRIC = "progress"
"""Metric under which the progress that a trainer reports itself is stored."""
MAX_SUSPECTS = 20
"""Invalid lines of an attempt that are recorded one by one; the file keeps them all."""
MAX_MISSING_EVENTS = 1 << 20
"""Most events that may be missing between two lines; a larger number is an invalid line."""


_Saved = tuple[int, int, int | None, float | None, dict[str, list[tuple[float, float]]]]
"""Offset, sequence, step, progress and curves of an attempt."""


def _copy(curves: Mapping[str, list[tuple[float, float]]]) -> dict[str, list[tuple[float, float]]]:
    return {name: list(curve) for name, curve in curves.items()}


class EventReader:
    """Reads events of one study's attempts into its store.

    `objectives` are the metrics whose curves pruners use; with `counting` these are curves over reports, not over
    progress.
    """

    def __init__(self, store: Store, objectives: Collection[str], *, counting: bool = False) -> None:
        self._store = store
        self._objectives = frozenset(objectives)
        self.counting = counting
        self._names: dict[int, set[str]] = {}
        self._refused: dict[int, set[str]] = {}
        self._uncommitted: list[tuple[RunningAttempt, _Saved]] = []

    def drain(self, live: RunningAttempt, seconds: float = 0.0) -> bool:
        """Commit what the attempt has written since the last call; return True when all is read.

        That is one batch, or as many as start within `seconds` once it has ended.
        """
        deadline = time.monotonic() + seconds
        while self._batch(live, final=seconds > 0):
            if time.monotonic() >= deadline:
                return False
        return True

    def committed(self) -> None:
        """Follow the commit of a transaction around calls of `drain`."""
        if self._uncommitted:
            self._uncommitted.clear()
            crash_point("ingest.committed")

    def rolled_back(self) -> None:
        """Take back what `drain` has noted of attempts since the last commit: all of it is read again."""
        for live, saved in reversed(self._uncommitted):
            live.offset, live.sequence, live.step, live.progress, live.curves = saved
        self._uncommitted.clear()

    def _batch(self, live: RunningAttempt, *, final: bool) -> bool:
        lines, offset = read_lines(live.run.events, live.offset)
        if lines and not final and _runs_ahead(lines, live.sequence):
            offset -= len(lines.pop()) + 1
        if offset == live.offset:
            return False
        if not self._store.connection.handle.in_transaction:
            self._uncommitted.clear()
        self._uncommitted.append((live, (live.offset, live.sequence, live.step, live.progress, _copy(live.curves))))
        try:
            self._commit(live, lines, offset)
        except Exception as error:
            if is_machine_trouble(error):
                raise
            log.exception("trial %d: a batch of events cannot be recorded; it is taken line by line", live.trial.number)
            self._commit_singly(live, lines, offset)
        live.offset = offset
        return True

    def _commit_singly(self, live: RunningAttempt, lines: list[bytes], end: int) -> None:
        """Commit a batch in which something cannot be recorded, and leave out only the lines that cannot."""
        offset = live.offset
        for line in lines:
            offset = min(end, offset + len(line) + 1)
            try:
                self._commit(live, [line], offset)
            except Exception as error:
                if is_machine_trouble(error):
                    raise
                with self._store.transaction():
                    self._suspect(live, f"an event is left out: {type(error).__name__}: {error}", line)
                    live.sequence += event_number(line) == live.sequence + 1  # left out, but not missing
                    trial, n = live.trial.number, live.attempt.n
                    self._store.ingest(live.attempt.token, trial, n, (), offset=offset, sequence=live.sequence)

    def _commit(self, live: RunningAttempt, lines: list[bytes], offset: int) -> None:
        saved = live.sequence, live.step, live.progress, _copy(live.curves)
        points: list[MetricPoint] = []
        number, n = live.trial.number, live.attempt.n
        try:
            with self._store.transaction():
                for line, following in zip(lines, [*lines[1:], b""], strict=True):
                    self._line(live, line, following, points)
                self._store.ingest(live.attempt.token, number, n, points, offset=offset, sequence=live.sequence)
                if points:
                    self._store.update_trial(number, last_step=live.step, progress=live.progress)
        except BaseException:  # the transaction was rolled back, so the fields in memory must be, too
            live.sequence, live.step, live.progress, live.curves = saved
            raise

    def _line(self, live: RunningAttempt, line: bytes, following: bytes, points: list[MetricPoint]) -> None:
        try:
            event = parse_event(line)
            if event.number > live.sequence + MAX_MISSING_EVENTS:
                raise ValueError(f"event {event.number} cannot come after event {live.sequence}")
        except INVALID_LINE_ERRORS as error:
            self._suspect(live, f"a line of events.jsonl cannot be read: {error}", line)
            return
        if event.number <= live.sequence:
            return
        number = event.number
        if number != live.sequence + 1:
            if event_number(following) == live.sequence + 1:  # written between two others by somebody else
                self._suspect(live, f"an event that is none of this attempt has the number {number}", line)
                return
            if event_number(following) == live.sequence + 2:  # believed, it would hide all up to its number
                self._suspect(live, f"event {live.sequence + 1} has the number {number}", line)
                number = live.sequence + 1
            else:
                self._suspect(live, f"events {live.sequence + 1} to {number - 1} are missing")
        live.sequence = number
        live.active_seconds, live.seen_at = event.seconds, time.monotonic()
        if event.kind != "heartbeat":
            live.last_event_at, live.hang_reported = live.seen_at, False
        try:
            if event.kind == "metrics":
                self._metrics(live, event.fields, points)
            elif event.kind == "retract":
                self._retract(live, mask_text(str(event.fields["metric"])), points)
            elif handler := EVENT_HANDLERS.get(event.kind):
                with self._store.transaction():  # undone alone when the handler raises
                    handler(self._store, live, event.fields)
        except (*INVALID_LINE_ERRORS, InvalidRecord) as error:
            what = f"event {number} ({quote(event.kind.encode())}) is left out: {type(error).__name__}: {error}"
            self._suspect(live, what, line)

    def _suspect(self, live: RunningAttempt, message: str, line: bytes = b"") -> None:
        """Record what cannot be right in an attempt's events, with the line as it stands there."""
        live.suspects += 1
        if live.suspects > MAX_SUSPECTS:
            return
        message += f": {quote(line)}" if line else ""
        if live.suspects == MAX_SUSPECTS:
            message += "; further ones are not recorded"
        log.warning("trial %d: %s", live.trial.number, message)
        self._store.add_event("warning", EventKind.SUSPECT, message, live.trial.number)

    def _metrics(self, live: RunningAttempt, event: Mapping[str, Any], points: list[MetricPoint]) -> None:
        step, seconds = int(event["step"]), live.trial.seconds + event["t"]
        if not -MAX_STEP < step < MAX_STEP:
            self._suspect(live, f"step {step} is no step")
            return
        nonfinite, subs = event.get("nonfinite") or {}, event.get("sub") or {}
        names = self._names.setdefault(live.trial.number, set())
        live.step = step
        live.allowance = 0.0
        live.progress = live.progress_at(step, event.get("progress"))
        live.has_new_values = True
        if event.get("progress") is not None and live.progress is not None:
            # Stored, since a later runner needs it for the curves.
            points.append((PROGRESS_METRIC, step, live.progress, None, seconds))
        for name, value in event["m"].items():
            name = mask_text(name) if name not in names else name
            if name not in names and not self._new_name(live, name, names):
                continue
            kind = nonfinite_kind(nonfinite.get(name, "nan")) if value is None else None
            number = float(value if kind is None else kind)
            points.append((name, step, None if kind else number, kind, seconds, int(subs.get(name, 0))))
            live.latest[name] = number
            if live.progress is None:
                live.measured_at.pop(name, None)
            else:
                live.measured_at[name] = live.progress
            if (
                name in self._objectives
                and (position := live.next_report(name) if self.counting else live.progress) is not None
            ):
                live.extend(name, position, number)

    def _retract(self, live: RunningAttempt, metric: str, points: list[MetricPoint]) -> None:
        """Delete what this attempt has reported of a metric, in the store and in this batch."""
        points[:] = [point for point in points if point[0] != metric]
        self._store.delete_metric(live.trial.number, metric, live.attempt.n)
        live.latest.pop(metric, None)
        live.curves.pop(metric, None)

    def _new_name(self, live: RunningAttempt, name: str, names: set[str]) -> bool:
        """Return True when a metric's name is accepted; record a refused one once."""
        if len(names) >= MAX_METRICS:
            return False
        if not 0 < len(name) <= MAX_METRIC_NAME_LENGTH:
            refused = self._refused.setdefault(live.trial.number, set())
            if name[:MAX_METRIC_NAME_LENGTH] not in refused and len(refused) < MAX_METRICS:
                message = f"a metric's name has 1 to {MAX_METRIC_NAME_LENGTH} characters; {name[:60]!r} is left out"
                self._suspect(live, message)
                refused.add(name[:MAX_METRIC_NAME_LENGTH])
            return False
        names.add(name)
        if len(names) == MAX_METRICS:
            self._suspect(live, f"more than {MAX_METRICS} metrics; further names are left out")
        return True


def _runs_ahead(lines: list[bytes], sequence: int) -> bool:
    """Return whether the last line leaves a gap, so that only the line after it tells what it is worth."""
    before = (event_number(lines[-2]) if len(lines) > 1 else None) or sequence
    return (event_number(lines[-1]) or 0) > before + 1


def event_reader_for(store: Store, study: Study) -> EventReader:
    """Return the reader of a study's attempts."""
    metrics = [objective.metric for objective in study.objectives]
    return EventReader(store, metrics, counting=counts_reports(study.search.pruner, study.directory))


def _hello(store: Store, live: RunningAttempt, event: Mapping[str, Any]) -> None:
    """Record that the worker runs.

    Points after the step that it resumes from belong to lost work of an earlier attempt, and are deleted.
    """
    resumed = None if event.get("resumed_step") is None else whole(int(event["resumed_step"]), -MAX_STEP, MAX_STEP)
    if live.attempt.n > 1:
        store.delete_points_after(live.trial.number, resumed)
    live.earlier_seconds = live.trial.seconds if resumed is not None else 0.0
    environment = {**live.attempt.environment, **(event.get("environment") or {})}
    store.update_attempt(live.attempt.token, state=AttemptState.RUNNING, resumed_step=resumed, environment=environment)
    record_changes(store, live.trial.number, environment)
    if resumed is not None:
        store.add_event("info", EventKind.RESUMED, f"continues after step {resumed}", live.trial.number)
    _total(store, live, {"steps": event.get("total_steps")})


def _environment(store: Store, live: RunningAttempt, event: Mapping[str, Any]) -> None:
    """Record what the training reports of its environment after it has begun."""
    [attempt] = [row for row in store.read.attempts(live.trial.number) if row.token == live.attempt.token]
    store.update_attempt(attempt.token, environment={**attempt.environment, **event["environment"]})
    record_changes(store, live.trial.number, event["environment"])


def _total(store: Store, live: RunningAttempt, event: Mapping[str, Any]) -> None:
    if event.get("steps"):
        live.total_steps = whole(int(event["steps"]), 1, MAX_STEP)
        store.update_trial(live.trial.number, total_steps=live.total_steps)
    elif event.get("steps") == 0:  # taken back
        live.total_steps = None
        store.update_trial(live.trial.number, total_steps=None)


def _phase(store: Store, live: RunningAttempt, event: Mapping[str, Any]) -> None:
    live.allowance = finite(event.get("allow") or 0.0)


def _checkpoint(store: Store, live: RunningAttempt, event: Mapping[str, Any]) -> None:
    number, kept = live.trial.number, set(event.get("kept") or ())
    with store.transaction():
        store.add_checkpoint(number, int(event["step"]), live.attempt.n, str(event["path"]), int(event["bytes"]))
        for checkpoint in store.read.checkpoints(number) if kept else ():
            if checkpoint.step not in kept:
                store.delete_checkpoint(number, checkpoint.step)


def _effective(store: Store, live: RunningAttempt, event: Mapping[str, Any]) -> None:
    recorded = dict(store.read.trial(live.trial.number).effective)
    store.update_trial(live.trial.number, effective={**recorded, **event["settings"]})


def _facts(store: Store, live: RunningAttempt, event: Mapping[str, Any]) -> None:
    recorded = dict(store.read.trial(live.trial.number).facts)
    reported = {name: value for name, value in event["facts"].items() if name not in (FROM_TRIAL, FROM_STEP)}
    store.update_trial(live.trial.number, facts={**recorded, **reported})


def _artifact(store: Store, live: RunningAttempt, event: Mapping[str, Any]) -> None:
    store.add_artifact(live.trial.number, live.attempt.n, str(event["path"]), str(event.get("label") or ""))


def _warning(store: Store, live: RunningAttempt, event: Mapping[str, Any]) -> None:
    store.add_event("warning", EventKind.TRAINER, str(event["message"]), live.trial.number)


EVENT_HANDLERS: dict[str, Callable[[Store, RunningAttempt, Mapping[str, Any]], None]] = {
    "hello": _hello,
    "total": _total,
    "phase": _phase,
    "checkpoint": _checkpoint,
    "environment": _environment,
    "effective": _effective,
    "facts": _facts,
    "artifact": _artifact,
    "warning": _warning,
    "progressed": record_share,
}
"""Event kind -> what to record. Kinds `metrics` and `retract` are handled in `EventReader`, heartbeats need nothing."""
