"""Carry out what `plan` decides for a study: start trials, ask for proposals, begin stages, end the study.

`plan` is pure; here each action is done in one transaction together with the rows that it rests on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence

from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError
from hptui.core.study import Study
from hptui.core.trial import Reason, StudyState, Trial, TrialStatus
from hptui.execution import plan as planning
from hptui.execution import prior_trials, rungs, stages, starting
from hptui.execution.attempts import Attempts
from hptui.execution.best_checkpoint import BestCheckpoint
from hptui.execution.code_watch import CodeWatch
from hptui.execution.commands import CommandHandler
from hptui.execution.executor import WorkerSpec
from hptui.execution.gpu_watch import GpuWatch
from hptui.execution.maintenance import Maintenance, warn_if_constant
from hptui.execution.notifier import Notifier, Settings
from hptui.execution.preparation import Preparation
from hptui.execution.proposals import LawsOf, Proposals
from hptui.execution.pruning import FinishedCurves, Pruning
from hptui.execution.queue import insert_file_trials, insert_replicate, insert_stage_trials
from hptui.execution.trial_ledger import TrialLedger
from hptui.search.stopping import MAX_CHECKED_TRIALS, no_improvement, study_is_over
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import Store

log = logging.getLogger(__name__)
DISK_FULL_MESSAGE = "disk full: free some space, then start the study again"


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the runner is given from above, since it knows neither trainers nor reports.

    `trainer` returns how to run attempts; `ended` is called when the study has come to rest; `code` watches whether
    hptui itself is replaced on disk; `notify` returns who is notified of what, `laws` what laws say of its settings."""

    trainer: Callable[[Study], WorkerSpec]
    ended: Callable[[Store, StudyDir, Study], None]
    code: CodeWatch | None = None
    notify: Settings = lambda study: study.notify
    laws: LawsOf = lambda study, base: ()


