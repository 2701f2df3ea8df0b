"""Follow running attempts turn by turn: what they wrote, how they ended, whether they are to end.

What all attempts of a turn wrote, and their ends, is one transaction: with very many places, one for each would be most
of the work."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from hptui.core.trial import Reason
from hptui.execution.attempts import Attempts
from hptui.execution.bulkhead import is_machine_trouble, poison_message
from hptui.execution.classify_exit import AttemptEnd
from hptui.execution.controller import StudyController
from hptui.execution.doubts import Doubts
from hptui.execution.executor import State
from hptui.execution.finalize import fail_attempt, finalize_attempt
from hptui.execution.packing import follow_hung_host
from hptui.execution.running_attempt import RunningAttempt
from hptui.execution.watchdog import CLOCKLESS_KINDS, WatchdogAction, check_clocks
from hptui.store.crash_points import crash_point
from hptui.store.recorded import EventKind
from hptui.store.store import Store

log = logging.getLogger(__name__)

MAX_TRANSACTION_S = 0.25
"""Seconds after which the transaction of a turn takes in no further attempt: another one does."""
FINAL_READ_S = 0.5
"""Seconds that a turn may spend on the remaining events of an ended attempt."""
KILL_AGAIN_S = 10.0
"""Seconds after which an attempt that was set aside, and lives on, is killed again."""


class Following:
    """Follows the running attempts of one study."""

    def __init__(self, store: Store, attempts: Attempts, doubts: Doubts, controller: StudyController) -> None:
        self.store, self.attempts, self.doubts, self.controller = store, attempts, doubts, controller

    def turn(self) -> None:
        """Follow all attempts. What they wrote and how they ended is recorded in one transaction, or in a few."""
        states: dict[str, State] = {}
        for live in list(self.attempts.live.values()):
            self._apart(live, partial(self._look, live, states))
        looked = [live for live in self.attempts.live.values() if live.attempt.token in states]
        while looked:
            endings = dict[str, AttemptEnd]()
            count = self._record_some(looked, states, endings)
            failures = list[Exception]()
            for live in looked[:count]:
                try:
                    self._apart(live, partial(self._follow_up, live, states, endings))
                except Exception as error:  # the ends of the others are recorded, too, and must be followed now
                    log.exception("trial %d: what is to follow its record has failed", live.trial.number)
                    failures.append(error)
            if failures:
                raise failures[0]
            looked = looked[count:]

    def _record_some(
        self, looked: Sequence[RunningAttempt], states: Mapping[str, State], endings: dict[str, AttemptEnd]
    ) -> int:
        """Commit what the first attempts wrote, and their ends; return how many these are.

        A transaction takes no longer than others can wait for it. If it fails, nothing of it is remembered.
        """
        deadline, count = time.monotonic() + MAX_TRANSACTION_S, 0
        durable = any(states[live.attempt.token].gone for live in looked)
        try:
            with self.store.transaction(durable=durable):
                for live in looked:
                    self._apart(live, partial(self._record, live, states[live.attempt.token], endings))
                    count += 1
                    if time.monotonic() >= deadline:
                        break
        except BaseException:
            self.attempts.ingest.rolled_back()
            raise
        self.attempts.ingest.committed()
        return count

    def _follow_up(self, live: RunningAttempt, states: Mapping[str, State], endings: Mapping[str, AttemptEnd]) -> None:
        """Do what is to come after the commit: give up what an ended attempt held, judge one that goes on."""
        if live.poison:
            return
        if ending := endings.get(live.attempt.token):
            crash_point("after_finish")
            self._ended(live, ending)
        elif not states[live.attempt.token].gone:
            self._judge(live)
        live.failed_reads = 0

    def _apart(self, live: RunningAttempt, follow: Callable[[], None]) -> None:
        """Follow an attempt. What it raises becomes the failure of its trial: the others and the runner go on."""
        try:
            follow()
        except Exception as error:  # a worker can leave anything behind, and reading it may raise anything
            live.failed_reads += 1
            if is_machine_trouble(error, live.failed_reads):
                raise
            log.exception("trial %d: attempt %d is set aside", live.trial.number, live.attempt.n)
            self._set_aside(live, error)

    def _set_aside(self, live: RunningAttempt, error: Exception) -> None:
        """Follow an attempt no more, kill it, and record its failure once it is gone."""
        if live.attempt.token not in self.attempts.live:  # its end is recorded; what came after it failed
            self.store.add_event("error", EventKind.SUSPECT, poison_message(error), live.trial.number)
            return
        live.poison, live.last_event_at = live.poison or poison_message(error), time.monotonic()
        try:
            if not live.handle.state().gone:
                live.handle.fence()
        except Exception:  # tried again at the next turn; the attempt is not taken for gone before it is
            log.exception("trial %d: attempt %d cannot be killed", live.trial.number, live.attempt.n)

    def _end_poisoned(self, live: RunningAttempt) -> None:
        """Record the failure of an attempt that is followed no more, once it is gone.

        Until then it is killed again now and then.
        """
        if not (state := live.handle.state()).gone:
            if time.monotonic() - live.last_event_at > KILL_AGAIN_S:
                live.last_event_at = time.monotonic()
                live.handle.fence()
                if why := self.doubts.overdue(live, state, self.controller.study, KILL_AGAIN_S):
                    fail_attempt(self.store, live.attempt, live.active_seconds, f"{live.poison}; {why}")
                    self.attempts.abandon(live)
                    self.attempts.revise(self.controller.study)
                    self.controller.attempt_ended(live.trial.number, Reason.UNREADABLE, live.poison)
            return
        with suppress(Exception):  # what it may leave running is found by the doctor
            live.handle.collect()
        ending = fail_attempt(self.store, live.attempt, live.active_seconds, live.poison)
        self.attempts.forget(live)
        self.controller.attempt_ended(live.trial.number, ending.reason, ending.message)

    def _look(self, live: RunningAttempt, states: dict[str, State]) -> None:
        """Note the state of an attempt, unless that was its end: what is in doubt, or was set aside."""
        if live.poison:
            self._end_poisoned(live)
            live.failed_reads = 0
            return
        state = live.handle.state()
        live.note_turn(frozen=state.kind in CLOCKLESS_KINDS)
        if ending := self.doubts.look(live, state, self.controller.study):
            self.controller.attempt_ended(live.trial.number, ending.reason)
            return
        if state.certain:
            live.handle.collect()
        states[live.attempt.token] = state

    def _record(self, live: RunningAttempt, state: State, endings: dict[str, AttemptEnd]) -> None:
        """Read what an attempt did, and record its end if it has ended."""
        all_read = self.attempts.ingest.drain(live, FINAL_READ_S if state.gone else 0.0)
        if self.controller.pruning.lacks_progress(live):
            message = "it reports no progress and no total_steps, so no pruner can judge it"
            self.store.add_event("warning", EventKind.PRUNER, message, live.trial.number)
        if state.gone and state.certain and all_read:
            endings[live.attempt.token] = finalize_attempt(self.store, self.controller.study, live, state)

    def _judge(self, live: RunningAttempt) -> None:
        """Check pruner and watchdog."""
        requested_end, reason = self._verdict(live)
        if requested_end:
            self.attempts.request_end(live, "prune", requested_end, reason)
        if action := check_clocks(live, self.controller.study.resources):
            self._watchdog(live, action)

    def _verdict(self, live: RunningAttempt) -> tuple[str, str]:
        """Return what pruner and stop rules demand. A pruner that fails leaves the trial alone from then on."""
        try:
            return self.controller.pruning.verdict(live, self.attempts.live.values())
        except Exception as error:  # a plug-in of somebody else; the trial is not to blame and trains well
            log.exception("the pruner failed on trial %d", live.trial.number)
            live.exempt = True
            message = f"the pruner failed, so this trial is not pruned: {type(error).__name__}: {error}"
            self.store.add_event("error", EventKind.PRUNER, message, live.trial.number)
            return "", ""

    def _watchdog(self, live: RunningAttempt, action: WatchdogAction) -> None:
        live.hang_reported = True
        if action.asked == EventKind.HUNG and follow_hung_host(
            self.store, self.attempts.executor, live, self.attempts.live.values(), action
        ):
            return
        if action.verb:
            self.attempts.request_end(live, action.verb, action.asked, action.message)
        else:
            self.store.add_event("warning", EventKind(action.asked), action.message, live.trial.number)

    def _ended(self, live: RunningAttempt, ending: AttemptEnd) -> None:
        self.attempts.forget(live)
        self.controller.attempt_ended(live.trial.number, ending.reason, ending.message)
