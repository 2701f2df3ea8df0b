"""Send a command to a study: to its runner if one lives, else carry it out here, under the same lock.

Settings that a person types for one trial are read and checked as those of a study file are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.core.errors import HptuiError, Locked, StudyError, UserError
from hptui.core.stages import stage_named
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.core.values import unquoted, values_equal
from hptui.operations.notify import send_open
from hptui.operations.ownership import require_own
from hptui.results.view import read_view
from hptui.store.command_queue import CommandQueue
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import MetaKey
from hptui.store.run_directory import try_lock
from hptui.trainers.modules import restore_script

POLL_S = 0.02  # seconds
MAX_SETTLE_S = 4.0
"""How long to wait for trials to end when no runner lives to record it."""


class CommandRefused(UserError):
    """A runner could not carry out a command; the text is the runner's."""


def send_command(sd: StudyDir, verb: str, args: Mapping[str, Any], wait: float = 5.0) -> str:
    """Carry out a verb on a study and return the sentence to show; `wait` is seconds.

    Raises: `HptuiError` that says why it was not done; `Locked` when the runner has not answered in time.
    """
    if verb == "space":
        return change_space(sd, args["changes"], str(args.get("why") or ""), wait=wait)
    if verb == "extend":
        return extend(sd, int(args["trials"]), wait=wait)
    return _send(sd, verb, args, wait)


def _send(sd: StudyDir, verb: str, args: Mapping[str, Any], wait: float) -> str:
    require_own(sd)
    deadline, queue, number = time.monotonic() + wait, None, 0
    try:
        while time.monotonic() < deadline:
            with try_lock(sd.lock) as free:
                if free:
                    return _carry_out_here(sd, verb, args, number)
            if queue is None:
                queue = CommandQueue(sd)
                number = queue.post(verb, args)
            if answer := queue.result(number):
                if answer.ok:
                    return answer.text
                raise CommandRefused(answer.text)
            time.sleep(POLL_S)  # the runner answers at its next turn
    finally:
        if queue is not None:
            queue.close()
    raise Locked(
        f"the runner of {sd.name!r} has not answered within {wait:g} s; the request stands and will be carried out",
        hint=f"hptui status {sd.name}",
    )


def _carry_out_here(sd: StudyDir, verb: str, args: Mapping[str, Any], posted: int) -> str:
    """Carry out a command in this process, since no runner lives. The caller holds the study's lock.

    Commands that wait in the queue are handled first, in order; the one with id `posted` may be among them.
    """
    from hptui.execution.commands import CommandHandler
    from hptui.execution.reconcile import reconcile
    from hptui.operations.displaced import wait_until_left
    from hptui.store.store import Store

    wait_until_left(sd)
    store = Store.open(sd)
    try:
        handler, reply = CommandHandler(sd, store), None
        for command in store.read.pending_commands():
            answer = handler.handle(command)
            if command.id == posted:
                reply = answer
        if not posted:
            message = handler.apply(verb, args)
            if verb in ("stop", "pause") and reconcile(sd, store, handler.study, MAX_SETTLE_S):
                message += f"; their end is recorded by the next: hptui run {sd.name}"
            return message
        if reply is None:  # a runner answered it just before it ended
            _, *fields = store.read.command_state(posted)
            reply = (bool(fields[0]), str(fields[1]))
        if not reply[0]:
            raise CommandRefused(reply[1])
        return reply[1]
    finally:
        with suppress(HptuiError):
            send_open(store, CommandHandler(sd, store).study)
        store.close()


def restore_script_arguments(sd: StudyDir) -> None:
    """Restore the arguments that the study's script was started with, before its settings are read."""
    with StoreReader.open(sd) as reader:
        restore_script(reader.get_meta(MetaKey.SCRIPT))


def study_of(sd: StudyDir) -> Study:
    """Return the recorded study; its trainer's settings can be read from here on."""
    from hptui import studyfile

    restore_script_arguments(sd)
    with StoreReader.open(sd) as reader:
        return studyfile.from_json(reader.spec_json())


