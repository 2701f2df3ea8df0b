"""Settings that a person types for one trial, read and checked as those of a study file are."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.actions.steer import study_of
from hptui.model.errors import StudyError, UserError
from hptui.model.trial import Value
from hptui.model.values import values_equal
from hptui.results.view import read_view
from hptui.storage.paths import StudyDir
from hptui.storage.reader import StoreReader


def parse_settings(sd: StudyDir, given: Mapping[str, str]) -> dict[str, Value]:
    """Parse `{"learning_rate": "1e-4"}` into values.

    Raises: `UserError` that names a setting which the trainer does not have, or a value that it does not take.
    """
    from hptui.storage import studyfile
    from hptui.trainers import registry

    study = study_of(sd)
    try:
        new = studyfile.with_overrides(study, {f"trainer.{key}": text for key, text in given.items()}, registry.schema)
    except StudyError as error:
        setting = error.where.removeprefix("trainer.")
        raise UserError(f"{setting}: {error.problem}", hint=error.hint) from None
    return {key: new.trainer.settings[key] for key in given}


def last_checkpoint(sd: StudyDir, number: int) -> int | None:
    """Return the step of a trial's newest checkpoint; None when there is none to continue from."""
    with StoreReader(sd) as reader:
        checkpoints = reader.checkpoints(number)
    return checkpoints[-1].step if checkpoints else None


def check_can_continue(sd: StudyDir, number: int, changes: Mapping[str, Value]) -> None:
    """Check that a trial can continue from another trial's checkpoint under these changes.

    Raises: `UserError` that names a setting which the checkpoint is bound to, or says that a script keeps its own.
    """
    from hptui.trainers import registry

    view = read_view(sd)
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
        if info.bound and name in changes and not values_equal(before, changes[name]):
            reason = f"the checkpoint of trial {number} was made with {name} = {before}"
            raise UserError(f"{reason}; a trial that goes on from it cannot have {changes[name]}", hint=FROM_START_HINT)


FROM_START_HINT = "leave it as it is, or train from the start: without --from-checkpoint"
"""Hint when a setting is bound to a checkpoint."""
