"""Record the end of an attempt: read its run directory, classify it, and commit in one durable transaction.

`reconcile` does so for attempts that ended while no runner lived. The caller holds the study's lock."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from hptui.core.study import Study
from hptui.core.trial import Attempt, AttemptState, Reason, Trial, TrialStatus
from hptui.execution.classify_exit import AttemptEnd, ExitFacts, classify_exit, objective_values
from hptui.execution.executor import Executor, LaunchRecord, State, find_executor
from hptui.execution.ingest import INVALID_LINE_ERRORS, event_reader_for
from hptui.execution.probe import executor_name
from hptui.execution.running_attempt import RunningAttempt
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.run_directory import MAX_EVENT_BYTES, RunDir, join_nonfinite, read_json
from hptui.store.store import Store

log = logging.getLogger(__name__)

LOG_TAIL_BYTES = 16 * 1024  # bytes
LOG_TAIL_LINES = 20
"""Lines of a log that are shown by default."""


def last_event(run: RunDir) -> dict[str, Any] | None:
    """Return the last complete event of an attempt; None when there is none."""
    return next(_events_backwards(run), None)


def end_event(run: RunDir) -> dict[str, Any] | None:
    """Return the end event of an attempt; None when it has none or its fields are not valid.

    Heartbeats may follow it in the file.
    """
    event = next((event for event in _events_backwards(run) if event["k"] != "heartbeat"), None)
    if event is None or event["k"] != "end":
        return None
    try:
        TrialStatus(event["status"]), Reason(event["reason"])
        join_nonfinite(event.get("m") or {}, event.get("nonfinite") or {})
        float(event.get("peak_gpu_gb") or 0.0), float(event.get("peak_rss_gb") or 0.0)
    except INVALID_LINE_ERRORS:
        return None
    return event


def _events_backwards(run: RunDir) -> Iterator[dict[str, Any]]:
    """Yield the events at the end of an attempt's file, the last one first; skip invalid lines."""
    tail = _tail(run.events, 2 * MAX_EVENT_BYTES)
    for line in reversed(tail[: tail.rfind(b"\n") + 1].splitlines()):
        try:
            event = json.loads(line)
            event["k"], float(event["t"])
        except INVALID_LINE_ERRORS:
            continue
        yield event


def log_tail(run: RunDir, lines: int = LOG_TAIL_LINES) -> list[str]:
    """Return the last lines that a worker printed, without empty ones."""
    text = _tail(run.log, LOG_TAIL_BYTES).decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()][-lines:]


def _tail(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - size))
            return file.read()
    except OSError:
        return b""


def finalize_attempt(store: Store, study: Study, live: RunningAttempt, state: State) -> AttemptEnd:
    """Commit how an attempt ended that is gone by `state`, and return it.

    The caller has collected it, so that nobody can write to it any more, and has ingested everything that it wrote.
    """
    end = end_event(live.run)
    exit_facts = read_json(live.run.exit)
    facts = ExitFacts(
        end=end,
        exit=exit_facts if isinstance(exit_facts, dict) else None,
        asked=live.requested_end,
        rebooted=state.proof == "boot",
        last_line=next(iter(log_tail(live.run, 1)), ""),
    )
    ending = classify_exit(facts)
    ending = replace(ending, message=ending.message or live.end_message)
    final = join_nonfinite(end.get("m") or {}, end.get("nonfinite") or {}) if end else {}
    crash_point("before_finish")
    with store.transaction(durable=True):
        ending, values = _objective_outcome(store, study, live, ending, final)
        _close_attempt(store, live, ending, facts)
        _close_trial(store, study, live, ending, values, final)
    crash_point("after_finish")
    return ending


def _objective_outcome(
    store: Store, study: Study, live: RunningAttempt, ending: AttemptEnd, final: Mapping[str, float]
) -> tuple[AttemptEnd, dict[str, float] | None]:
    """Turn a completed attempt into a failure if its objective has no finite value; add its values."""
    if ending.status is not TrialStatus.COMPLETE:
        return ending, None
    summary = store.read.metric_summaries(live.trial.number)
    values, reason, message = objective_values(study.objectives, summary, final)
    if reason is None:
        return ending, values
    return AttemptEnd(AttemptState.FAILED, TrialStatus.FAILED, reason, message), None


def _close_attempt(store: Store, live: RunningAttempt, ending: AttemptEnd, facts: ExitFacts) -> None:
    exit_facts = facts.exit or {}
    seconds = exit_facts.get("seconds")
    store.update_attempt(
        live.attempt.token,
        state=ending.attempt,
        reason=ending.reason,
        message=ending.message,
        ended=exit_facts.get("ended") or time.time(),
        seconds=float(seconds) if seconds is not None else live.active_seconds,
        exit_code=exit_facts.get("code"),
        exit_signal=exit_facts.get("signal"),
        **_memory_use(store, live.attempt.token, facts),
    )


