"""The runner of one study: a crash-only loop. To start is to recover; to be killed costs nothing that was finished.

It holds `study.lock`, is the only writer of results, and never blocks for more than a second.
"""

from __future__ import annotations

import errno
import json
import logging
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from hptui.model.errors import HptuiError
from hptui.model.study import Study
from hptui.model.trial import Reason, StudyState, Trial, TrialStatus
from hptui.running import devices, stages, warmstart
from hptui.running import plan as planning
from hptui.running.attempts import Attempts, Trainer
from hptui.running.finish import finish
from hptui.running.live import Live
from hptui.running.local import silence
from hptui.running.preparing import Preparing
from hptui.running.proposals import EngineFailed, Proposals
from hptui.running.pruning import Curves, Pruning
from hptui.running.requests import RESTED, Desk
from hptui.running.setup import begin_next, record_written, repeat
from hptui.running.upkeep import Upkeep
from hptui.running.watchdog import look
from hptui.search.doubts import constant
from hptui.search.stopping import over, stagnant
from hptui.storage.crashpoints import crash_point
from hptui.storage.paths import StudyDir
from hptui.storage.store import DiskFull, Store

log = logging.getLogger(__name__)

TICK = 0.25
AT_THE_END = 0.5
"""Seconds a turn that reading the rest of an ended attempt's events may take."""
ASLEEP = 5.0
PATIENCE = 60
"""So many turns in a row may fail before the runner gives up."""
CONSTANT, NO_GPUS = "told_constant", "told_no_gpus"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the runner is handed from above: it knows neither trainers nor reports.

    `ended` is called when a study has come to rest, with its state and message.
    """

    trainer: Callable[[Study], Trainer]
    ended: Callable[[Store, StudyDir, Study], None]


class Runner:
    """Runs one study to its end, or until it is paused, stopped or killed."""

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
        """Whether it found a study done, and nothing left to do."""
        self._started = False
        self._leaving = False
        self._waited = False
        self._troubled = 0
        self._revision = -1
        self._dirty = True
        self._trials: dict[int, Trial] = {}
        self._blocked = 0.0
        self._ticked = time.monotonic()

    def run(self) -> bool:
        """The loop. True when nothing is left to do; False on SIGTERM (running trials go on by themselves)."""
        signal.signal(signal.SIGTERM, self._leave)
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        self.upkeep.begin()
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
                    self._troubled = 0
                except (OSError, DiskFull) as error:
                    self._trouble(error)
            return False
        finally:
            self.attempts.close()
            self.upkeep.end()
            self.proposals.close()

    def _without_gpus(self) -> None:
        """Say once that trials run on the CPU although GPUs were asked for."""
        wanted = self.study.resources.gpus
        if isinstance(wanted, int) and wanted and not devices.gpus() and not self.store.get_meta(NO_GPUS):
            self.store.set_meta(NO_GPUS, "said")
            said = f"[resources] gpus = {wanted}, but no GPU can be used here: trials run on the CPU"
            self.store.event("warning", "no_gpus", said)

    def _leave(self, *_: object) -> None:
        self._leaving = True

    # one turn of the loop ---------------------------------------------------------------------------------------

    def _turn(self) -> bool:
        """Everything once; True when the study has come to rest."""
        self._notice_sleep()
        self._requests()
        if self._revision < 0:
            self._revise()
        self.attempts.confirm()
        for live in list(self.attempts.live.values()):
            self._follow(live)
        self.upkeep.turn(self.attempts.live)
        self._dirty |= self.proposals.collect()
        self._dirty |= self.study.search.until.hours is not None  # the others change only with a trial
        return self._decide() if self._dirty else False

    def _wait(self) -> None:
        poll = select.poll()
        for handle in (*self.attempts.handles(), self.proposals.fileno()):
            if handle >= 0:
                poll.register(handle, select.POLLIN)
        poll.poll(TICK * 1000)

    def _notice_sleep(self) -> None:
        now = time.monotonic()
        if now - self._ticked > ASLEEP:
            for live in self.attempts.live.values():
                live.reset_clocks()
        self.upkeep.active(min(now - self._ticked, ASLEEP))
        self._ticked = now

    def _requests(self) -> None:
        for command in self.store.pending_commands():
            self.desk.serve(command)
            self.attempts.hear()
            self._changed()
            self._revise()

    def _revise(self) -> None:
        """Take up a new revision of the study: new space, new engine; what runs is not touched."""
        row = self.store.study_row()
        if row["revision"] != self._revision:
            self._revision, self.study = -1, self.desk.study
            self._warm_start()
            record_written(self.store, self.study)
            self._changed()
            self.proposals.close()
            self._enter()
            if self.seen.search.sampler == "auto":
                chosen = self.proposals.choice
                self.store.event("info", "sampler", f"auto chose {chosen.sampler}: {chosen.why}")
            self.attempts.revise(self.study)
            self._revision = row["revision"]  # now: a full disk in between has it taken up once more

    def _warm_start(self) -> None:
        """What other studies teach is here already, unless their copying was interrupted."""
        try:
            warmstart.keep(self.store, self.study)
        except HptuiError as error:
            self._pause(str(error), level="error")

    def _enter(self) -> None:
        """Take up the stage under way: what its engine and its pruner see."""
        with self.store.transaction():
            before, self.part = self.part, stages.current(self.store, self.study)
        self.seen = stages.view(self.study, self.part)
        onto, defaults = stages.onto(self.study, self.part), self.store.defaults()
        self.base = {**defaults, **self.study.trainer.settings}
        self.proposals = Proposals(self.store, self.seen, defaults, self.part.name, onto)
        if before != self.part:
            self._curves = Curves()
        self.pruning = Pruning(self.store, self.study, self._curves, self.part.name)

    def _changed(self) -> None:
        self._trials = {trial.number: trial for trial in self.store.trials()}
        self._dirty = True

    def _refresh(self, number: int) -> None:
        self._trials[number] = self.store.trial(number)
        self._dirty = True

    # running attempts -------------------------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Take over what an earlier runner left: attempts that live, and those that ended meanwhile."""
        for attempt in self.store.attempts(open=True):
            live = self.attempts.adopt(attempt, self._trials[attempt.trial])
            self.pruning.restore(live)
        crash_point("after_adopt")
        adopted = sorted(live.trial.number for live in self.attempts.live.values())
        if adopted:
            log.info("adopted trials %s", adopted)
        for number in [t.number for t in self._trials.values() if t.status is TrialStatus.RUNNING]:
            if number not in adopted:  # killed between closing the attempt and anything else: cannot be, but must heal
                self.store.update_trial(number, status=TrialStatus.WAITING)
                self._refresh(number)

    def _follow(self, live: Live) -> None:
        """Read what an attempt did, end it if it ended, else judge how it does."""
        alive = self.attempts.alive(live)
        if not alive:
            silence(live.attempt.token, live.run)
        whole = self.attempts.ingest.drain(live, AT_THE_END if not alive else 0.0)
        if self.pruning.silent(live):
            message = "it reports no progress and no total_steps, so no pruner can judge it"
            self.store.event("warning", "pruner", message, live.trial.number)
        if not alive:
            if whole:
                self._end(live)
            return
        asked, why = self.pruning.verdict(live, self.attempts.live.values())
        if asked:
            self.attempts.ask(live, "prune", asked, why)
        if finding := look(live, self.study.resources):
            self._watchdog(live, finding.verb, finding.asked, finding.message)

    def _watchdog(self, live: Live, verb: str, asked: str, message: str) -> None:
        live.hang_told = True
        if verb:
            self.attempts.ask(live, verb, asked, message)
        else:
            self.store.event("warning", asked, message, live.trial.number)

    def _end(self, live: Live) -> None:
        ending = finish(self.store, self.study, live)
        self.attempts.forget(live)
        self._refresh(live.trial.number)
        trial = self._trials[live.trial.number]
        self.pruning.finished(trial)
        self._doubt(trial)
        if said := self.pruning.untried(trial):
            self.store.event("warning", "stop_rules", said)
        if ending.reason is Reason.DISK_FULL:
            self._pause("disk full: free some space, then start the study again")

    def _doubt(self, trial: Trial) -> None:
        """Say once when all trials come out alike."""
        if trial.status is TrialStatus.COMPLETE and not self.store.get_meta(CONSTANT):
            trials = stages.told(self.study, self.part, self._trials.values(), self.base)
            if said := constant(self.seen, trials):
                self.store.set_meta(CONSTANT, "said")
                self.store.event("warning", "constant", said)

    # decisions --------------------------------------------------------------------------------------------------

    def _decide(self) -> bool:
        """Carry out the plan; True when the study has come to rest."""
        self._dirty = False
        row = self.store.study_row()
        trials = [self._trials[number] for number in sorted(self._trials)]
        known = stages.told(self.study, self.part, trials, self.base)
        state = planning.State(
            study=StudyState(row["state"]),
            trials=trials,
            free_slots=self.attempts.free_slots(),
            budget=self.seen.search.trials,
            since=float(self.store.get_meta("since") or 0.0),
            over=over(self.seen, known, float(row["seconds"])),
            spent=self.proposals.spent,
            listed=self.seen.search.sampler == "list",
            stage=self.part.name,
            enough=stagnant(self.seen, known),
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
        """Whether trials may begin: what the trainer does once for a study is done. If it fails, the study stops."""
        found = self.preparing.over(self.study)
        if isinstance(found, str):
            self._pause(found, level="error")
        elif not found:
            self.upkeep.later(self)
        return found is True

    def _engine_loaded(self) -> bool:
        """Have the engine ready. One that is not installed any more pauses the study, with the remedy."""
        try:
            self.proposals.prepare()
        except HptuiError as error:
            self._pause(str(error), level="error")
            return False
        return True

    def _look_ahead(self, state: planning.State) -> None:
        """While everything is busy, the engine may think about what comes next."""
        if self.attempts.live and not self.attempts.free_slots() and state.study is StudyState.RUNNING:
            trials = [self._trials[number] for number in sorted(self._trials)]
            if planning.left(replace(state, trials=trials)) > 0:
                self.proposals.look_ahead(stages.told(self.study, self.part, trials, self.base))

    def _carry_out(self, action: planning.Action) -> None:
        if isinstance(action, planning.Abort):
            self._pause(action.message, level="error")
        elif isinstance(action, planning.Repeat):
            with self.store.transaction(durable=True):
                again = repeat(self.store, self.study, self._trials[action.number], action.k)
            self._trials[again.number] = again
            self._dirty = True
        elif isinstance(action, planning.Advance):
            self._advance()
        elif isinstance(action, planning.Start):
            self._start(action.number)
        elif isinstance(action, planning.Ask):
            self._ask()

    def _advance(self) -> None:
        """Begin the next stage, with whatever it takes over recorded in the same moment."""
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
        if not self.attempts.reserve():  # asked for later, the proposal knows more
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
        """Start nothing new, and become paused when what runs has ended."""
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
        """Somebody else has the slots: look again in a moment, and say whom we wait for, once."""
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
        """The study has come to rest. A request that came in this very moment is served first."""
        if self.store.pending_commands():
            self._dirty = True
            return False
        row, rested = self.store.study_row(), json.loads(self.store.get_meta(RESTED) or "null")
        self.idle = rested is not None and not self._started and end.state is StudyState.DONE
        with self.store.transaction(durable=True):
            if self.idle:
                self.store.set_state(end.state, rested[1], rested[0])
            else:
                self.store.set_state(end.state, end.message or str(row["message"] or ""))
            if row["state"] != end.state and not self.idle:
                self.store.event("info", f"study_{end.state}", end.message or f"the study is {end.state}")
        crash_point("after_rest")
        self.preparing.cancel()
        self.upkeep.settle()
        self.hooks.ended(self.store, self.sd, self.study)
        return True

    # trouble ----------------------------------------------------------------------------------------------------

    def _trouble(self, error: OSError | DiskFull) -> None:
        """On a full disk give the ballast back and pause cleanly; other failures of the machine are waited for.

        What goes on failing ends the runner: nothing recorded is lost by that, and trials go on by themselves.
        """
        if isinstance(error, OSError) and error.errno not in FULL:
            self._troubled += 1
            if self._troubled > PATIENCE:
                raise error
            log.exception("the machine is in trouble; trying again")
            time.sleep(0.9)
            return
        log.error("disk full: %s", error)
        self._dirty = True  # what could not be done is decided again
        self.upkeep.drop_ballast()
        try:
            self._pause("disk full: free some space, then start the study again")
        except (OSError, DiskFull):
            time.sleep(0.9)  # not even the pause can be written; offsets are kept, so nothing is lost by waiting
