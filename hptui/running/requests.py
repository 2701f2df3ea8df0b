"""What a person may ask of a study while it runs or rests: one handler per verb, the same for both.

The holder of `study.lock` applies them: the runner from its mailbox, or a face in its own process when no runner lives.
A handler changes the store (and writes `control` files), and returns the sentence to show.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hptui.model.errors import HptuiError, NotFound, UserError
from hptui.model.stages import stage_named
from hptui.model.study import Study
from hptui.model.trial import Reason, StudyState, Trial, TrialStatus
from hptui.running import warmstart
from hptui.running.imports import take
from hptui.running.queueing import add, repeat, rerun
from hptui.running.setup import keep_defaults, record_written
from hptui.running.stages import course
from hptui.storage import studyfile
from hptui.storage.crashpoints import crash_point
from hptui.storage.paths import StudyDir
from hptui.storage.rows import Command
from hptui.storage.rundir import RunDir, put_control
from hptui.storage.store import DiskFull, Store

log = logging.getLogger(__name__)

RESTED = "rested"
"""When, and with what message, a study was done that has been asked to go on: if nothing is left, it still is."""


class Desk:
    """A study whose lock we hold."""

    def __init__(self, sd: StudyDir, store: Store) -> None:
        self.sd, self.store = sd, store

    @property
    def study(self) -> Study:
        return studyfile.from_json(self.store.study_row()["spec"])

    def apply(self, verb: str, args: Mapping[str, Any]) -> str:
        """Carry out a request; `HptuiError` says why it cannot be."""
        handler = HANDLERS.get(verb)
        if handler is None:
            raise UserError(f"there is no request {verb!r}")
        return handler(self, args)

    def serve(self, command: Command) -> tuple[bool, str]:
        """Carry out a request from the mailbox and answer it: both or neither, so that it is done exactly once.

        What is answered is returned. A request that cannot be carried out is answered, too, or it would be tried for
        ever; only a full disk is no answer.
        """
        with self.store.transaction(durable=True):
            try:
                with self.store.transaction():
                    ok, text = True, self.apply(command.verb, command.args)
            except (DiskFull, OSError):
                raise
            except HptuiError as error:
                ok, text = False, str(error)
            except Exception as error:  # whoever left it may not speak our language
                log.exception("request %d: %s %s", command.id, command.verb, command.args)
                ok, text = False, f"this request cannot be carried out: {type(error).__name__}: {error}"
            crash_point("before_command_done")
            self.store.finish_command(command.id, ok, text)
        crash_point("after_command_done")
        return ok, text

    def tell(self, trials: Sequence[int] | None, verb: str, asked: str = "") -> list[int]:
        """Write a verb to running attempts (all, or of some trials): the numbers of those told."""
        told = []
        for attempt in self.store.attempts(open=True):
            if trials is None or attempt.trial in trials:
                run = RunDir(self.sd.attempt(attempt.trial, attempt.n))
                with self.store.transaction(durable=True):
                    self.store.update_attempt(attempt.token, asked=asked or verb)
                crash_point("before_control")
                if run.root.is_dir():
                    put_control(run, verb)
                told.append(attempt.trial)
        return sorted(set(told))

    def call_back(self, trials: Sequence[int] | None) -> list[int]:
        """Have running attempts that were told to pause go on once they have: their trials wait instead of resting."""
        called = [
            attempt
            for attempt in self.store.attempts(open=True)
            if attempt.asked == "pause" and (trials is None or attempt.trial in trials)
        ]
        for attempt in called:
            self.store.update_attempt(attempt.token, asked="resume")
        return [attempt.trial for attempt in called]

    def trials(self, numbers: Sequence[int] | None, *statuses: TrialStatus) -> list[Trial]:
        """The trials asked for that have one of the statuses; NotFound for a number that is no trial."""
        known = {trial.number: trial for trial in self.store.trials()}
        for number in numbers or ():
            if number not in known:
                raise NotFound(f"study {self.sd.name!r} has no trial {number}", hint=f"hptui trials {self.sd.name}")
        chosen = known.values() if numbers is None else [known[number] for number in numbers]
        return [trial for trial in chosen if not statuses or trial.status in statuses]


def _list(numbers: Sequence[int]) -> str:
    return ("trial " if len(numbers) == 1 else "trials ") + ", ".join(map(str, numbers))


def pause(desk: Desk, args: Mapping[str, Any]) -> str:
    """Checkpoint and stop what runs; with `after_trials` let it finish first; with `trials` only those."""
    numbers = args.get("trials")
    if numbers:
        running = desk.trials(numbers, TrialStatus.RUNNING)
        waiting = desk.trials(numbers, TrialStatus.WAITING)
        with desk.store.transaction(durable=True):
            for trial in waiting:
                desk.store.update_trial(trial.number, status=TrialStatus.PAUSED, reason=Reason.USER)
        told = desk.tell([trial.number for trial in running], "pause") if running else []
        touched = sorted([*told, *(trial.number for trial in waiting)])
        return f"pausing {_list(touched)}" if touched else "none of them runs or waits"
    if over := _over(desk):
        return over
    if args.get("after_trials"):
        _state(desk, StudyState.DRAINING, "draining: running trials finish, no new one starts")
        return "no new trial starts; the running ones finish"
    _state(desk, StudyState.PAUSED, "paused by request")
    told = desk.tell(None, "pause")
    if not told:
        return "paused"
    do = "saves a checkpoint and stops" if len(told) == 1 else "save a checkpoint and stop"
    return f"pausing: {_list(told)} {do}"


def resume(desk: Desk, args: Mapping[str, Any]) -> str:
    """Let paused trials run again; without `trials` the study, too."""
    numbers = args.get("trials") or None
    paused = desk.trials(numbers, TrialStatus.PAUSED)
    with desk.store.transaction(durable=True):
        for trial in paused:
            desk.store.update_trial(trial.number, status=TrialStatus.WAITING, reason=None)
        again = sorted([*(trial.number for trial in paused), *desk.call_back(numbers)])
        if numbers is None or args.get("whole"):
            desk.store.set_meta("since", repr(time.time()))
            row = desk.store.study_row()
            rested = [row["ended"], row["message"]] if row["state"] is StudyState.DONE else None
            desk.store.set_meta(RESTED, json.dumps(rested))
            _state(desk, StudyState.RUNNING, "")
    if numbers and not again:
        return "none of them is paused"
    return f"{_list(again)} will go on" if again else "the study goes on"


def _over(desk: Desk) -> str:
    """Says so, when nothing of the study runs and nothing would."""
    state = desk.store.study_row()["state"]
    if state in (StudyState.DONE, StudyState.STOPPED) and not desk.store.attempts(open=True):
        return f"nothing runs: the study is {state}"
    return ""


def stop(desk: Desk, args: Mapping[str, Any]) -> str:
    """End trials, or the study, for good: gently unless `now`."""
    verb, numbers = ("kill" if args.get("now") else "stop"), args.get("trials")
    if not numbers and (over := _over(desk)):
        return over
    if not numbers:
        _state(desk, StudyState.STOPPED, "stopped by request")
        told = desk.tell(None, verb)
        return f"stopping {_list(told)}; nothing new starts" if told else "stopped"
    told = desk.tell([trial.number for trial in desk.trials(numbers, TrialStatus.RUNNING)], verb)
    with desk.store.transaction(durable=True):
        resting = desk.trials(numbers, TrialStatus.WAITING, TrialStatus.PAUSED)
        for trial in resting:
            desk.store.update_trial(
                trial.number,
                status=TrialStatus.STOPPED,
                reason=Reason.USER,
                ended=time.time(),
                message="" if trial.attempts else "before it ran",
            )
    touched = sorted({*told, *(trial.number for trial in resting)})
    return f"stopping {_list(touched)}" if touched else "none of them runs or waits"


def retry(desk: Desk, args: Mapping[str, Any]) -> str:
    """Run trials that failed, were pruned or stopped once more, same number, same parameters."""
    again = desk.trials(args["trials"], TrialStatus.FAILED, TrialStatus.PRUNED, TrialStatus.STOPPED)
    if not again:
        raise UserError("only failed, pruned or stopped trials can be retried", hint=f"hptui trials {desk.sd.name}")
    with desk.store.transaction(durable=True):
        for trial in again:
            desk.store.update_trial(
                trial.number, status=TrialStatus.WAITING, reason=None, values=None, final={}, ended=None, message=""
            )
        desk.store.set_meta("since", repr(time.time()))
    return f"{_list([trial.number for trial in again])} will run again{_when(desk)}"


def _when(desk: Desk) -> str:
    state = StudyState(desk.store.study_row()["state"])
    return "" if state is StudyState.RUNNING else f"; start it with: hptui run {desk.sd.name}"


def note(desk: Desk, args: Mapping[str, Any]) -> str:
    """Write a person's words beside a trial."""
    desk.trials([args["trial"]])
    with desk.store.transaction(durable=True):
        desk.store.update_trial(args["trial"], note=str(args["text"]))
    return f"noted on trial {args['trial']}"


