"""Carry out what `plan` decides for a study: start trials, ask for proposals, begin stages, end the study.

`plan` is pure; here each action is done in one transaction together with the rows that it rests on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from hptui.core.errors import HptuiError
from hptui.core.study import Study
from hptui.core.trial import StudyState, Trial
from hptui.execution import plan as planning
from hptui.execution import stages
from hptui.execution.attempts import Attempts, WorkerSpec
from hptui.execution.commands import CommandHandler
from hptui.execution.maintenance import Maintenance
from hptui.execution.preparation import Preparation
from hptui.execution.proposals import EngineFailed, Proposals
from hptui.execution.pruning import FinishedCurves, Pruning
from hptui.execution.queue import insert_replicate, insert_stage_trials
from hptui.search.stopping import no_improvement, study_is_over
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import Store


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the runner is given from above, since it knows neither trainers nor reports.

    `trainer` returns how to run a study's attempts; `ended` is called when the study has come to rest.
    """

    trainer: Callable[[Study], WorkerSpec]
    ended: Callable[[Store, StudyDir, Study], None]


class StudyController:
    """State of one study under its lock, and the actions that change it.

    `study_view` is the study as the current stage modifies it; `idle` is True when the study was done already and
    nothing was left to do.
    """

    def __init__(self, sd: StudyDir, store: Store, hooks: Hooks) -> None:
        self.sd, self.store, self.hooks = sd, store, hooks
        self.commands = CommandHandler(sd, store)
        self.study = self.commands.study
        self.attempts = Attempts(sd, store, self.study, hooks.trainer(self.study))
        self.maintenance = Maintenance(sd, store)
        self.preparation = Preparation(sd, store, self.attempts)
        self._curves = FinishedCurves()
        self.stage = stages.StageState()
        self._enter()
        self.idle = False
        self._started = False
        self._waited = False
        self._dirty = True
        self._trials: dict[int, Trial] = {}

    def _enter(self) -> None:
        """Rebuild what depends on the current stage: the study as it sees it, its engine, its pruner."""
        with self.store.transaction():
            previous_stage, self.stage = self.stage, stages.current_stage(self.store, self.study)
        self.study_view = stages.study_in_stage(self.study, self.stage)
        overrides, defaults = stages.overrides_in_stage(self.study, self.stage), self.store.read.defaults()
        self.base = {**defaults, **self.study.trainer.settings}
        self.proposals = Proposals(self.store, self.study_view, defaults, self.stage.name, overrides)
        if previous_stage != self.stage:
            self._curves = FinishedCurves()
        self.pruning = Pruning(self.store, self.study, self._curves, self.stage.name)

    def _changed(self) -> None:
        self._trials = {trial.number: trial for trial in self.store.read.trials()}
        self._dirty = True

    def _refresh(self, number: int) -> None:
        self._trials[number] = self.store.read.trial(number)
        self._dirty = True

    def _decide(self) -> bool:
        """Carry out the plan; return True when the study has come to rest."""
        self._dirty = False
        row = self.store.read.study()
        trials = [self._trials[number] for number in sorted(self._trials)]
        learnable = stages.trials_for_engine(self.study, self.stage, trials, self.base)
        state = planning.PlanState(
            study=row.state,
            trials=trials,
            free_slots=self.attempts.free_slots(),
            budget=self.study_view.search.trials,
            since=float(self.store.read.get_meta(MetaKey.SINCE) or 0.0),
            stop_reason=study_is_over(self.study_view, learnable, row.seconds),
            spent=self.proposals.exhausted,
            listed=self.study_view.search.sampler == "list",
            stage=self.stage.name,
            stagnation=no_improvement(self.study_view, learnable),
            has_next_stage=stages.next_stage(self.study, self.stage) is not None,
            missing_replicates=stages.missing_replicates(self.study, self.stage, trials),
        )
        if state.study is StudyState.RUNNING and planning.trials_left(state) and not self._engine_loaded():
            return False
        for action in planning.plan(state):
            if isinstance(action, planning.End):
                return self._rest(action)
            if isinstance(action, planning.Start | planning.Propose) and not self._prepared():
                break
            self._carry_out(action)
            if self.store.read.study().state != state.study:  # an action has paused the study
                break
        else:
            self._look_ahead(state)
        return False

    def _prepared(self) -> bool:
        """Return True when the trainer's preparation of the study is done, so that trials may begin.

        A preparation that failed pauses the study.
        """
        preparation = self.preparation.state(self.study)
        if isinstance(preparation, str):
            self._pause(preparation, level="error")
        elif not preparation:
            self.maintenance.retry_soon(self)
        return preparation is True

    def _engine_loaded(self) -> bool:
        """Load the engine; return False when that fails, for example because a library was uninstalled.

        The study is then paused with a message that says what to install.
        """
        try:
            self.proposals.prepare()
        except HptuiError as error:
            self._pause(str(error), level="error")
            return False
        return True

    def _look_ahead(self, state: planning.PlanState) -> None:
        """Let the engine compute the next proposal while all slots are busy."""
        if self.attempts.live and not self.attempts.free_slots() and state.study is StudyState.RUNNING:
            trials = [self._trials[number] for number in sorted(self._trials)]
            if planning.trials_left(replace(state, trials=trials)) > 0:
                self.proposals.look_ahead(stages.trials_for_engine(self.study, self.stage, trials, self.base))

    def _carry_out(self, action: planning.Action) -> None:
        if isinstance(action, planning.Abort):
            self._pause(action.message, level="error")
        elif isinstance(action, planning.RunReplicate):
            with self.store.transaction(durable=True):
                replicate = insert_replicate(self.store, self.study, self._trials[action.number], action.k)
            self._trials[replicate.number] = replicate
            self._dirty = True
        elif isinstance(action, planning.Advance):
            self._advance()
        elif isinstance(action, planning.Start):
            self._start(action.number)
        elif isinstance(action, planning.Propose):
            self._ask()

    def _advance(self) -> None:
        """Begin the next stage, and record its first trials in the same transaction."""
        trials = list(self._trials.values())
        try:
            with self.store.transaction(durable=True):
                insert_stage_trials(self.store, self.study, self.stage, trials)
        except HptuiError as error:
            self._pause(str(error), level="error")
            return
        crash_point("after_advance")
        self.proposals.close()
        self._enter()
        self._changed()

    def _ask(self) -> None:
        if not self.attempts.reserve():  # a proposal made when a slot is free can learn from more results
            self._wait_for_slot(None)
            return
        trials = [self._trials[number] for number in sorted(self._trials)]
        try:
            trial = self.proposals.next(stages.trials_for_engine(self.study, self.stage, trials, self.base))
        except EngineFailed as error:
            trial = error.trial
            self._drain(f"{error}; a random trial is tried, then the study pauses")
        except HptuiError as error:
            self._pause(str(error), level="error")
            return
        self._dirty |= self.proposals.exhausted
        if trial is not None:
            self._dirty = True
            self._trials[trial.number] = trial
            crash_point("after_insert_trial")
            self._start(trial.number)

    def _drain(self, message: str) -> None:
        """Start nothing new; the study pauses when the running trials have ended."""
        with self.store.transaction(durable=True):
            self.store.set_state(StudyState.DRAINING, message)
            self.store.add_event("error", EventKind.STUDY_DRAINING, message)

    def _start(self, number: int) -> None:
        if problem := self.maintenance.short_of_space(self.study):
            self._pause(problem)
            return
        live = self.attempts.start(self._trials[number])
        self._started |= live is not None
        self._waited &= live is None
        self._refresh(number)
        if live is None:
            self._wait_for_slot(number)
        elif live.trial.attempts:
            self.pruning.restore(live)

    def _wait_for_slot(self, number: int | None) -> None:
        """Decide again at the next turn, and record once which process holds the GPU."""
        self.maintenance.retry_soon(self)
        if self.attempts.waiting_reason and not self._waited:
            self._waited = True
            self.store.add_event("warning", EventKind.GPU_BUSY, self.attempts.waiting_reason, number)

    def request_decision(self) -> None:
        """Decide at the next turn even if nothing was recorded meanwhile."""
        self._dirty = True

    def _pause(self, message: str, level: str = "warning") -> None:
        with self.store.transaction(durable=True):
            self.store.set_state(StudyState.PAUSED, message)
            self.store.add_event(level, EventKind.STUDY_PAUSED, message)
        self.commands.write_verb(None, "pause")
        self.attempts.refresh_requested_ends()
        self._dirty = True

    def _rest(self, end: planning.End) -> bool:
        """Record that the study has come to rest. Return False when a command is pending: it goes first."""
        if self.store.read.pending_commands():
            self._dirty = True
            return False
        row, done_before = self.store.read.study(), json.loads(self.store.read.get_meta(MetaKey.RESTED) or "null")
        self.idle = done_before is not None and not self._started and end.state is StudyState.DONE
        with self.store.transaction(durable=True):
            if self.idle:
                self.store.set_state(end.state, done_before[1], done_before[0])
            else:
                self.store.set_state(end.state, end.message or row.message)
            if row.state != end.state and not self.idle:
                self.store.add_event("info", EventKind.of_study(end.state), end.message or f"the study is {end.state}")
        crash_point("after_rest")
        self.preparation.cancel()
        self.maintenance.save_activity()
        self.hooks.ended(self.store, self.sd, self.study)
        return True
