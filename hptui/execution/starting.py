"""Start trials: all that one decision starts are recorded in one transaction, and started after its commit.

A row without a process is found by the next runner; a process without a row would be an orphan."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError
from hptui.core.study import Study
from hptui.core.trial import StudyState, Trial
from hptui.execution import plan as planning
from hptui.execution import rungs
from hptui.execution.attempts import Attempts, RecordedAttempt
from hptui.execution.gpu_watch import GpuWatch
from hptui.execution.maintenance import Maintenance
from hptui.execution.proposals import EngineFailed, Proposals
from hptui.execution.pruning import Pruning
from hptui.execution.trial_ledger import TrialLedger
from hptui.search.promotion import Promotion
from hptui.store.crash_points import crash_point
from hptui.store.recorded import EventKind
from hptui.store.store import DiskFull, Store

log = logging.getLogger(__name__)

MAX_TRANSACTION_S = 0.25
"""Seconds after which a transaction takes in no further trial: the next one does."""
Start = planning.Start | planning.Propose | planning.Promote


class StudyOnItsWay(Protocol):
    """What starting trials needs of a study's controller."""

    store: Store
    attempts: Attempts
    maintenance: Maintenance
    gpu_watch: GpuWatch
    study: Study
    trials: TrialLedger
    proposals: Proposals
    pruning: Pruning
    promotion: Promotion | None

    def reload(self) -> None: ...

    def refresh(self, number: int) -> None: ...

    def request_decision(self) -> None: ...

    def pause(self, message: str, level: str = "warning") -> None: ...

    def learnable(self) -> Sequence[Trial]: ...


@dataclass(frozen=True, slots=True)
class StudyPauses:
    """Why the study is to pause once what has been recorded has begun."""

    message: str
    level: str = "warning"


class Starting:
    """Starts the trials of one study. `started`: an attempt of it has begun."""

    def __init__(self, controller: StudyOnItsWay) -> None:
        self._controller = controller
        self.started = False

    def start(self, actions: Sequence[Start], may_start: Callable[[], bool]) -> None:
        """Start trials, in as many transactions as it takes, as long as `may_start` allows it."""
        remaining = actions
        while remaining and may_start():
            remaining = self._start_some(remaining)

    def _start_some(self, actions: Sequence[Start]) -> Sequence[Start]:
        """Record the first ones in one transaction and start them; return those that remain."""
        controller, recorded = self._controller, list[RecordedAttempt]()
        deadline, pauses, count = time.monotonic() + MAX_TRANSACTION_S, None, 0
        try:
            with controller.store.transaction(durable=True):
                for action in actions:
                    count += 1
                    pauses = self._record(action, recorded)
                    # What shares a process with another trial is placed by what has been started.
                    if pauses or controller.study.resources.packing or time.monotonic() >= deadline:
                        break
        except BaseException:
            for item in recorded:
                controller.attempts.discard(item)
            controller.reload()
            raise
        self._launch(recorded)
        if pauses:
            controller.pause(pauses.message, pauses.level)
            return ()
        return actions[count:]

    def _launch(self, recorded: Sequence[RecordedAttempt]) -> None:
        """Start all that is recorded, whatever fails for one of them. Raises: what failed first."""
        failures = list[Exception]()
        for item in recorded:
            try:
                live = self._controller.attempts.launch(item)
                if live.trial.attempts:
                    self._controller.pruning.restore(live)
            except Exception as error:  # the others are recorded, too: nobody else would start or end them
                log.exception("trial %d: its attempt could not be started well", item.trial.number)
                failures.append(error)
        if failures:
            raise failures[0]

    def _record(self, action: Start, recorded: list[RecordedAttempt]) -> StudyPauses | None:
        """Record the attempt that an action starts; return why the study is to pause instead, if so."""
        if not isinstance(action, planning.Propose):
            return self._record_attempt(action.number, recorded)
        controller = self._controller
        if not controller.attempts.reserve():  # a proposal made when a slot is free can learn from more results
            self._wait_for_slot(None)
            return None
        try:
            trial = controller.proposals.next(controller.learnable())
        except EngineFailed as error:
            trial = error.trial
            self._drain(f"{error}; a random trial is tried, then the study pauses")
        except DiskFull:
            raise
        except HptuiError as error:
            return StudyPauses(str(error), level="error")
        if controller.proposals.exhausted:
            controller.request_decision()
        if trial is None:
            return None
        controller.request_decision()
        controller.trials[trial.number] = trial
        crash_point("after_insert_trial")
        return self._record_attempt(trial.number, recorded)

    def _drain(self, message: str) -> None:
        """Start nothing new; the study pauses when the running trials have ended."""
        store = self._controller.store
        with store.transaction(durable=True):
            store.set_state(StudyState.DRAINING, message)
            store.add_event("error", EventKind.STUDY_DRAINING, message)

    def _record_attempt(self, number: int, recorded: list[RecordedAttempt]) -> StudyPauses | None:
        controller = self._controller
        if problem := controller.maintenance.short_of_space(controller.study):
            return StudyPauses(problem)
        if controller.trials[number].is_at_rung:
            rungs.promote(controller.store, controller.trials[number], controller.promotion)
            controller.refresh(number)
        trial = controller.proposals.memory.fitted(controller.trials[number], controller.trials.history)
        item = controller.attempts.record(trial)
        self.started |= item is not None
        controller.gpu_watch.tried(started=item is not None)
        controller.refresh(number)
        if item is None:
            self._wait_for_slot(number)
        else:
            recorded.append(item)
        return None

    def _wait_for_slot(self, number: int | None) -> None:
        """Decide again at the next turn, and record which process holds the GPU."""
        self._controller.maintenance.retry_soon(self._controller)
        self._controller.gpu_watch.waits(number)
