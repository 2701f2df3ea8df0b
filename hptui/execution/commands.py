"""The commands that a front end sends to a study: one handler per verb.

The holder of `study.lock` applies them: the runner from its command queue, or a front end in its own process when no
runner lives. A handler changes the store (and writes `control` files), and returns the sentence to show.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hptui import studyfile
from hptui.core.errors import HptuiError, NotFound, UserError
from hptui.core.stages import stage_named
from hptui.core.study import Study
from hptui.core.trial import Reason, StudyState, Trial, TrialStatus
from hptui.execution import prior_trials
from hptui.execution.finalize import fence_attempt
from hptui.execution.import_trials import insert_imported
from hptui.execution.probe import LOCAL, executor_name
from hptui.execution.queue import insert_file_trials, queue_changed, queue_manual, queue_replicates, store_defaults
from hptui.execution.rungs import promote_by_hand
from hptui.execution.stages import stage_history
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.records import Command
from hptui.store.run_directory import RunDir, put_control
from hptui.store.store import DiskFull, Store

log = logging.getLogger(__name__)


class CommandHandler:
    """Handles command rows of one study. The caller holds `study.lock`."""

    def __init__(self, sd: StudyDir, store: Store) -> None:
        self.sd, self.store = sd, store

    @property
    def study(self) -> Study:
        """The study of the current revision."""
        return studyfile.from_json(self.store.read.study().spec)

    def apply(self, verb: str, args: Mapping[str, Any]) -> str:
        """Carry out a command; return the sentence to show.

        Raises: `HptuiError` when it cannot be carried out.
        """
        handler = COMMAND_HANDLERS.get(verb)
        if handler is None:
            raise UserError(f"there is no request {verb!r}")
        return handler(self, args)

    def handle(self, command: Command) -> tuple[bool, str]:
        """Carry out a command row and answer it in one transaction, so that it is done exactly once.

        Returns (done?, sentence). A command that cannot be carried out is answered, too, or it would be tried for ever;
        a full disk is raised, so that the command is tried again.
        """
        with self.store.transaction(durable=True):
            try:
                with self.store.transaction():
                    ok, text = True, self.apply(command.verb, command.args)
            except (DiskFull, OSError):
                raise
            except HptuiError as error:
                ok, text = False, str(error)
            except (
                Exception
            ) as error:  # the row may be from another version of hptui, with arguments that raise anything
                log.exception("request %d: %s %s", command.id, command.verb, command.args)
                ok, text = False, f"this request cannot be carried out: {type(error).__name__}: {error}"
            crash_point("before_command_done")
            self.store.finish_command(command.id, ok, text)
        crash_point("after_command_done")
        return ok, text

    def write_verb(self, trials: Sequence[int] | None, verb: str, asked: str = "") -> list[int]:
        """Write a verb to running attempts (all, or of some trials); return the numbers of those trials."""
        numbers = []
        for attempt in self.store.read.attempts(open=True):
            if trials is None or attempt.trial in trials:
                run = RunDir(self.sd.attempt(attempt.trial, attempt.n))
                with self.store.transaction(durable=True):
                    self.store.update_attempt(attempt.token, asked=asked or verb)
                crash_point("before_control")
                if run.root.is_dir():
                    put_control(run, verb)
                numbers.append(attempt.trial)
        return sorted(set(numbers))

    def withdraw_pause(self, trials: Sequence[int] | None) -> list[int]:
        """Let running attempts that were asked to pause go on once they have; return their trials' numbers.

        Their trials then wait to run again.
        """
        pausing = [
            attempt
            for attempt in self.store.read.attempts(open=True)
            if attempt.asked == "pause" and (trials is None or attempt.trial in trials)
        ]
        for attempt in pausing:
            self.store.update_attempt(attempt.token, asked="resume")
        return [attempt.trial for attempt in pausing]

    def trials(self, numbers: Sequence[int] | None, *statuses: TrialStatus) -> list[Trial]:
        """Return the trials asked for that have one of the statuses; all trials when `numbers` is None.

        Raises: `NotFound` for a number that is no trial.
        """
        by_number = {trial.number: trial for trial in self.store.read.trials()}
        for number in numbers or ():
            if number not in by_number:
                raise NotFound(f"study {self.sd.name!r} has no trial {number}", hint=f"hptui trials {self.sd.name}")
        chosen = by_number.values() if numbers is None else [by_number[number] for number in numbers]
        return [trial for trial in chosen if not statuses or trial.status in statuses]


def _list(numbers: Sequence[int]) -> str:
    return ("trial " if len(numbers) == 1 else "trials ") + ", ".join(map(str, numbers))


def pause(handler: CommandHandler, args: Mapping[str, Any]) -> str:
    """Pause the study, or `trials` of it; with `after_trials` let what runs finish first."""
    numbers = args.get("trials")
    if numbers:
        running = handler.trials(numbers, TrialStatus.RUNNING)
        waiting = handler.trials(numbers, TrialStatus.WAITING)
        with handler.store.transaction(durable=True):
            for trial in waiting:
                handler.store.update_trial(trial.number, status=TrialStatus.PAUSED, reason=Reason.USER)
        pausing = handler.write_verb([trial.number for trial in running], "pause") if running else []
        affected = sorted([*pausing, *(trial.number for trial in waiting)])
        return f"pausing {_list(affected)}" if affected else "none of them runs or waits"
    if refusal := _refusal_when_ended(handler):
        return refusal
    if args.get("after_trials"):
        _set_state(handler, StudyState.DRAINING, "draining: running trials finish, no new one starts")
        return "no new trial starts; the running ones finish"
    _set_state(handler, StudyState.PAUSED, "paused by request")
    pausing = handler.write_verb(None, "pause")
    if not pausing:
        return "paused"
    action = "saves a checkpoint and stops" if len(pausing) == 1 else "save a checkpoint and stop"
    return f"pausing: {_list(pausing)} {action}"


def resume(handler: CommandHandler, args: Mapping[str, Any]) -> str:
    """Let paused trials run again; without `trials` resume the study, too.

    Trials at a rung go on by themselves if they are promoted; one that is named goes on to its end.
    """
    numbers = args.get("trials") or None
    paused = [trial for trial in handler.trials(numbers, TrialStatus.PAUSED) if numbers or not trial.is_at_rung]
    with handler.store.transaction(durable=True):
        for trial in paused:
            if trial.is_at_rung:
                promote_by_hand(handler.store, trial)
            handler.store.update_trial(trial.number, status=TrialStatus.WAITING, reason=None)
        again = sorted([*(trial.number for trial in paused), *handler.withdraw_pause(numbers)])
        if numbers is None or args.get("whole"):
            handler.store.set_meta(MetaKey.SINCE, repr(time.time()))
            row = handler.store.read.study()
            rested = [row.ended, row.message] if row.state is StudyState.DONE else None
            handler.store.set_meta(MetaKey.RESTED, json.dumps(rested))
            _set_state(handler, StudyState.RUNNING, "")
    if numbers and not again:
        return "none of them is paused"
    return f"{_list(again)} will go on" if again else "the study goes on"


def _refusal_when_ended(handler: CommandHandler) -> str:
    """Return a sentence when the study has ended and nothing of it runs; else ''."""
    state = handler.store.read.study().state
    if state in (StudyState.DONE, StudyState.STOPPED) and not handler.store.read.attempts(open=True):
        return f"nothing runs: the study is {state}"
    return ""


def stop(handler: CommandHandler, args: Mapping[str, Any]) -> str:
    """End trials, or the study, for good; running attempts are killed if `now`."""
    verb, numbers = ("kill" if args.get("now") else "stop"), args.get("trials")
    if not numbers and (refusal := _refusal_when_ended(handler)):
        return refusal
    if not numbers:
        _set_state(handler, StudyState.STOPPED, "stopped by request")
        stopping = handler.write_verb(None, verb)
        return f"stopping {_list(stopping)}; nothing new starts" if stopping else "stopped"
    stopping = handler.write_verb([trial.number for trial in handler.trials(numbers, TrialStatus.RUNNING)], verb)
    with handler.store.transaction(durable=True):
        ended = handler.trials(numbers, TrialStatus.WAITING, TrialStatus.PAUSED)
        for trial in ended:
            handler.store.update_trial(
                trial.number,
                status=TrialStatus.STOPPED,
                reason=Reason.USER,
                ended=time.time(),
                message="" if trial.attempts else "before it ran",
            )
    affected = sorted({*stopping, *(trial.number for trial in ended)})
    return f"stopping {_list(affected)}" if affected else "none of them runs or waits"


def retry(handler: CommandHandler, args: Mapping[str, Any]) -> str:
    """Run failed, pruned or stopped trials again, with the same number; let those at a rung go on.

    With `fence`, give up the attempts of running trials on other machines: they run again at once.
    """
    if args.get("fence"):
        return _fence(handler, args["trials"])
    ended = (TrialStatus.FAILED, TrialStatus.PRUNED, TrialStatus.STOPPED)
    again = [trial for trial in handler.trials(args["trials"]) if trial.status in ended or trial.is_at_rung]
    if not again:
        raise UserError("only failed, pruned or stopped trials can be retried", hint=f"hptui trials {handler.sd.name}")
    with handler.store.transaction(durable=True):
        for trial in again:
            if trial.is_at_rung or trial.status is TrialStatus.PRUNED:
                promote_by_hand(handler.store, trial)
            handler.store.update_trial(
                trial.number, status=TrialStatus.WAITING, reason=None, values=None, final={}, ended=None, message=""
            )
        handler.store.set_meta(MetaKey.SINCE, repr(time.time()))
    return f"{_list([trial.number for trial in again])} will run again{_how_to_start(handler)}"


def _fence(handler: CommandHandler, numbers: Sequence[int]) -> str:
    """Give up the running attempts of trials without waiting for their machines to be reached."""
    running = [trial.number for trial in handler.trials(numbers, TrialStatus.RUNNING)]
    attempts = [attempt for attempt in handler.store.read.attempts(open=True) if attempt.trial in running]
    for attempt in attempts:
        if executor_name(RunDir(handler.sd.attempt(attempt.trial, attempt.n))) == LOCAL:
            which = f"{handler.sd.name} {attempt.trial}"
            hint = f"hptui stop {which} --now, then: hptui retry {which}"
            raise UserError(f"trial {attempt.trial} runs on this machine, where it can be killed", hint=hint)
    if not attempts:
        raise UserError("only running trials can be given up", hint=f"hptui trials {handler.sd.name}")
    with handler.store.transaction(durable=True):
        for attempt in attempts:
            fence_attempt(handler.store, handler.study, attempt, attempt.seconds, "given up by request")
    return f"{_list(sorted(attempt.trial for attempt in attempts))} will run again{_how_to_start(handler)}"


def _how_to_start(handler: CommandHandler) -> str:
    state = handler.store.read.study().state
    return "" if state is StudyState.RUNNING else f"; start it with: hptui run {handler.sd.name}"


def write_note(handler: CommandHandler, args: Mapping[str, Any]) -> str:
    """Write a person's note on a trial."""
    handler.trials([args["trial"]])
    with handler.store.transaction(durable=True):
        handler.store.update_trial(args["trial"], note=str(args["text"]))
    return f"noted on trial {args['trial']}"


