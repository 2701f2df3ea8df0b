"""Record the end of an attempt: read its run directory, classify it, and commit in one durable transaction.

The caller holds the study's lock."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from statistics import fmean
from typing import Any

from hptui.core.study import Study
from hptui.core.trial import SECONDS_ALONE, Attempt, AttemptState, Reason, TrialStatus
from hptui.execution.attempt_files import log_tail, read_ending
from hptui.execution.classify_exit import END_BY_REQUEST, AttemptEnd, ExitFacts, classify_exit, objective_values
from hptui.execution.executor import State
from hptui.execution.gpu_record import GPU_PEAKS, MEAN_CLOCK, SLOWED_BY, gpu_uuids
from hptui.execution.packing import is_blameless
from hptui.execution.rungs import record_rung
from hptui.execution.running_attempt import RunningAttempt
from hptui.execution.shared_time import is_hosted, own_seconds
from hptui.store.crash_points import crash_point
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import Store

MAX_LIMITS = 2
"""Jobs of a trial in a row that may come to their time limit without a new checkpoint."""


def finalize_attempt(store: Store, study: Study, live: RunningAttempt, state: State) -> AttemptEnd:
    """Commit how an attempt ended that is gone by `state`, and return it.

    The caller has collected it, so that nobody can write to it any more, and has ingested everything that it wrote.
    """
    remains = read_ending(live.run)
    facts = ExitFacts(
        end=remains.event,
        exit=remains.exit,
        asked=live.requested_end,
        rebooted=state.proof == "boot",
        why=state.why if state.place else "",
        last_line=next(iter(log_tail(live.run, 1)), ""),
        unreadable=remains.event_problem or remains.exit_problem,
        notice=remains.notice,
        never=state.proof == "never",
    )
    ending = classify_exit(facts)
    ending = replace(ending, message=_message_of_request(ending, live.end_message))
    if ending.reason is Reason.GPU_FAULT and not gpu_uuids(live.attempt):  # a program that wants a GPU and got none
        ending = AttemptEnd(AttemptState.FAILED, TrialStatus.FAILED, Reason.CRASH, ending.message)
    final = remains.event["final"] if remains.event else {}
    crash_point("before_finish")
    with store.transaction(durable=True):
        for problem in filter(None, (*remains.problems, remains.event_problem, remains.exit_problem)):
            if problem != ending.message:
                store.add_event("warning", EventKind.SUSPECT, problem, live.trial.number)
        ending, values = _objective_outcome(store, study, live, ending, final)
        _close_attempt(store, live, ending, facts)
        _close_trial(store, study, live, ending, values, final)
    return ending


def fail_attempt(store: Store, attempt: Attempt, seconds: float, message: str) -> AttemptEnd:
    """Commit that an attempt failed because what it left cannot be read, without reading any of it."""
    ending = AttemptEnd(AttemptState.FAILED, TrialStatus.FAILED, Reason.UNREADABLE, message)
    failed = {"reason": ending.reason, "message": message, "ended": time.time()}
    seconds = seconds if math.isfinite(seconds) else 0.0
    with store.transaction(durable=True):
        store.update_attempt(attempt.token, state=ending.attempt, seconds=seconds, **failed)
        if store.read.trial(attempt.trial).status.open:  # nothing that has ended is ended again
            store.update_trial(attempt.trial, status=TrialStatus.FAILED, **failed)
        store.add_event("error", EventKind.TRIAL_FAILED, _end_message(TrialStatus.FAILED, ending), attempt.trial)
    return ending


def fence_attempt(
    store: Store, study: Study, attempt: Attempt, seconds: float, why: str, asked: str = ""
) -> AttemptEnd:
    """Commit that an attempt is given up although it may live on: from here on nothing of it counts.

    Its trial runs again, unless it was asked to end: then it has. What the attempt wrote is not read any more.
    """
    requested = END_BY_REQUEST.get(asked)
    ending = AttemptEnd(AttemptState.LOST, requested[1] if requested else None, Reason.FENCED, why)
    with store.transaction(durable=True):
        ended = {"state": ending.attempt, "reason": Reason.FENCED, "message": why, "ended": time.time()}
        store.update_attempt(attempt.token, seconds=seconds, **ended)
        status, reason = ending.status, requested[2] if requested else Reason.FENCED
        if status is None:
            status, reason = _after_loss(store, study, attempt.trial, Reason.FENCED)
        waits = status is TrialStatus.WAITING
        fields: dict[str, Any] = {"status": status, "reason": None if waits else reason, "message": why}
        if status not in (TrialStatus.WAITING, TrialStatus.PAUSED):
            fields |= {"ended": time.time()}
        store.update_trial(attempt.trial, **fields)
        text = f"attempt {attempt.n} is given up, its results never count: {why}"
        store.add_event("warning", EventKind.FENCED, text, attempt.trial)
    return replace(ending, status=status, reason=reason)


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
        seconds=seconds if seconds is not None else live.active_seconds,
        exit_code=exit_facts.get("code"),
        exit_signal=exit_facts.get("signal"),
        **({} if is_hosted(live.run) else _memory_use(store, live.attempt.token, facts)),
        **_gpu_record(store, live),
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


def _gpu_record(store: Store, live: RunningAttempt) -> dict[str, Any]:
    """Return what the end adds to the record of GPUs: their clocks, and the peak (GiB) of each of several.

    Times of attempts compare only where the clocks do.
    """
    clocks = [sample.mhz for sample in store.read.samples(live.attempt.token) if sample.mhz is not None]
    added: dict[str, Any] = {}
    if len(live.gpu_peaks) > 1:
        added[GPU_PEAKS] = {uuid: round(size, 3) for uuid, size in live.gpu_peaks.items()}
    if clocks:
        added[MEAN_CLOCK] = round(fmean(clocks))
    if live.slowed_by:
        added[SLOWED_BY] = ", ".join(live.slowed_by)
    if not added:
        return {}
    recorded = next(a for a in store.read.attempts(live.trial.number) if a.token == live.attempt.token)
    return {"environment": {**recorded.environment, **added}}


def _close_trial(
    store: Store,
    study: Study,
    live: RunningAttempt,
    ending: AttemptEnd,
    values: Mapping[str, float] | None,
    final: Mapping[str, float],
) -> None:
    number = live.trial.number
    attempts = store.read.attempts(number)
    seconds = sum(attempt.seconds for attempt in attempts)
    status, reason = ending.status, ending.reason
    if status is None:
        status, reason = _after_loss(store, study, number, reason)
        if reason is Reason.TIMEOUT:
            text = (
                f"{ending.message} {MAX_LIMITS} times without a checkpoint: it needs more time, or a checkpoint earlier"
            )
            ending = replace(ending, message=text)
    if reason is Reason.RUNG:
        ending = replace(ending, message=record_rung(store, study, number) or ending.message)
    fields: dict[str, Any] = {"status": status, "seconds": seconds, "message": ending.message}
    if (own := own_seconds(attempts)) is not None:
        fields |= {"facts": {**store.read.trial(number).facts, SECONDS_ALONE: own}}
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

    It fails after more than `lost_retries` losses in a row without a new checkpoint, or `MAX_LIMITS` by the time limit
    of its job. One by a process that it shared with others is not counted.
    """
    losses = limits = 0
    attempts = [attempt for attempt in store.read.attempts(number) if not is_blameless(attempt)]
    attempts_with_checkpoint = {checkpoint.attempt for checkpoint in store.read.checkpoints(number)}
    for attempt in reversed(attempts):
        if attempt.reason is None or not attempt.reason.is_machine_loss or attempt.n in attempts_with_checkpoint:
            break
        losses += 1
        limits += attempt.reason is Reason.LIMIT
    if limits >= MAX_LIMITS:
        return TrialStatus.FAILED, Reason.TIMEOUT
    if losses > study.resources.lost_retries:
        return TrialStatus.FAILED, reason
    return TrialStatus.WAITING, reason


def _event_level(status: TrialStatus) -> str:
    return "error" if status is TrialStatus.FAILED else "info"


def _message_of_request(ending: AttemptEnd, message: str) -> str:
    """Return how an attempt ended, else why it was asked to; one that finished first did not end for that."""
    if message and ending.attempt is AttemptState.FAILED and ending.reason in (Reason.TIMEOUT, Reason.HUNG):
        return f"it ran {message}" if ending.reason is Reason.TIMEOUT else message  # with the limit
    if ending.message:
        return ending.message
    finished_first = ending.attempt is AttemptState.DONE and ending.reason is Reason.FINISHED and message
    return f"it finished before it could be ended: {message}" if finished_first else message


def _end_message(status: TrialStatus, ending: AttemptEnd) -> str:
    if status is TrialStatus.WAITING:
        cause = f"lost ({ending.reason})" if ending.reason.is_machine_loss else "paused"
        return f"{cause}, runs again: {ending.message}"
    return f"{status} ({ending.reason})" + (f": {ending.message}" if ending.message else "")
