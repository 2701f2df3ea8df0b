"""From an attempt's `events.jsonl` into the store: rows and the offset read so far in one transaction, exactly once."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from hptui.model.study import Study
from hptui.model.trial import FROM_STEP, FROM_TRIAL, AttemptState
from hptui.running import drift
from hptui.running.live import Live
from hptui.storage.crashpoints import crash_point
from hptui.storage.points import NAME_LIMIT, Point
from hptui.storage.rundir import read_lines
from hptui.storage.store import Store

log = logging.getLogger(__name__)

MAX_METRICS = 2000
MAX_STEP = 1 << 62
PROGRESS = "progress"
"""The metric that keeps what a trainer says of its progress in so many words."""
UNUSABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What a line that no worker of ours wrote may lead to: it is said, and costs no other line."""


class Ingest:
    """Reads attempts of one study. `objectives` are the metrics whose curves pruners look at.

    `counting`: these curves are over reports, and not over progress.
    """

    def __init__(self, store: Store, objectives: Collection[str], *, counting: bool = False) -> None:
        self._store = store
        self._objectives = frozenset(objectives)
        self._counting = counting
        self._names: dict[int, set[str]] = {}

    def drain(self, live: Live, seconds: float = 0.0) -> bool:
        """Commit what the attempt has written since, one batch or as many as fit into `seconds`; True: all is read."""
        deadline = time.monotonic() + seconds
        while self._batch(live):
            if time.monotonic() >= deadline:
                return False
        return True

    def _batch(self, live: Live) -> bool:
        lines, offset = read_lines(live.run.events, live.offset)
        if offset == live.offset:
            return False
        before = live.sequence, live.step, live.progress, {name: list(curve) for name, curve in live.curves.items()}
        try:
            self._commit(live, lines, offset)
        except BaseException:  # rolled back: what we remember must be rolled back, too
            live.sequence, live.step, live.progress, live.curves = before
            raise
        crash_point("ingest.committed")
        live.offset = offset
        return True

    def _commit(self, live: Live, lines: list[bytes], offset: int) -> None:
        points: list[Point] = []
        number, n = live.trial.number, live.attempt.n
        with self._store.transaction():
            for line in lines:
                self._line(live, line, points)
            self._store.ingest(live.attempt.token, number, n, points, offset=offset, sequence=live.sequence)
            if points:
                self._store.update_trial(number, last_step=live.step, progress=live.progress)

    def _line(self, live: Live, line: bytes, points: list[Point]) -> None:
        try:
            event = json.loads(line)
            number, kind, seconds = int(event["q"]), str(event["k"]), float(event["t"])
        except UNUSABLE:
            self._suspect(live, f"a line of events.jsonl cannot be read: {line[:80]!r}")
            return
        if number <= live.sequence:
            return
        if number != live.sequence + 1:
            self._suspect(live, f"events {live.sequence + 1} to {number - 1} are missing")
        live.sequence = number
        live.activity, live.seen_at = seconds, time.monotonic()
        if kind != "heartbeat":
            live.moved, live.hang_told = live.seen_at, False
        try:
            if kind == "metrics":
                self._metrics(live, event, points)
            elif kind == "retract":
                self._retract(live, str(event["metric"]), points)
            elif handler := HANDLERS.get(kind):
                handler(self._store, live, event)
        except UNUSABLE as error:
            self._suspect(live, f"event {number} ({kind}) is left out: {type(error).__name__}: {error}")

    def _suspect(self, live: Live, message: str) -> None:
        log.warning("trial %d: %s", live.trial.number, message)
        self._store.event("warning", "suspect", message, live.trial.number)

    def _metrics(self, live: Live, event: Mapping[str, Any], points: list[Point]) -> None:
        step, seconds = int(event["step"]), live.trial.seconds + float(event["t"])
        if not -MAX_STEP < step < MAX_STEP:
            self._suspect(live, f"step {step} is no step")
            return
        odd = event.get("nonfinite") or {}
        names = self._names.setdefault(live.trial.number, set())
        live.step = step
        live.allowance = 0.0
        live.progress = live.progress_at(step, event.get("progress"))
        live.fresh = True
        if event.get("progress") is not None and live.progress is not None:
            points.append((PROGRESS, step, live.progress, None, seconds))  # a later runner must know it, too
        for name, value in event["m"].items():
            if name not in names and not self._new_name(live, name, names):
                continue
            kind = odd.get(name, "nan") if value is None else None
            number = float(value if kind is None else kind)
            points.append((name, step, None if kind else number, kind, seconds))
            live.latest[name] = number
            if (
                name in self._objectives
                and (place := live.count(name) if self._counting else live.progress) is not None
            ):
                live.extend(name, place, number)

    def _retract(self, live: Live, metric: str, points: list[Point]) -> None:
        """Forget a metric's points: those on record, and those of this batch."""
        points[:] = [point for point in points if point[0] != metric]
        self._store.drop_metric(live.trial.number, metric)
        live.latest.pop(metric, None)
        live.curves.pop(metric, None)

    def _new_name(self, live: Live, name: str, names: set[str]) -> bool:
        """Whether a metric is taken: what is left out is said once."""
        if len(names) >= MAX_METRICS:
            return False
        if not 0 < len(name) <= NAME_LIMIT:
            if name[:NAME_LIMIT] not in names:
                said = f"a metric's name has 1 to {NAME_LIMIT} characters; {name[:60]!r} is left out"
                self._suspect(live, said)
                names.add(name[:NAME_LIMIT])
            return False
        names.add(name)
        if len(names) == MAX_METRICS:
            self._suspect(live, f"more than {MAX_METRICS} metrics; further names are left out")
        return True