class StudyController:
    """State of one study under its lock, and the actions that change it.

    `study_view` is the study as the current stage modifies it; `trials` holds all trials, as recorded. `idle` is True
    when the study was done already and nothing was left to do. `on_hold`: nothing is decided any more.
    """

    def __init__(self, sd: StudyDir, store: Store, hooks: Hooks, commands: CommandHandler, attempts: Attempts) -> None:
        self.sd, self.store, self.hooks = sd, store, hooks
        self.commands, self.attempts, self.study = commands, attempts, attempts.study
        self.maintenance, self.notifier = Maintenance(sd, store), Notifier(store, hooks.notify)
        self.preparation = Preparation(sd, store, attempts)
        self._best_checkpoint = BestCheckpoint(sd, store, attempts)
        self._curves, self.stage = FinishedCurves(), stages.StageState()
        self.enter_stage()
        self.idle = self.on_hold = False
        self.starting = starting.Starting(self)
        self._revision, self._decision_due = -1, True
        self.gpu_watch, self.trials = GpuWatch(store, attempts), TrialLedger()

    # following the store ----------------------------------------------------------------------------------------

    def follow_revision(self) -> None:
        """Load a new revision of the study: new space, new engine; running attempts are not touched."""
        row = self.store.read.study()
        if row.revision != self._revision:
            self._revision, self.study = -1, self.commands.study
            self._store_prior_trials()
            insert_file_trials(self.store, self.study)
            self.reload()
            self.proposals.close()
            self.enter_stage()
            if self.study_view.search.sampler == "auto":
                chosen = self.proposals.choice
                self.store.add_event("info", EventKind.SAMPLER, f"auto chose {chosen.sampler}: {chosen.why}")
            self.attempts.revise(self.study)
            self._revision = row.revision  # set last, so that a failure in between repeats the load at the next turn

    @property
    def revision_pending(self) -> bool:
        """Whether loading a revision failed midway, so that it must be repeated."""
        return self._revision < 0

    def _store_prior_trials(self) -> None:
        """Copy the trials of other studies, if that was interrupted when the study was created."""
        try:
            prior_trials.store_prior_trials(self.store, self.study)
        except HptuiError as error:
            self.pause(str(error), level="error")

    def enter_stage(self) -> None:
        """Rebuild what depends on the current stage: the study as it sees it, its engine, its pruner."""
        with self.store.transaction():
            previous_stage, self.stage = self.stage, stages.current_stage(self.store, self.study)
        self.study_view = stages.study_in_stage(self.study, self.stage)
        overrides, defaults = stages.overrides_in_stage(self.study, self.stage), self.store.read.defaults()
        self.base = {**defaults, **self.study.trainer.settings}
        self._engine_trials = stages.EngineTrials(self.study, self.stage, self.base)
        self.proposals = Proposals(self.store, self.study_view, defaults, self.stage.name, overrides, self.hooks.laws)
        if previous_stage != self.stage:
            self._curves = FinishedCurves()
        self.promotion = rungs.promotion_of(self.study, self.stage.name)
        self.pruning = Pruning(self.store, self.study, self._curves, self.stage.name)
        self.attempts.ingest.counting = self.pruning.counts_reports  # a stage may have a pruner of its own

    def reload(self) -> None:
        """Read all trials again, and decide at the next turn."""
        self.trials = TrialLedger(self.store.read.trials())
        self._decision_due = True

    def refresh(self, number: int) -> None:
        """Read one trial again, and decide at the next turn."""
        self.trials[number] = self.store.read.trial(number, seen=False)
        self._decision_due = True

    def adopted(self) -> None:
        """Note that attempts of an earlier runner go on, and requeue trials that lost theirs without an end."""
        rungs.sweep_checkpoints(self.sd, self.store, self.study)
        adopted = sorted(live.trial.number for live in self.attempts.live.values())
        self.starting.started = bool(adopted)
        if adopted:
            log.info("adopted trials %s", adopted)
        for number in sorted(self.trials.running):
            # An attempt and its trial end in one transaction, so this cannot be; a trial must still not be stuck.
            if number not in adopted:
                self.store.update_trial(number, status=TrialStatus.WAITING)
                self.refresh(number)

    def attempt_ended(self, number: int, reason: Reason, message: str = "") -> None:
        """Follow the recorded end of an attempt of a trial."""
        self.refresh(number)
        trial = self.trials[number]
        self.pruning.add_finished(trial)
        if trial.status is TrialStatus.COMPLETE and (self.study.stages or self.trials.usable <= MAX_CHECKED_TRIALS):
            warn_if_constant(self.store, self.study_view, self.learnable())
        if message := self.pruning.unreported_stop_rules(trial):
            self.store.add_event("warning", EventKind.STOP_RULES, message)
        if reason is Reason.DISK_FULL:
            self.pause(DISK_FULL_MESSAGE)
        if message := self.gpu_watch.attempt_ended(reason, message):
            self.pause(message, level="error")

    def do_chores(self) -> None:
        """Do the chores of one turn, and notify people of what has happened."""
        self.maintenance.turn(self.attempts.live, self.study)
        self.notifier.turn(self.study, self.trials)

    # deciding ---------------------------------------------------------------------------------------------------

    def request_decision(self) -> None:
        """Decide at the next turn even if nothing was recorded meanwhile."""
        self._decision_due = True

    def hold(self) -> None:
        """Start nothing new and end nothing in this process, whose code was replaced. What runs goes on."""
        self.on_hold = True
        message = "hptui was changed on disk: nothing new starts until the runner has restarted itself"
        self.store.add_event("warning", EventKind.CODE_CHANGED, message)

    def decide(self) -> bool:
        """Carry out the plan if a decision is due; return True when the study has come to rest."""
        if not self._decision_due or self.on_hold:
            return False
        self._decision_due = False
        (study_state, seconds), until = self.store.read.activity(), self.study_view.search.until
        learnable: Sequence[Trial] = [] if until.target is None and until.no_improvement is None else self.learnable()
        paused = self.trials.in_order() if self.trials.at_rungs else ()  # all, for the rung's rule compares them
        state = planning.PlanState(
            study=study_state,
            trials=self.trials,
            free_slots=self.attempts.free_slots(),
            budget=self.study_view.search.trials,
            since=float(self.store.read.get_meta(MetaKey.SINCE) or 0.0),
            stop_reason=study_is_over(self.study_view, learnable, seconds),
            spent=self.proposals.why_exhausted,
            listed=self.study_view.search.sampler == "list",
            stage=self.stage.name,
            stagnation=no_improvement(self.study_view, learnable),
            has_next_stage=stages.next_stage(self.study, self.stage) is not None,
            missing_replicates=stages.missing_replicates(self.study, self.stage, self.trials.history),
            base=self.study_view.trainer.settings,
            **rungs.promotable(self.store, self.promotion, paused, self.stage.name),
        )
        if state.study is StudyState.RUNNING and planning.trials_left(state) and not self._engine_loaded():
            return False
        starts = list[starting.Start]()
        for action in planning.plan(state):
            if isinstance(action, planning.End):
                return self._rest(action)
            if isinstance(action, starting.Start):
                starts.append(action)
            else:
                self._carry_out(action)

        def may_start() -> bool:  # an action may have paused the study
            return self.store.read.activity()[0] == state.study and self._prepared()

        self.starting.start(starts, may_start)
        if self.store.read.activity()[0] == state.study:
            self._look_ahead(state)
        return False

    def _prepared(self) -> bool:
        """Return True when the trainer's preparation of the study is done, so that trials may begin.

        A preparation that failed pauses the study, and so does a torch that cannot use the GPUs here.
        """
        if problem := self.gpu_watch.torch_problem(self.study):
            self.pause(problem, level="error")
            return False
        preparation = self.preparation.state(self.study)
        if isinstance(preparation, str):
            self.pause(preparation, level="error")
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
            self.pause(str(error), level="error")
            return False
        return True

    def _look_ahead(self, state: planning.PlanState) -> None:
        """Let the engine compute the next proposal while all slots are busy."""
        busy = self.attempts.live and not self.attempts.free_slots() and state.study is StudyState.RUNNING
        if busy and self.proposals.asks_ahead and planning.trials_left(state) > 0:
            self.proposals.look_ahead(self.learnable())

    def learnable(self) -> Sequence[Trial]:
        return self._engine_trials.of(self.trials.history)

    def _carry_out(self, action: planning.Action) -> None:
        if isinstance(action, planning.Abort):
            self.pause(action.message, level="error")
        elif isinstance(action, planning.RunReplicate):
            with self.store.transaction(durable=True):
                replicate = insert_replicate(self.store, self.study, self.trials[action.number], action.k)
            self.trials[replicate.number] = replicate
            self._decision_due = True
        elif isinstance(action, planning.Advance):
            self._advance()
        elif isinstance(action, planning.PruneAtRungs):
            rungs.prune_at_rungs(self.sd, self.store, self.study, action.numbers, action.why)
            self.reload()

    def _advance(self) -> None:
        """Begin the next stage, and record its first trials in the same transaction."""
        trials = list(self.trials.values())
        try:
            with self.store.transaction(durable=True):
                insert_stage_trials(self.store, self.study, self.stage, trials)
        except HptuiError as error:
            self.pause(str(error), level="error")
            return
        crash_point("after_advance")
        self.proposals.close()
        self.enter_stage()
        self.reload()

    def pause(self, message: str, level: str = "warning") -> None:
        """Pause the study and its running trials, and record why."""
        with self.store.transaction(durable=True):
            self.store.set_state(StudyState.PAUSED, message)
            self.store.add_event(level, EventKind.STUDY_PAUSED, message)
        self.commands.write_verb(None, "pause")
        self.attempts.refresh_requested_ends()
        self._decision_due = True

    def _rest(self, end: planning.End) -> bool:
        """Record that the study has come to rest. Return False when a command is pending: it goes first."""
        if self.store.read.pending_commands():
            self._decision_due = True
            return False
        if self._best_checkpoint.under_way(self.study, self.trials.history, self.stage.name):
            self.maintenance.retry_soon(self)
            return False
        row, done_before = self.store.read.study(), json.loads(self.store.read.get_meta(MetaKey.RESTED) or "null")
        self.idle = done_before is not None and not self.starting.started and end.state is StudyState.DONE
        with self.store.transaction(durable=True):
            if self.idle:
                self.store.set_state(end.state, done_before[1], done_before[0])
            else:
                self.store.set_state(end.state, end.message or row.message)
            if row.state != end.state and not self.idle:
                self.store.add_event("info", EventKind.of_study(end.state), end.message or f"the study is {end.state}")
        crash_point("after_rest")
        self.preparation.cancel()
        self.attempts.retire()
        self.maintenance.save_activity()
        self.hooks.ended(self.store, self.sd, self.study)
        return True