def spec(desk: Desk, args: Mapping[str, Any]) -> str:
    """A new revision of the study: trials from now on follow it, recorded ones keep theirs."""
    for key in ("file", "overrides"):
        if key in args:
            desk.store.set_meta(key, json.dumps(args[key]))
    old, new = desk.study, studyfile.from_json(args["spec"])
    for part in course(desk.store):
        if stage_named(new, part.name) is None:
            hint = "it can be changed, and other stages can follow it"
            raise UserError(f"stage {part.name!r} has begun, so it cannot be taken out", hint=hint)
    said = studyfile.changes(old, new)
    if not said:
        return "nothing changed"
    with desk.store.transaction(durable=True):
        if "defaults" in args:
            keep_defaults(desk.store, args["defaults"])
        revision = desk.store.set_spec(dict(args["spec"]), str(args.get("why") or "; ".join(said)))
        desk.store.event("info", "revision", f"revision {revision}: {'; '.join(said)}")
        if old.trainer != new.trainer and desk.store.trials():
            said.append("trials before and after this ran with different [trainer] settings; compare them with care")
        warmstart.keep(desk.store, new)
        record_written(desk.store, new)
    return f"revision {revision}: {'; '.join(said)}"


def _state(desk: Desk, state: StudyState, message: str) -> None:
    with desk.store.transaction(durable=True):
        desk.store.set_state(state, message)
        desk.store.event("info", f"study_{state}", message or f"the study is {state}")


HANDLERS: dict[str, Callable[[Desk, Mapping[str, Any]], str]] = {
    "pause": pause,
    "resume": resume,
    "stop": stop,
    "retry": retry,
    "add": lambda desk, args: add(desk.sd, desk.store, args) + _when(desk),
    "repeat": lambda desk, args: repeat(desk.store, args) + _when(desk),
    "rerun": lambda desk, args: rerun(desk.store, args) + _when(desk),
    "import": lambda desk, args: take(desk.store, desk.study, args),
    "note": note,
    "spec": spec,
    "here": lambda desk, args: "here",
}
"""`space` and `extend` become `spec` requests in the face that asks, which knows the trainer's schema."""