def ingest_of(store: Store, study: Study) -> Ingest:
    """The reader of a study's attempts."""
    metrics = [objective.metric for objective in study.objectives]
    return Ingest(store, metrics, counting=study.search.pruner.counts_reports)


def _hello(store: Store, live: Live, event: Mapping[str, Any]) -> None:
    """The worker lives. Points beyond its start belong to what an earlier attempt did in vain."""
    resumed = None if event.get("resumed_step") is None else int(event["resumed_step"])
    if live.attempt.n > 1:
        store.cut_points(live.trial.number, resumed)
    live.before = live.trial.seconds if resumed is not None else 0.0
    environment = {**live.attempt.environment, **(event.get("environment") or {})}
    store.update_attempt(live.attempt.token, state=AttemptState.RUNNING, resumed_step=resumed, environment=environment)
    drift.note(store, live.trial.number, environment)
    if resumed is not None:
        store.event("info", "resumed", f"continues after step {resumed}", live.trial.number)
    _total(store, live, {"steps": event.get("total_steps")})


def _environment(store: Store, live: Live, event: Mapping[str, Any]) -> None:
    """What the training found out of its surroundings after it had begun."""
    [attempt] = [one for one in store.attempts(live.trial.number) if one.token == live.attempt.token]
    store.update_attempt(attempt.token, environment={**attempt.environment, **event["environment"]})
    drift.note(store, live.trial.number, event["environment"])


def _total(store: Store, live: Live, event: Mapping[str, Any]) -> None:
    if event.get("steps"):
        live.total_steps = int(event["steps"])
        store.update_trial(live.trial.number, total_steps=live.total_steps)
    elif event.get("steps") == 0:  # taken back
        live.total_steps = None
        store.update_trial(live.trial.number, total_steps=None)


def _phase(store: Store, live: Live, event: Mapping[str, Any]) -> None:
    live.allowance = float(event.get("allow") or 0.0)


def _checkpoint(store: Store, live: Live, event: Mapping[str, Any]) -> None:
    number, kept = live.trial.number, set(event.get("kept") or ())
    with store.transaction():
        store.add_checkpoint(number, int(event["step"]), live.attempt.n, str(event["path"]), int(event["bytes"]))
        for one in store.checkpoints(number) if kept else ():
            if one.step not in kept:
                store.drop_checkpoint(number, one.step)


def _effective(store: Store, live: Live, event: Mapping[str, Any]) -> None:
    known = dict(store.trial(live.trial.number).effective)
    store.update_trial(live.trial.number, effective={**known, **event["settings"]})


def _facts(store: Store, live: Live, event: Mapping[str, Any]) -> None:
    known = dict(store.trial(live.trial.number).facts)
    said = {name: value for name, value in event["facts"].items() if name not in (FROM_TRIAL, FROM_STEP)}
    store.update_trial(live.trial.number, facts={**known, **said})


def _artifact(store: Store, live: Live, event: Mapping[str, Any]) -> None:
    store.add_artifact(live.trial.number, live.attempt.n, str(event["path"]), str(event.get("label") or ""))


def _warning(store: Store, live: Live, event: Mapping[str, Any]) -> None:
    store.event("warning", "trainer", str(event["message"]), live.trial.number)


HANDLERS: dict[str, Callable[[Store, Live, Mapping[str, Any]], None]] = {
    "hello": _hello,
    "total": _total,
    "phase": _phase,
    "checkpoint": _checkpoint,
    "environment": _environment,
    "effective": _effective,
    "facts": _facts,
    "artifact": _artifact,
    "warning": _warning,
}
