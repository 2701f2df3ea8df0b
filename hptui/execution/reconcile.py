"""Take over attempts of an earlier runner, and record those that ended while no runner lived.

The caller holds the study's lock."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from hptui.core.errors import HptuiError
from hptui.core.study import Study
from hptui.core.trial import Attempt, Trial
from hptui.execution.attempt_files import last_event
from hptui.execution.bulkhead import is_machine_trouble, poison_message
from hptui.execution.executor import Executor, Handle, LaunchRecord, State, find_executor
from hptui.execution.finalize import fail_attempt, finalize_attempt
from hptui.execution.ingest import EventReader, event_reader_for
from hptui.execution.probe import executor_name
from hptui.execution.running_attempt import RunningAttempt
from hptui.store.paths import StudyDir
from hptui.store.records import Sample
from hptui.store.run_directory import RunDir
from hptui.store.store import Store

log = logging.getLogger(__name__)

POLL_S = 0.05  # seconds
MAX_READ_S = 3600.0
"""Time for reading the rest of an attempt's events: long, since nothing else waits."""


class UnreachableHandle:
    """An attempt whose executor cannot be loaded here: nothing is known of it, so nothing is concluded."""

    warm = False

    def __init__(self, record: LaunchRecord, why: str) -> None:
        self.token, self.why = record.token, why

    def state(self) -> State:
        """Return that nobody can be asked."""
        return State("unknown", why=self.why)

    def signal(self, verb: str) -> None:
        """Do nothing: what the command has written to the run directory is all that can be done."""

    def fence(self) -> None:
        """Do nothing: nobody can be asked to."""

    def sync(self) -> None:
        """Do nothing: the run directory stays as it is."""

    def collect(self) -> None:
        """Do nothing: the run directory stays as it is."""

    def usage(self) -> Sample | None:
        """Return None: nothing is measured."""
        return None

    def forget(self) -> None:
        """Do nothing: nothing is held."""

    def close(self) -> None:
        """Do nothing: nothing is held."""


def restore_attempt(
    sd: StudyDir, attempt: Attempt, trial: Trial, executor_of: Callable[[str], Executor]
) -> RunningAttempt:
    """Return an attempt of an earlier runner, restored from its row, its run directory and its executor."""
    run = RunDir(sd.attempt(attempt.trial, attempt.n))
    record = LaunchRecord(attempt.token, run, attempt.device, attempt.boot_id)
    handle: Handle
    try:
        handle = executor_of(executor_name(run)).adopt(record)
    except HptuiError as error:
        log.error("trial %d: %s", attempt.trial, error)
        handle = UnreachableHandle(record, error.message)
    live = RunningAttempt(attempt, trial, run, handle, offset=attempt.offset, sequence=attempt.sequence)
    live.requested_end, live.end_message = attempt.asked, attempt.message
    live.earlier_seconds = trial.seconds if attempt.resumed_step is not None else 0.0
    live.total_steps, live.step, live.progress = trial.total_steps, trial.last_step, trial.progress
    last = last_event(run)
    live.active_seconds = last.seconds if last else 0.0
    return live


def reconcile(sd: StudyDir, store: Store, study: Study, seconds: float) -> list[int]:
    """Record every attempt that has ended, waiting up to `seconds` for the others.

    Returns the numbers of the trials that still run.
    """
    ingest, deadline = event_reader_for(store, study), time.monotonic() + seconds
    executors: dict[str, Executor] = {}

    def executor_of(name: str) -> Executor:
        if name not in executors:
            executors[name] = find_executor(name)
        return executors[name]

    while True:
        running = []
        for attempt in store.read.attempts(open=True):
            live = restore_attempt(sd, attempt, store.read.trial(attempt.trial), executor_of)
            if not _record_if_ended(store, study, live, ingest):
                running.append(attempt.trial)
        if not running or time.monotonic() > deadline:
            for executor in executors.values():
                executor.close()
            return running
        time.sleep(POLL_S)  # no runner lives that could wait for the executor's descriptors


def _record_if_ended(store: Store, study: Study, live: RunningAttempt, ingest: EventReader) -> bool:
    """Record the end of an attempt that is gone, whatever it left; return False while it may live."""
    state = live.handle.state()
    if not state.certain:
        return False
    try:
        live.handle.collect()
        ingest.drain(live, MAX_READ_S)
        finalize_attempt(store, study, live, state)
    except Exception as error:  # what one attempt left must not keep the others from being recorded
        if is_machine_trouble(error):
            raise
        log.exception("trial %d is set aside", live.trial.number)
        fail_attempt(store, live.attempt, live.active_seconds, poison_message(error))
    live.handle.forget()
    return True
