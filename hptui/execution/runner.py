"""The runner of one study: a crash-only loop. It recovers at every start, so being killed costs no finished work.

It holds `study.lock`, is the only writer of results, and never blocks for more than about a second. Its watchdog counts
the activity of attempts, not the time of day."""

from __future__ import annotations

import errno
import logging
import select
import signal
import time
from dataclasses import dataclass

from hptui.core.errors import HptuiError
from hptui.core.study import Resources
from hptui.core.trial import Reason, Trial, TrialStatus
from hptui.execution import prior_trials, stages
from hptui.execution.controller import Hooks, StudyController
from hptui.execution.finalize import finalize_attempt
from hptui.execution.local import devices
from hptui.execution.local.executor import kill_orphans
from hptui.execution.queue import insert_file_trials
from hptui.execution.running_attempt import RunningAttempt
from hptui.search.stopping import constant_objective_warning
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import DiskFull, Store


@dataclass(frozen=True, slots=True)
class WatchdogAction:
    """What the watchdog demands of an attempt. `verb` is 'stop' or '' (only warn), `asked` the requested end."""

    verb: str
    asked: str
    message: str


def check_clocks(live: RunningAttempt, resources: Resources) -> WatchdogAction | None:
    """Return what to do about an attempt that has run or been silent for too long; None if it has not."""
    if (
        resources.timeout is not None
        and live.earlier_seconds + live.seconds > resources.timeout
        and not live.requested_end
    ):
        return WatchdogAction("stop", EventKind.TIMEOUT, f"longer than its timeout of {resources.timeout:g} s")
    silent_s = time.monotonic() - live.last_event_at
    if silent_s <= max(resources.hang_after, live.allowance) or live.hang_reported:
        return None
    message = f"nothing moved for {silent_s:.0f} s (hang_after is {resources.hang_after:g} s)"
    stop = resources.on_hang == "stop" and not live.requested_end
    return WatchdogAction("stop" if stop else "", EventKind.HUNG, message)


log = logging.getLogger(__name__)

