"""Record attempts that have ended while no runner lives. The caller holds the study's lock."""

from __future__ import annotations

import time

from hptui.model.study import Study
from hptui.model.trial import Attempt, Trial
from hptui.running.finish import finalize_attempt, last_event
from hptui.running.ingest import event_reader_for
from hptui.running.live import RunningAttempt
from hptui.running.local import kill_orphans
from hptui.storage.paths import StudyDir
from hptui.storage.rundir import RunDir, lock_is_held
from hptui.storage.store import Store

POLL_S = 0.05  # seconds
MAX_READ_S = 3600.0
"""Time for reading the rest of an attempt's events: long, since nothing else waits."""


def restore_attempt(sd: StudyDir, attempt: Attempt, trial: Trial) -> RunningAttempt:
    """Return an attempt that an earlier runner started, restored from its row and its run directory."""
    run = RunDir(sd.attempt(attempt.trial, attempt.n))
    live = RunningAttempt(attempt, trial, run, offset=attempt.offset, sequence=attempt.sequence)
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
    while True:
        running = []
        for attempt in store.attempts(open=True):
            live = restore_attempt(sd, attempt, store.trial(attempt.trial))
            if lock_is_held(live.run.lock):
                running.append(attempt.trial)
                continue
            kill_orphans(attempt.token, live.run)
            ingest.drain(live, MAX_READ_S)
            finalize_attempt(store, study, live)
        if not running or time.monotonic() > deadline:
            return running
        time.sleep(POLL_S)  # no runner lives that could wait on the shims' descriptors