def star(handler: CommandHandler, args: Mapping[str, Any]) -> str:
    """Star trials, or take their stars away."""
    numbers = {trial.number for trial in handler.trials(args["trials"])}
    starred, shown = handler.store.read.starred(), _list(sorted(numbers))
    changed = starred | numbers if args["on"] else starred - numbers
    handler.store.set_meta(MetaKey.STARRED, json.dumps(sorted(changed)))
    return f"starred {shown}" if args["on"] else f"no star on {shown} any more"


def set_spec(handler: CommandHandler, args: Mapping[str, Any]) -> str:
    """Store a new revision of the study: later trials follow it, recorded ones keep theirs.

    Raises: `UserError` when a stage that has begun is missing in it.
    """
    for key in (MetaKey.FILE, MetaKey.OVERRIDES):
        if key in args:
            handler.store.set_meta(key, json.dumps(args[key]))
    old, new = handler.study, studyfile.from_json(args["spec"])
    for part in stage_history(handler.store):
        if stage_named(new, part.name) is None:
            hint = "it can be changed, and other stages can follow it"
            raise UserError(f"stage {part.name!r} has begun, so it cannot be taken out", hint=hint)
    changes = studyfile.describe_changes(old, new)
    if not changes:
        return "nothing changed"
    with handler.store.transaction(durable=True):
        if "defaults" in args:
            store_defaults(handler.store, args["defaults"])
        revision = handler.store.set_spec(dict(args["spec"]), str(args.get("why") or "; ".join(changes)))
        handler.store.add_event("info", EventKind.REVISION, f"revision {revision}: {'; '.join(changes)}")
        if old.trainer != new.trainer and handler.store.read.trials():
            changes.append("trials before and after this ran with different [trainer] settings; compare them with care")
        prior_trials.store_prior_trials(handler.store, new)
        insert_file_trials(handler.store, new)
    return f"revision {revision}: {'; '.join(changes)}"


def _set_state(handler: CommandHandler, state: StudyState, message: str) -> None:
    with handler.store.transaction(durable=True):
        handler.store.set_state(state, message)
        handler.store.add_event("info", EventKind.of_study(state), message or f"the study is {state}")


COMMAND_HANDLERS: dict[str, Callable[[CommandHandler, Mapping[str, Any]], str]] = {
    "pause": pause,
    "resume": resume,
    "stop": stop,
    "retry": retry,
    "add": lambda handler, args: queue_manual(handler.sd, handler.store, args) + _how_to_start(handler),
    "repeat": lambda handler, args: queue_replicates(handler.store, args) + _how_to_start(handler),
    "rerun": lambda handler, args: queue_changed(handler.store, args) + _how_to_start(handler),
    "import": lambda handler, args: insert_imported(handler.store, handler.study, args),
    "note": write_note,
    "star": star,
    "spec": set_spec,
    "here": lambda handler, args: "here",
}
"""Verb -> handler. `space` and `extend` arrive as `spec`: the front end knows the trainer's schema, the runner does
not."""
