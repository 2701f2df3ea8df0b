"""Record attempts that have ended while no runner lives. The caller holds the study's lock."""

from __future__ import annotations

import time

from hptui.model.study import Study
from hptui.model.trial import Attempt, Trial
from hptui.running.finish import finish, last_event
from hptui.running.ingest import ingest_of
from hptui.running.live import Live
from hptui.running.local import silence
from hptui.storage.paths import StudyDir
from hptui.storage.rundir import RunDir, is_held
from hptui.storage.store import Store

POLL = 0.05  # seconds
READING_SECONDS = 3600.0
"""Time for reading the rest of an attempt's events: long, since nothing else waits."""


def revive(sd: StudyDir, attempt: Attempt, trial: Trial) -> Live:
    """Return an attempt that an earlier runner started, restored from its row and its run directory."""
    run = RunDir(sd.attempt(attempt.trial, attempt.n))
    live = Live(attempt, trial, run, offset=attempt.offset, sequence=attempt.sequence)
    live.asked, live.why = attempt.asked, attempt.message
    live.before = trial.seconds if attempt.resumed_step is not None else 0.0
    live.total_steps, live.step, live.progress = trial.total_steps, trial.last_step, trial.progress
    last = last_event(run)
    live.activity = float(last["t"]) if last else 0.0
    return live


def settle(sd: StudyDir, store: Store, study: Study, seconds: float) -> list[int]:
    """Record every attempt that has ended, waiting up to `seconds` for the others.

    Returns the numbers of the trials that still run.
    """
    ingest, deadline = ingest_of(store, study), time.monotonic() + seconds
    while True:
        running = []
        for attempt in store.attempts(open=True):
            live = revive(sd, attempt, store.trial(attempt.trial))
            if is_held(live.run.lock):
                running.append(attempt.trial)
                continue
            silence(attempt.token, live.run)
            ingest.drain(live, READING_SECONDS)
            finish(store, study, live)
        if not running or time.monotonic() > deadline:
            return running
        time.sleep(POLL)  # no runner lives that could wait on the shims' descriptors
