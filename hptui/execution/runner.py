"""The runner of one study: a crash-only loop. It recovers at every start, so being killed costs no finished work.

It holds `study.lock`, is the only writer of results, and never blocks for more than about a second. Its watchdog counts
the activity of attempts, not the time of day."""

from __future__ import annotations

import errno
import logging
import select
import signal
import time
from contextlib import suppress
from enum import StrEnum

from hptui.core.errors import HptuiError
from hptui.execution.attempts import Attempts
from hptui.execution.commands import CommandHandler
from hptui.execution.controller import DISK_FULL_MESSAGE, Hooks, StudyController
from hptui.execution.doubts import Doubts
from hptui.execution.following import Following
from hptui.execution.packing import PackingRecord
from hptui.execution.reconcile import UnreachableHandle
from hptui.store.crash_points import crash_point
from hptui.store.ground import Ground, GroundLost
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind
from hptui.store.store import DiskFull, Store

log = logging.getLogger(__name__)

MAX_TURN_WAIT_S = 0.25
"""Seconds that a turn waits for a descriptor at most."""
SUSPEND_GAP_S = 5.0
"""A gap between turns of more seconds means that the machine or the runner was suspended."""
MAX_FAILED_TURNS = 60
"""Consecutive failed turns of the loop after which the runner exits."""
DISK_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Error numbers of a full disk."""


class RunEnd(StrEnum):
    """Why the loop ended: at rest, asked to leave, new code is to go on, or the study's files are not ours any more."""

    RESTED = "rested"
    LEFT = "left"
    HANDS_OVER = "hands over"
    GROUND_LOST = "ground lost"


class Runner:
    """Runs one study to its end, or until it is paused, stopped or killed.

    It owns the loop: signals, the clock, waiting, following attempts, trouble with the machine. What is to be done next
    is its controller's to decide. `leaving`: SIGTERM has come.
    """

    def __init__(self, sd: StudyDir, store: Store, hooks: Hooks) -> None:
        self.store = store
        self.ground = Ground(sd)
        store.connection.before_commit = self.ground.require
        commands = CommandHandler(sd, store)
        study = commands.study
        self.attempts = Attempts(sd, store, study, hooks.trainer(study))
        self.doubts = Doubts(sd, store, self.attempts)
        self.controller = StudyController(sd, store, hooks, commands, self.attempts)
        self.maintenance = self.controller.maintenance
        self.following = Following(store, self.attempts, self.doubts, self.controller)
        self._code = hooks.code
        self._packing_record = PackingRecord(store)
        self.leaving = False
        self._failed_turns = 0
        self._turned_at = time.monotonic()

    def run(self) -> RunEnd:
        """Run the loop; return why it ended. Running trials go on by themselves."""
        signal.signal(signal.SIGTERM, self._leave)
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        self.maintenance.begin()
        try:
            self.controller.follow_revision()
            self._adopt()
            self.controller.gpu_watch.warn_at_start(self.controller.study)
            while not self.leaving:
                try:
                    if self._turn():
                        self.doubts.record(at_once=True)
                        return RunEnd.RESTED
                    if self._may_hand_over():
                        return RunEnd.HANDS_OVER
                    self._wait()
                    self._failed_turns = 0
                except (OSError, DiskFull) as error:
                    self._trouble(error)
            return RunEnd.LEFT
        except GroundLost as error:
            self._give_up_ground(error)
            return RunEnd.GROUND_LOST
        finally:
            if self._code is not None:
                self._code.close()
            self.attempts.close()
            if not self.ground.problem():  # else the ballast may be that of another runner
                self.maintenance.end()
            self.controller.proposals.close()

    def _give_up_ground(self, error: GroundLost) -> None:
        """Say what has become of the study's files; end what runs if nothing can be recorded of it any more."""
        log.error("%s", error)
        if self.ground.directory_removed:
            for live in self.attempts.live.values():
                log.error("trial %d is ended: its directory is gone", live.trial.number)
                with suppress(Exception):  # the others must be ended, too
                    live.handle.fence()
            return
        self.attempts.settle()
        rescued = self.ground.log_was_removed
        if rescued or self.ground.store_is_ours:
            self.store.connection.before_commit = lambda: None  # SQLite's own locks keep this one row whole
            with suppress(HptuiError):
                self.store.add_event("error", EventKind.LEFT, error.message)
                if rescued:  # the descriptor still has what was committed
                    self.store.checkpoint_wal()

    def _leave(self, *_: object) -> None:
        self.leaving = True

    def _may_hand_over(self) -> bool:
        """Hold everything new once hptui's code has changed; return whether the new code may take over."""
        if self._code is None or not self._code.changed():
            return False
        if not self.controller.on_hold:
            self.controller.hold()
        if self._code.given_up():
            name = self.controller.sd.name
            message = f"the hptui on disk does not work, so the runner has left; repair it, then: hptui run {name}"
            self.store.add_event("error", EventKind.CODE_CHANGED, message)
            self.leaving = True
            return False
        return self.attempts.settled() and self._code.answers()

    # one turn of the loop ---------------------------------------------------------------------------------------

    def _turn(self) -> bool:
        """Do everything once; return True when the study has come to rest."""
        self.ground.require()
        self._notice_sleep()
        self._handle_commands()
        if self.controller.revision_pending:
            self.controller.follow_revision()
        self.attempts.poll()
        if self.attempts.capacity_changed():
            self.controller.request_decision()
        self.following.turn()
        self.doubts.record()
        self.controller.do_chores()
        if self._packing_record.follow(self.attempts.executor):
            self.controller.request_decision()
        # Time alone changes whether `until.hours` is reached; everything else that counts is recorded.
        if self.controller.proposals.collect() or self.controller.study.search.until.hours is not None:
            self.controller.request_decision()
        return self.controller.decide()

    def _wait(self) -> None:
        poll = select.poll()
        for handle in (*self.attempts.wait_handles(), self.controller.proposals.fileno()):
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

    def _handle_commands(self) -> None:
        for command in self.store.read.pending_commands():
            self.controller.commands.handle(command)
            self.attempts.refresh_requested_ends()
            self.attempts.drop_fenced()
            self.controller.reload()
            self.controller.follow_revision()

    # running attempts -------------------------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Take over what an earlier runner left: attempts that live, and those that ended meanwhile."""
        for attempt in self.store.read.attempts(open=True):
            live = self.attempts.adopt(attempt, self.controller.trials[attempt.trial])
            self.controller.pruning.restore(live)
            if isinstance(live.handle, UnreachableHandle):
                message = f"{live.handle.why}; give it up by: hptui doctor --repair {self.controller.sd.name}"
                self.store.add_event("error", EventKind.SUSPECT, message, attempt.trial)
        self.doubts.fence_again()
        crash_point("after_adopt")
        self.controller.adopted()

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
        self.controller.request_decision()  # what could not be carried out is decided again
        self.maintenance.drop_ballast()
        try:
            self.controller.pause(DISK_FULL_MESSAGE)
        except (OSError, DiskFull):
            # Not even the pause can be written. Nothing is lost by waiting, since offsets are committed.
            time.sleep(0.9)