def change_spec(
    sd: StudyDir, new: Study, why: str, wait: float = 5.0, facts: Mapping[MetaKey, Any] | None = None
) -> str:
    """Make a new revision of the study; return a sentence for the user."""
    from hptui import studyfile
    from hptui.operations.runner_process import defaults_of

    args: dict[str, Any] = {"spec": studyfile.to_json(new), "why": why, "defaults": defaults_of(new)}
    args |= {str(key): value for key, value in (facts or {}).items()}
    return _send(sd, "spec", args, wait)


def extend(sd: StudyDir, trials: int, wait: float = 5.0) -> str:
    """Set the total number of trials."""
    study = study_of(sd)
    search = replace(study.search, trials=trials)
    return change_spec(sd, replace(study, search=search), f"{trials} trials", wait)


def stage_with_space(sd: StudyDir) -> str:
    """Return the name of the current stage if it has a space of its own; else ''."""
    with StoreReader.open(sd) as reader:
        begun = [row["name"] for row in reader.stage_history()]
        stage = stage_named(read_view(sd, reader, secrets=True).study, begun[-1]) if begun else None
    return stage.name if stage is not None and stage.space is not None else ""


def change_space(sd: StudyDir, changes: Mapping[str, str | None], why: str, wait: float = 5.0) -> str:
    """Set or remove parameters of the search space, in the store and in the study file."""
    from hptui import studyfile
    from hptui.trainers import registry

    study, stage = study_of(sd), stage_with_space(sd)
    section = f"stage.{stage}.space" if stage else "space"
    changed_study = studyfile.with_overrides(
        study, {f'{section}."{name}"': text for name, text in changes.items()}, registry.schema
    )
    answer = change_spec(sd, changed_study, why, wait)
    source = Path(study.source) if study.source else None
    if source is None or not source.is_file():
        return f"{answer} (the study file is not there any more, so only the store was changed)" if source else answer
    studyfile.write_space(source, changes, stage)
    return f"{answer} (written to {source})"


def parse_settings(sd: StudyDir, given: Mapping[str, str]) -> dict[str, Value]:
    """Parse `{"learning_rate": "1e-4"}` into values.

    Raises: `UserError` that names a setting which the trainer does not have, or a value that it does not take.
    """
    from hptui import studyfile
    from hptui.trainers import registry

    study, texts = study_of(sd), {unquoted(key): text for key, text in given.items()}
    try:
        new = studyfile.with_overrides(
            study, {f'trainer."{key}"': text for key, text in texts.items()}, registry.schema
        )
    except StudyError as error:
        setting = error.where.removeprefix("trainer.")
        raise UserError(f"{setting}: {error.problem}", hint=error.hint) from None
    return {key: new.trainer.settings[key] for key in texts}


def last_checkpoint(sd: StudyDir, number: int) -> int | None:
    """Return the step of a trial's newest checkpoint; None when there is none to continue from."""
    with StoreReader.open(sd) as reader:
        checkpoints = reader.checkpoints(number)
    return checkpoints[-1].step if checkpoints else None


def check_can_continue(sd: StudyDir, number: int, changes: Mapping[str, Value]) -> None:
    """Check that a trial can continue from another trial's checkpoint under these changes.

    Raises: `UserError` that names a setting which the checkpoint is bound to, or says that a script keeps its own.
    """
    from hptui.trainers import registry

    view = read_view(sd, secrets=True)
    trial = next(trial for trial in view.trials if trial.number == number)
    spec = view.study.trainer
    if spec.kind == "command":
        hint = f"hptui add {sd.name} --like {number} KEY=VALUE, with your script's own flag for it"
        raise UserError(
            "a script keeps its checkpoints itself: a trial cannot be told to go on from another's", hint=hint
        )
    settings = view.settings(trial)
    for name, info in (registry.schema(spec.kind, view.study.directory) or {}).items():
        before = settings.get(name, info.default)
        if info.tied_to_checkpoint and name in changes and not values_equal(before, changes[name]):
            reason = f"the checkpoint of trial {number} was made with {name} = {before}"
            raise UserError(f"{reason}; a trial that goes on from it cannot have {changes[name]}", hint=FROM_START_HINT)


FROM_START_HINT = "leave it as it is, or train from the start: without --from-checkpoint"
"""Hint when a setting is bound to a checkpoint."""