MAX_TURN_WAIT_S = 0.25
"""Seconds that a turn waits for a descriptor at most."""
FINAL_READ_S = 0.5
"""Seconds that a turn may spend on the remaining events of an ended attempt."""
SUSPEND_GAP_S = 5.0
"""A gap between turns of more seconds means that the machine or the runner was suspended."""
MAX_FAILED_TURNS = 60
"""Consecutive failed turns of the loop after which the runner exits."""
DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a full disk."""


class Runner(StudyController):
    """Runs one study to its end, or until it is paused, stopped or killed."""

    def __init__(self, sd: StudyDir, store: Store, hooks: Hooks) -> None:
        super().__init__(sd, store, hooks)
        self._leaving = False
        self._failed_turns = 0
        self._revision = -1
        self._turned_at = time.monotonic()

    def run(self) -> bool:
        """Run the loop. Return True when nothing is left to do, False on SIGTERM.

        After SIGTERM running trials go on by themselves.
        """
        signal.signal(signal.SIGTERM, self._leave)
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        self.maintenance.begin()
        try:
            self._revise()
            self._adopt()
            self._started = bool(self.attempts.live)
            self._without_gpus()
            while not self._leaving:
                try:
                    if self._turn():
                        return True
                    self._wait()
                    self._failed_turns = 0
                except (OSError, DiskFull) as error:
                    self._trouble(error)
            return False
        finally:
            self.attempts.close()
            self.maintenance.end()
            self.proposals.close()

    def _without_gpus(self) -> None:
        """Record once that trials run on the CPU although GPUs were asked for."""
        requested = self.study.resources.gpus
        if (
            isinstance(requested, int)
            and requested
            and not devices.visible_gpus()
            and not self.store.read.get_meta(MetaKey.NO_GPUS_WARNED)
        ):
            self.store.set_meta(MetaKey.NO_GPUS_WARNED, "said")
            message = f"[resources] gpus = {requested}, but no GPU can be used here: trials run on the CPU"
            self.store.add_event("warning", EventKind.NO_GPUS, message)

    def _leave(self, *_: object) -> None:
        self._leaving = True

    # one turn of the loop ---------------------------------------------------------------------------------------

    def _turn(self) -> bool:
        """Do everything once; return True when the study has come to rest."""
        self._notice_sleep()
        self._requests()
        if self._revision < 0:
            self._revise()
        self.attempts.confirm()
        for live in list(self.attempts.live.values()):
            self._follow(live)
        self.maintenance.turn(self.attempts.live)
        self._dirty |= self.proposals.collect()
        self._dirty |= self.study.search.until.hours is not None  # time alone changes only this condition
        return self._decide() if self._dirty else False

    def _wait(self) -> None:
        poll = select.poll()
        for handle in (*self.attempts.handles(), self.proposals.fileno()):
            if handle >= 0:
                poll.register(handle, select.POLLIN)
        poll.poll(MAX_TURN_WAIT_S * 1000)

    def _notice_sleep(self) -> None:
        now = time.monotonic()
        if now - self._turned_at > SUSPEND_GAP_S:
            for live in self.attempts.live.values():
                live.reset_clocks()
        self.maintenance.add_activity(min(now - self._turned_at, SUSPEND_GAP_S))
        self._turned_at = now

    def _requests(self) -> None:
        for command in self.store.read.pending_commands():
            self.commands.handle(command)
            self.attempts.refresh_requested_ends()
            self._changed()
            self._revise()

    def _revise(self) -> None:
        """Load a new revision of the study: new space, new engine; running attempts are not touched."""
        row = self.store.read.study()
        if row.revision != self._revision:
            self._revision, self.study = -1, self.commands.study
            self._warm_start()
            insert_file_trials(self.store, self.study)
            self._changed()
            self.proposals.close()
            self._enter()
            if self.study_view.search.sampler == "auto":
                chosen = self.proposals.choice
                self.store.add_event("info", EventKind.SAMPLER, f"auto chose {chosen.sampler}: {chosen.why}")
            self.attempts.revise(self.study)
            self._revision = row.revision  # set last, so that a failure in between repeats the load at the next turn

    def _warm_start(self) -> None:
        """Copy the trials of other studies, if that was interrupted when the study was created."""
        try:
            prior_trials.store_prior_trials(self.store, self.study)
        except HptuiError as error:
            self._pause(str(error), level="error")

    # running attempts -------------------------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Take over what an earlier runner left: attempts that live, and those that ended meanwhile."""
        for attempt in self.store.read.attempts(open=True):
            live = self.attempts.adopt(attempt, self._trials[attempt.trial])
            self.pruning.restore(live)
        crash_point("after_adopt")
        adopted = sorted(live.trial.number for live in self.attempts.live.values())
        if adopted:
            log.info("adopted trials %s", adopted)
        for number in [trial.number for trial in self._trials.values() if trial.status is TrialStatus.RUNNING]:
            if (
                number not in adopted
            ):  # an attempt and its trial end in one transaction, so this cannot be; a trial must still not be stuck
                self.store.update_trial(number, status=TrialStatus.WAITING)
                self._refresh(number)

    def _follow(self, live: RunningAttempt) -> None:
        """Read what an attempt did; record its end if it ended, else check pruner and watchdog."""
        alive = self.attempts.alive(live)
        if not alive:
            kill_orphans(live.attempt.token, live.run)
        all_read = self.attempts.ingest.drain(live, FINAL_READ_S if not alive else 0.0)
        if self.pruning.lacks_progress(live):
            message = "it reports no progress and no total_steps, so no pruner can judge it"
            self.store.add_event("warning", EventKind.PRUNER, message, live.trial.number)
        if not alive:
            if all_read:
                self._end(live)
            return
        requested_end, reason = self.pruning.verdict(live, self.attempts.live.values())
        if requested_end:
            self.attempts.request_end(live, "prune", requested_end, reason)
        if action := check_clocks(live, self.study.resources):
            self._watchdog(live, action.verb, action.asked, action.message)

    def _watchdog(self, live: RunningAttempt, verb: str, asked: str, message: str) -> None:
        live.hang_reported = True
        if verb:
            self.attempts.request_end(live, verb, asked, message)
        else:
            self.store.add_event("warning", EventKind(asked), message, live.trial.number)

    def _end(self, live: RunningAttempt) -> None:
        ending = finalize_attempt(self.store, self.study, live)
        self.attempts.forget(live)
        self._refresh(live.trial.number)
        trial = self._trials[live.trial.number]
        self.pruning.add_finished(trial)
        self._warn_if_constant(trial)
        if message := self.pruning.unreported_stop_rules(trial):
            self.store.add_event("warning", EventKind.STOP_RULES, message)
        if ending.reason is Reason.DISK_FULL:
            self._pause("disk full: free some space, then start the study again")

    def _warn_if_constant(self, trial: Trial) -> None:
        """Record once that all trials have the same objective value."""
        if trial.status is TrialStatus.COMPLETE and not self.store.read.get_meta(MetaKey.CONSTANT_WARNED):
            trials = stages.trials_for_engine(self.study, self.stage, self._trials.values(), self.base)
            if message := constant_objective_warning(self.study_view, trials):
                self.store.set_meta(MetaKey.CONSTANT_WARNED, "said")
                self.store.add_event("warning", EventKind.CONSTANT, message)

    # trouble ----------------------------------------------------------------------------------------------------

    def _trouble(self, error: OSError | DiskFull) -> None:
        """Handle a failure of the machine: pause on a full disk, else wait and try again.

        On a full disk the ballast file is deleted first, so that the pause can be written. What goes on failing ends
        the runner: nothing recorded is lost by that, and trials go on by themselves.

        Raises: `error` after more than `MAX_FAILED_TURNS` failures in a row.
        """
        if isinstance(error, OSError) and error.errno not in DISK_FULL_ERRNOS:
            self._failed_turns += 1
            if self._failed_turns > MAX_FAILED_TURNS:
                raise error
            log.exception("the machine is in trouble; trying again")
            time.sleep(0.9)  # below a second, so that SIGTERM is served soon
            return
        log.error("disk full: %s", error)
        self._dirty = True  # what could not be carried out is decided again
        self.maintenance.drop_ballast()
        try:
            self._pause("disk full: free some space, then start the study again")
        except (OSError, DiskFull):
            # Not even the pause can be written. Nothing is lost by waiting, since offsets are committed.
            time.sleep(0.9)
