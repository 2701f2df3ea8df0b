"""`--trials 20` and `--trials +5`: the number of trials of a study, or of its current stage."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from hptui.core.errors import UserError
from hptui.core.stages import stage_named
from hptui.core.study import Stage, Study
from hptui.operations.steer import study_of
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader


def with_trials(study: Study, trials: str | None, sd: StudyDir | None) -> Study:
    """Return the study with its budget changed: `20` is the total, `+5` adds five to the total so far.

    A study with stages is returned as it is; see `stage_budget`.
    """
    if trials is None or study.stages:
        return study
    return replace(study, search=replace(study.search, trials=_number(trials, lambda: _total(study, sd))))


def stage_budget(study: Study, trials: str | None, sd: StudyDir | None) -> dict[str, str]:
    """Return what `--set` would change, for a study with stages: the budget of its current stage.

    Without a stage that has begun the first one is meant. {} when nothing changes.

    Raises: `UserError` when that stage searches nothing.
    """
    if trials is None or not study.stages:
        return {}
    stage = current_stage(study, sd)
    if not stage.searches:
        reason = f"stage {stage.name!r} is under way, which runs known configurations again and searches nothing"
        hint = f"hptui add {study.name} KEY=VALUE… queues a trial; another [[stage]] in the study file searches on"
        raise UserError(f"--trials {trials}: {reason}", hint=hint)
    return {f"stage.{stage.name}.trials": str(_number(trials, lambda: _total_of_stage(study, stage, sd)))}


def current_stage(study: Study, sd: StudyDir | None) -> Stage:
    """Return the current stage of a study; the last one when it has ended."""
    begun: list[str] = []
    if sd is not None:
        with StoreReader.open(sd) as reader:
            begun = [str(row["name"]) for row in reader.stage_history()]
    return (stage_named(study, begun[-1]) if begun else None) or study.stages[0]


def _number(trials: str, so_far: Callable[[], int]) -> int:
    if not re.fullmatch(r"\+?[0-9]+", trials):
        hint = "--trials 20 (in all) or --trials +5 (more)"
        raise UserError(f"--trials {trials!r} is not a number of trials", hint=hint)
    total = int(trials) + (so_far() if trials.startswith("+") else 0)
    if total < 1:
        raise UserError(f"--trials {trials!r} leaves nothing to run")
    return total


def _total(study: Study, sd: StudyDir | None) -> int:
    """Return the total that `+5` adds to: the recorded budget, else the trials that count so far."""
    if sd is None:
        return study.search.trials or 0
    budget = study_of(sd).search.trials
    return _counted_trials(sd) if budget is None else budget


def _total_of_stage(study: Study, stage: Stage, sd: StudyDir | None) -> int:
    recorded = study if sd is None else study_of(sd)
    recorded_stage = stage_named(recorded, stage.name) or stage
    budget = recorded.search.trials if recorded_stage.trials is None else recorded_stage.trials
    if budget is None:
        return 0 if sd is None else _counted_trials(sd, stage.name)
    return budget


def _counted_trials(sd: StudyDir, stage: str = "") -> int:
    with StoreReader.open(sd) as reader:
        return sum(trial.role.counts_as_trial for trial in reader.trials() if trial.stage == stage)