def _memory_use(store: Store, token: str, facts: ExitFacts) -> dict[str, float]:
    """Return peak and mean memory (GiB) of an attempt.

    Means are of samples; the peak also uses the worker's own figure, which catches peaks between samples.
    """
    end, exit_facts, samples = facts.end or {}, facts.exit or {}, store.read.samples(token)
    gpu = [sample.gpu_gb for sample in samples if sample.gpu_gb is not None]
    rss = [sample.rss_gb for sample in samples if sample.rss_gb is not None]
    measured = {
        "peak_gpu_gb": max([*gpu, *filter(None, [end.get("peak_gpu_gb")])], default=None),
        "mean_gpu_gb": fmean(gpu) if gpu else None,
        "peak_rss_gb": max(
            [*rss, *filter(None, [end.get("peak_rss_gb"), exit_facts.get("peak_rss_gb")])], default=None
        ),
        "mean_rss_gb": fmean(rss) if rss else None,
    }
    return {name: value for name, value in measured.items() if value is not None}


def _close_trial(
    store: Store,
    study: Study,
    live: RunningAttempt,
    ending: AttemptEnd,
    values: Mapping[str, float] | None,
    final: Mapping[str, float],
) -> None:
    number = live.trial.number
    seconds = sum(attempt.seconds for attempt in store.read.attempts(number))
    status, reason = ending.status, ending.reason
    if status is None:
        status, reason = _after_loss(store, study, number, reason)
    fields: dict[str, Any] = {"status": status, "seconds": seconds, "message": ending.message}
    if status is TrialStatus.WAITING:
        fields |= {"reason": None}
    else:
        fields |= {"reason": reason, "values": values, "final": dict(final)}
        if status is not TrialStatus.PAUSED:
            # If the clock was set back: failures before `since` are not counted, and this one must be.
            fields |= {"ended": max(time.time(), float(store.read.get_meta(MetaKey.SINCE) or 0.0))}
    store.update_trial(number, **fields)
    store.add_event(
        _event_level(status), EventKind.of_trial(status), _end_message(status, replace(ending, reason=reason)), number
    )


def _after_loss(store: Store, study: Study, number: int, reason: Reason) -> tuple[TrialStatus, Reason]:
    """Return the status and reason of a trial whose attempt the machine lost: it waits to run again.

    It fails after more than `lost_retries` losses in a row without a new checkpoint.
    """
    losses = 0
    attempts_with_checkpoint = {checkpoint.attempt for checkpoint in store.read.checkpoints(number)}
    for attempt in reversed(store.read.attempts(number)):
        if attempt.reason is None or not attempt.reason.is_machine_loss or attempt.n in attempts_with_checkpoint:
            break
        losses += 1
    if losses > study.resources.lost_retries:
        return TrialStatus.FAILED, reason
    return TrialStatus.WAITING, reason


def _event_level(status: TrialStatus) -> str:
    return "error" if status is TrialStatus.FAILED else "info"


def _end_message(status: TrialStatus, ending: AttemptEnd) -> str:
    if status is TrialStatus.WAITING:
        cause = f"lost ({ending.reason})" if ending.reason.is_machine_loss else "paused"
        return f"{cause}, runs again: {ending.message}"
    return f"{status} ({ending.reason})" + (f": {ending.message}" if ending.message else "")


POLL_S = 0.05  # seconds
MAX_READ_S = 3600.0
"""Time for reading the rest of an attempt's events: long, since nothing else waits."""


def restore_attempt(sd: StudyDir, attempt: Attempt, trial: Trial, executor: Executor) -> RunningAttempt:
    """Return an attempt of an earlier runner, restored from its row, its run directory and its executor."""
    run = RunDir(sd.attempt(attempt.trial, attempt.n))
    handle = executor.adopt(LaunchRecord(attempt.token, run, attempt.device, attempt.boot_id))
    live = RunningAttempt(attempt, trial, run, handle, offset=attempt.offset, sequence=attempt.sequence)
    live.requested_end, live.end_message = attempt.asked, attempt.message
    live.earlier_seconds = trial.seconds if attempt.resumed_step is not None else 0.0
    live.total_steps, live.step, live.progress = trial.total_steps, trial.last_step, trial.progress
    last = last_event(run)
    live.active_seconds = float(last["t"]) if last else 0.0
    return live


def reconcile(sd: StudyDir, store: Store, study: Study, seconds: float) -> list[int]:
    """Record every attempt that has ended, waiting up to `seconds` for the others.

    Returns the numbers of the trials that still run.
    """
    ingest, deadline = event_reader_for(store, study), time.monotonic() + seconds
    executors: dict[str, Executor] = {}
    while True:
        running = []
        for attempt in store.read.attempts(open=True):
            name = executor_name(RunDir(sd.attempt(attempt.trial, attempt.n)))
            executor = executors.setdefault(name, find_executor(name))
            live = restore_attempt(sd, attempt, store.read.trial(attempt.trial), executor)
            state = live.handle.state()
            if not state.gone:
                running.append(attempt.trial)
                continue
            live.handle.collect()
            ingest.drain(live, MAX_READ_S)
            finalize_attempt(store, study, live, state)
            live.handle.forget()
        if not running or time.monotonic() > deadline:
            for executor in executors.values():
                executor.close()
            return running
        time.sleep(POLL_S)  # no runner lives that could wait for the executor's descriptors
