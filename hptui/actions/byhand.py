"""Settings that a person types for one trial, read and checked as a study file's would be."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.actions.steer import study_of
from hptui.model.errors import StudyError, UserError
from hptui.model.trial import Value
from hptui.storage.paths import StudyDir


def read_settings(sd: StudyDir, given: Mapping[str, str]) -> dict[str, Value]:
    """`{"learning_rate": "1e-4"}` as values; `UserError` names a setting that the trainer does not have or take."""
    from hptui.storage import studyfile
    from hptui.trainers import registry

    study = study_of(sd)
    try:
        new = studyfile.override(study, {f"trainer.{key}": text for key, text in given.items()}, registry.schema)
    except StudyError as error:
        place = error.where.removeprefix("trainer.")
        raise UserError(f"{place}: {error.problem}", hint=error.hint) from None
    return {key: new.trainer.settings[key] for key in given}
