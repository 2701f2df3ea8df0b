"""Carry out what `plan` decides for a study: start trials, ask for proposals, begin stages, end the study.

`plan` is pure; here each action is done in one transaction together with the rows that it rests on.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from hptui.model.errors import HptuiError
from hptui.model.study import Study
from hptui.model.trial import StudyState, Trial
from hptui.running import plan as planning
from hptui.running import stages
from hptui.running.attempts import Attempts, Trainer
from hptui.running.preparing import Preparing
from hptui.running.proposals import EngineFailed, Proposals
from hptui.running.pruning import Curves, Pruning
from hptui.running.requests import RESTED, Desk
from hptui.running.setup import begin_next, repeat
from hptui.running.upkeep import Upkeep
from hptui.search.stopping import over, stagnant
from hptui.storage.crashpoints import crash_point
from hptui.storage.paths import StudyDir
from hptui.storage.store import Store


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the runner is given from above, since it knows neither trainers nor reports.

    `trainer` returns how to run a study's attempts; `ended` is called when the study has come to rest.
    """

    trainer: Callable[[Study], Trainer]
    ended: Callable[[Store, StudyDir, Study], None]


class Decisions:
    """State of one study under its lock, and the actions that change it.

    `study_view` is the study as the current stage modifies it; `idle` is True when the study was done already and
    nothing was left to do.
    """

    def __init__(self, sd: StudyDir, store: Store, hooks: Hooks) -> None:
        self.sd, self.store, self.hooks = sd, store, hooks
        self.desk = Desk(sd, store)
        self.study = self.desk.study
        self.attempts = Attempts(sd, store, self.study, hooks.trainer(self.study))
        self.upkeep = Upkeep(sd, store)
        self.preparing = Preparing(sd, store, self.attempts)
        self._curves = Curves()
        self.part = stages.Part()
        self._enter()
        self.idle = False
        self._started = False
        self._waited = False
        self._dirty = True
        self._trials: dict[int, Trial] = {}

    def _enter(self) -> None:
        """Rebuild what depends on the current stage: the study as it sees it, its engine, its pruner."""
        with self.store.transaction():
            previous_stage, self.part = self.part, stages.current(self.store, self.study)
        self.seen = stages.view(self.study, self.part)
        overrides, defaults = stages.onto(self.study, self.part), self.store.defaults()
        self.base = {**defaults, **self.study.trainer.settings}
        self.proposals = Proposals(self.store, self.seen, defaults, self.part.name, overrides)
        if previous_stage != self.part:
            self._curves = Curves()
        self.pruning = Pruning(self.store, self.study, self._curves, self.part.name)

    def _changed(self) -> None:
        self._trials = {trial.number: trial for trial in self.store.trials()}
        self._dirty = True

    def _refresh(self, number: int) -> None:
        self._trials[number] = self.store.trial(number)
        self._dirty = True

    def _decide(self) -> bool:
        """Carry out the plan; return True when the study has come to rest."""
        self._dirty = False
        row = self.store.study_row()
        trials = [self._trials[number] for number in sorted(self._trials)]
        learnable = stages.told(self.study, self.part, trials, self.base)
        state = planning.State(
            study=StudyState(row["state"]),
            trials=trials,
            free_slots=self.attempts.free_slots(),
            budget=self.seen.search.trials,
            since=float(self.store.get_meta("since") or 0.0),
            over=over(self.seen, learnable, float(row["seconds"])),
            spent=self.proposals.spent,
            listed=self.seen.search.sampler == "list",
            stage=self.part.name,
            enough=stagnant(self.seen, learnable),
            more=stages.following(self.study, self.part) is not None,
            repeats=stages.missing_repeats(self.study, self.part, trials),
        )
        if state.study is StudyState.RUNNING and planning.left(state) and not self._engine_loaded():
            return False
        for action in planning.plan(state):
            if isinstance(action, planning.End):
                return self._rest(action)
            if isinstance(action, planning.Start | planning.Ask) and not self._prepared():
                break
            self._carry_out(action)
            if self.store.study_row()["state"] != state.study:  # an action has paused the study
                break
        else:
            self._look_ahead(state)
        return False

    def _prepared(self) -> bool:
        """Return True when the trainer's preparation of the study is done, so that trials may begin.

        A preparation that failed pauses the study.
        """
        preparation = self.preparing.over(self.study)
        if isinstance(preparation, str):
            self._pause(preparation, level="error")
        elif not preparation:
            self.upkeep.later(self)
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

    def _look_ahead(self, state: planning.State) -> None:
        """Let the engine compute the next proposal while all slots are busy."""
        if self.attempts.live and not self.attempts.free_slots() and state.study is StudyState.RUNNING:
            trials = [self._trials[number] for number in sorted(self._trials)]
            if planning.left(replace(state, trials=trials)) > 0:
                self.proposals.look_ahead(stages.told(self.study, self.part, trials, self.base))

    def _carry_out(self, action: planning.Action) -> None:
        if isinstance(action, planning.Abort):
            self._pause(action.message, level="error")
        elif isinstance(action, planning.Repeat):
            with self.store.transaction(durable=True):
                replicate = repeat(self.store, self.study, self._trials[action.number], action.k)
            self._trials[replicate.number] = replicate
            self._dirty = True
        elif isinstance(action, planning.Advance):
            self._advance()
        elif isinstance(action, planning.Start):
            self._start(action.number)
        elif isinstance(action, planning.Ask):
            self._ask()

    def _advance(self) -> None:
        """Begin the next stage, and record its first trials in the same transaction."""
        trials = list(self._trials.values())
        try:
            with self.store.transaction(durable=True):
                begin_next(self.store, self.study, self.part, trials)
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
            trial = self.proposals.next(stages.told(self.study, self.part, trials, self.base))
        except EngineFailed as error:
            trial = error.trial
            self._drain(f"{error}; a random trial is tried, then the study pauses")
        except HptuiError as error:
            self._pause(str(error), level="error")
            return
        self._dirty |= self.proposals.spent
        if trial is not None:
            self._dirty = True
            self._trials[trial.number] = trial
            crash_point("after_insert_trial")
            self._start(trial.number)

    def _drain(self, message: str) -> None:
        """Start nothing new; the study pauses when the running trials have ended."""
        with self.store.transaction(durable=True):
            self.store.set_state(StudyState.DRAINING, message)
            self.store.event("error", "study_draining", message)

    def _start(self, number: int) -> None:
        if problem := self.upkeep.short_of_space(self.study):
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
        self.upkeep.later(self)
        if self.attempts.waiting and not self._waited:
            self._waited = True
            self.store.event("warning", "gpu_busy", self.attempts.waiting, number)

    def look_again(self) -> None:
        """Decide at the next turn even if nothing was recorded meanwhile."""
        self._dirty = True

    def _pause(self, message: str, level: str = "warning") -> None:
        with self.store.transaction(durable=True):
            self.store.set_state(StudyState.PAUSED, message)
            self.store.event(level, "study_paused", message)
        self.desk.tell(None, "pause")
        self.attempts.hear()
        self._dirty = True

    def _rest(self, end: planning.End) -> bool:
        """Record that the study has come to rest. Return False when a command is pending: it goes first."""
        if self.store.pending_commands():
            self._dirty = True
            return False
        row, done_before = self.store.study_row(), json.loads(self.store.get_meta(RESTED) or "null")
        self.idle = done_before is not None and not self._started and end.state is StudyState.DONE
        with self.store.transaction(durable=True):
            if self.idle:
                self.store.set_state(end.state, done_before[1], done_before[0])
            else:
                self.store.set_state(end.state, end.message or str(row["message"] or ""))
            if row["state"] != end.state and not self.idle:
                self.store.event("info", f"study_{end.state}", end.message or f"the study is {end.state}")
        crash_point("after_rest")
        self.preparing.cancel()
        self.upkeep.settle()
        self.hooks.ended(self.store, self.sd, self.study)
        return True
