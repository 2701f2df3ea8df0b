"""Validates stages: each is checked as the study that its engine searches."""

from __future__ import annotations

from collections.abc import Callable

from hptui.model.errors import StudyError, Unsupported
from hptui.model.stages import as_stage, stage_space
from hptui.model.study import Stage, Study
from hptui.storage.studyfile.mistakes import Problems
from hptui.storage.studyfile.samplers import validate_abilities

ViewValidator = Callable[[Study, Problems], None]
"""Collects the problems of a study without stages."""


def validate_stages(study: Study, validate_view: ViewValidator, problems: Problems) -> None:
    """Collect the problems of all stages, each once.

    `validate_view` validates a study without stages.
    """
    with problems.collect():
        _check_stage_constraints(study)
    texts: set[str] = set()
    for index, stage in enumerate(study.stages):
        stage_problems = Problems()
        with stage_problems.collect():
            _check_stage_search(study, index)
        if not stage_problems.errors:
            stage_study = as_stage(study, stage)
            with stage_problems.collect():
                validate_abilities(stage_study)
            validate_view(stage_study, stage_problems)
        for error in stage_problems.errors:
            located = _located(error, index, stage)
            if str(located) not in texts:
                texts.add(str(located))
                problems.errors.append(located)


def _check_stage_constraints(study: Study) -> None:
    """Raise for a constraint that binds no parameter of any stage."""
    spaces = [study.space, *(stage_space(study, stage) for stage in study.stages)]
    names = {name for space in spaces for name in (*space.names, *(derived.name for derived in space.derived))}
    for index, constraint in enumerate(study.space.constraints):
        if not constraint.names & names:
            message = f"{constraint.text!r} names no parameter of any stage"
            hint = f"parameters: {', '.join(sorted(names))}"
            raise StudyError(message, where=f"search.constraints[{index}]", value=constraint.text, hint=hint)


def _check_stage_search(study: Study, index: int) -> None:
    """Raise unless a stage that searches has a space and an end.

    It also must not set what it searches.
    """
    stage = study.stages[index]
    where, stage_study = f"stage[{index}]", as_stage(study, stage)
    if not stage.searches:
        return
    if not stage_study.space.parameters:
        hint = 'give it a space, or write from = "best 1" to run the best trial again'
        raise StudyError(f"stage {stage.name!r} has nothing to search", where=where, value=stage.name, hint=hint)
    searched = {*stage_study.space.names, *(derived.name for derived in stage_study.space.derived)}
    for name in stage.set:
        if name in searched:
            reason = "is searched" if name in stage_study.space.names else "is derived"
            raise StudyError(f"{reason} in this stage, so a value here means nothing", where=f"{where}.set.{name}")
    endless = stage_study.search.trials is None and stage_study.search.sampler != "grid"
    if endless and stage_study.search.until.no_improvement is None and index + 1 < len(study.stages):
        consequence = f"stage {study.stages[index + 1].name!r} would never begin"
        raise StudyError(
            f"missing: without a limit {consequence}", where=f"{where}.trials", hint="for instance trials = 20"
        )


def _located(error: StudyError | Unsupported, index: int, stage: Stage) -> StudyError | Unsupported:
    """Return the error with its location in the file.

    It lies in the stage's own table where that has the part, else the message names the stage.
    """
    if isinstance(error, Unsupported):
        return Unsupported(f"stage[{index}]: {error.message}", hint=error.hint)
    table, _, key = error.where.partition(".")
    if table.startswith("stage["):
        return error
    if table == "space" and stage.space is not None:
        where, problem = f"stage[{index}].{error.where}", error.problem
    elif (key.startswith("pruner") and stage.pruner is not None) or (key == "sampler" and stage.sampler):
        where, problem = f"stage[{index}].{key}", error.problem
    else:
        where, problem = error.where, f"in stage {stage.name!r}: {error.problem}"
    return StudyError(problem, where=where, value=error.value, hint=error.hint)
