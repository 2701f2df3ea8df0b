"""Attempts whose state is in doubt: unreachable for a while, dead by the word of a scheduler that may be wrong, or
killed and still there.

Nothing is started in place of an unreachable attempt until `give_up`. Then, or when an end stays doubtful, it is
fenced: one durable transaction ends it and lets its trial run again, and from that commit on nothing of it is read any
more, whatever it reports, and it is killed wherever it is met. So at most one attempt of a trial counts, always.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import suppress
from dataclasses import replace

from hptui.core.format import duration
from hptui.core.study import Study
from hptui.core.trial import Reason
from hptui.execution.attempts import Attempts
from hptui.execution.classify_exit import AttemptEnd
from hptui.execution.executor import LaunchRecord, PlacedExecutor, State, StuckHandle
from hptui.execution.finalize import fence_attempt
from hptui.execution.probe import executor_name
from hptui.execution.running_attempt import RunningAttempt
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.run_directory import RunDir
from hptui.store.store import Store

log = logging.getLogger(__name__)

SETTLE_S = 10.0
"""Seconds that a doubtful end has to become a certain one, or to be taken back."""
STUCK_AFTER_S = 60.0
"""Seconds after the last grace period in which a killed attempt must end, before it is taken for one that cannot."""
REPORTED_AFTER_S = 120.0
"""Seconds after which an unreachable attempt is recorded as an event."""
MAX_COUNTED_GAP_S = 5.0
"""Longest time between two looks that counts: over a longer one the machine or the runner was suspended."""
RECORD_INTERVAL_S = 1.0
"""Shortest time between two records of where attempts are."""


class Doubts:
    """Judges attempts whose executor cannot say for certain what they do, and records where all of them are."""

    def __init__(self, sd: StudyDir, store: Store, attempts: Attempts) -> None:
        self.sd, self.store, self.attempts = sd, store, attempts
        self._recorded = store.read.get_meta(MetaKey.PLACES) or ""
        self._recorded_at = 0.0

    def look(self, live: RunningAttempt, state: State, study: Study) -> AttemptEnd | None:
        """Give the attempt up if it has been in doubt for too long; return its end then."""
        now = time.monotonic()
        gap = min(now - live.doubted_at, MAX_COUNTED_GAP_S)
        live.doubted_at = now
        live.note_state(state)
        if state.kind == "alive" and state.place and not live.attempt.host:  # a scheduler has chosen it
            live.attempt = replace(live.attempt, host=state.place)
            self.store.update_attempt(live.attempt.token, host=state.place)
        doubtful_end = state.gone and not state.certain
        live.doubtful_s = live.doubtful_s + gap if doubtful_end else 0.0
        if why := self.overdue(live, state, study, gap):
            ending = self._give_up(live, study, why)
            self.attempts.revise(study)  # of a number of GPUs, another one may take the place of the one that it holds
            return ending
        if state.kind != "unknown":
            self._note_reached(live, state)
            if doubtful_end and live.doubtful_s >= SETTLE_S:
                return self._give_up(
                    live, study, state.why or "it has ended by the word of its scheduler, but left no sign of it"
                )
            return None
        live.unreachable_s += gap
        if live.unreachable_s >= REPORTED_AFTER_S and not live.unreachable_reported:
            live.unreachable_reported = True
            message = f"unreachable for {duration(live.unreachable_s)}: {state.why}"
            self.store.add_event("warning", EventKind.PLACE_LOST, message, live.trial.number)
        if live.requested_end == "kill":
            return self._give_up(live, study, f"stopped while it was unreachable: {state.why}")
        limit = study.resources.give_up
        if isinstance(limit, int | float) and live.unreachable_s >= limit:
            return self._give_up(live, study, f"unreachable for {duration(live.unreachable_s)}: {state.why}")
        return None

    def overdue(self, live: RunningAttempt, state: State, study: Study, gap: float) -> str:
        """Return why an attempt that was to end cannot; '' while it may, or was asked nothing."""
        if state.kind != "alive" or not (live.requested_end or live.poison):
            live.overdue_s = 0.0
            return ""
        live.overdue_s += gap
        resources = study.resources
        grace_s = {"": 0.0, "kill": 0.0, "pause": resources.pause_grace}.get(live.requested_end, resources.stop_grace)
        if live.overdue_s < grace_s + STUCK_AFTER_S or not isinstance(live.handle, StuckHandle):
            return ""
        if not (which := live.handle.stuck()):
            return ""
        place = f"{live.attempt.device} gets no trials" if live.attempt.device.startswith("GPU") else "it stays"
        return f"it was killed and does not end: {which}; {place} until it does, which may take a reboot"

    def _note_reached(self, live: RunningAttempt, state: State) -> None:
        if live.unreachable_reported and (not state.gone or state.certain):
            message = f"reached again after {duration(live.unreachable_s)}"
            self.store.add_event("info", EventKind.PLACE_BACK, message, live.trial.number)
        live.unreachable_s, live.unreachable_reported = 0.0, False

    def _give_up(self, live: RunningAttempt, study: Study, why: str) -> AttemptEnd:
        crash_point("before_fence")
        ending = fence_attempt(self.store, study, live.attempt, live.active_seconds, why, live.requested_end)
        crash_point("after_fence")
        self.attempts.abandon(live)
        return ending

    def fence_again(self) -> None:
        """Fence all given-up attempts: the runner that recorded it may have died before it could do so."""
        for attempt in self.store.read.attempts():
            run = RunDir(self.sd.attempt(attempt.trial, attempt.n))
            if attempt.reason is not Reason.FENCED or not run.root.is_dir():
                continue
            try:
                record = LaunchRecord(attempt.token, run, attempt.device, attempt.boot_id)
                handle = self.attempts.executor_named(executor_name(run)).adopt(record)
                handle.fence()
                handle.forget()
            except Exception:  # of a plug-in that is gone, for example; nothing of the attempt counts anyway
                log.exception("trial %d: attempt %d cannot be fenced", attempt.trial, attempt.n)

    def record(self, *, at_once: bool = False) -> None:
        """Record which attempts are queued or unreachable, and what the places do, if it has changed."""
        now = time.monotonic()
        if now - self._recorded_at < RECORD_INTERVAL_S and not at_once:
            return
        attempts = {
            str(live.trial.number): {
                "state": live.state.kind,
                "why": live.state.why,
                "place": live.state.place,
                "since": live.state_since,
            }
            for live in self.attempts.live.values()
            if live.state.kind in ("queued", "unknown") or live.state.place
        }
        places = []
        with suppress(OSError):
            for executor in self.attempts.executors():
                if isinstance(executor, PlacedExecutor):
                    places += [place.to_json() for place in executor.places()]
        text = json.dumps({"attempts": attempts, "places": places}) if attempts or places else ""
        if text != self._recorded:
            self.store.set_meta(MetaKey.PLACES, text)
            self._recorded = text
        self._recorded_at = now
