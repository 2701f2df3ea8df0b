"""How stages fit together: each is looked at as the study that it is for its engine."""

from __future__ import annotations

from collections.abc import Callable

from hptui.model.errors import StudyError, Unsupported
from hptui.model.stages import space_of, staged
from hptui.model.study import Stage, Study
from hptui.storage.studyfile.mistakes import Mistakes
from hptui.storage.studyfile.samplers import check_abilities

Together = Callable[[Study, Mistakes], None]


def check_stages(study: Study, together: Together, mistakes: Mistakes) -> None:
    """Gather what cannot be right in any stage, each thing once. `together` looks at a study without stages."""
    with mistakes.noted():
        _constraints(study)
    said: set[str] = set()
    for index, stage in enumerate(study.stages):
        found = Mistakes()
        with found.noted():
            _whole(study, index)
        if not found.found:
            view = staged(study, stage)
            with found.noted():
                check_abilities(view)
            together(view, found)
        for error in found.found:
            placed = _placed(error, index, stage)
            if str(placed) not in said:
                said.add(str(placed))
                mistakes.found.append(placed)


def _constraints(study: Study) -> None:
    """A constraint binds a parameter of one stage at least."""
    spaces = [study.space, *(space_of(study, stage) for stage in study.stages)]
    names = {name for space in spaces for name in (*space.names, *(one.name for one in space.derived))}
    for index, constraint in enumerate(study.space.constraints):
        if not constraint.names & names:
            what = f"{constraint.text!r} names no parameter of any stage"
            hint = f"parameters: {', '.join(sorted(names))}"
            raise StudyError(what, where=f"search.constraints[{index}]", value=constraint.text, hint=hint)


def _whole(study: Study, index: int) -> None:
    """A stage that searches has something to search, an end, and sets nothing that it searches."""
    stage = study.stages[index]
    where, view = f"stage[{index}]", staged(study, stage)
    if not stage.searches:
        return
    if not view.space.parameters:
        hint = 'give it a space, or write from = "best 1" to run the best trial again'
        raise StudyError(f"stage {stage.name!r} has nothing to search", where=where, value=stage.name, hint=hint)
    searched = {*view.space.names, *(one.name for one in view.space.derived)}
    for name in stage.set:
        if name in searched:
            how = "is searched" if name in view.space.names else "is derived"
            raise StudyError(f"{how} in this stage, so a value here means nothing", where=f"{where}.set.{name}")
    endless = view.search.trials is None and view.search.sampler != "grid"
    if endless and view.search.until.no_improvement is None and index + 1 < len(study.stages):
        why = f"stage {study.stages[index + 1].name!r} would never begin"
        raise StudyError(f"missing: without a limit {why}", where=f"{where}.trials", hint="for instance trials = 20")


def _placed(error: StudyError | Unsupported, index: int, stage: Stage) -> StudyError | Unsupported:
    """The error at its place in the file: a part of the stage where it has one of its own, else with its name."""
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
