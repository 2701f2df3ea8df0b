"""Who may propose trials, and what each of them cannot do: refused before anything starts, naming who can."""

from __future__ import annotations

from importlib.util import find_spec

from hptui.model.errors import StudyError, Unsupported
from hptui.model.space import Choice
from hptui.model.study import Study

SAMPLERS = ("auto", "tpe", "gp", "cmaes", "qmc", "nsga2", "ax", "random", "grid", "list")
"""What `[search] sampler` may say."""


def check_sampler(study: Study) -> None:
    """Refuse a sampler that has nothing to propose, or cannot."""
    sampler, space = study.search.sampler, study.space
    compared = study.search.baseline and study.search.evaluate_base
    if sampler == "list" and not study.trials and not compared:
        raise StudyError(
            "'list' runs the [[trial]] tables, and there are none",
            where="search.sampler",
            value=sampler,
            hint="evaluate_base = true compares [trainer], as it stands, with the untouched model",
        )
    if sampler != "list" and not space.parameters:
        hint = "add parameters to [space], or write [[trial]] tables"
        raise StudyError(f"is empty, so {sampler!r} has nothing to search", where="space", hint=hint)
    check_abilities(study)


def check_abilities(study: Study) -> None:
    """Refuse a study that its sampler cannot search, or not here."""
    match study.search.sampler:
        case "grid":
            check_grid(study)
        case "cmaes":
            check_cmaes(study)
        case "ax":
            check_ax(study)


def check_grid(study: Study) -> None:
    """A grid needs values to go through."""
    for parameter in study.space.parameters:
        if parameter.values() is None:
            hint = "give it a step, or choices"
            what = f"a grid needs single values, got the continuous range {parameter.describe()}"
            raise StudyError(what, where=f"space.{parameter.name}", value=parameter.describe(), hint=hint)


def check_cmaes(study: Study) -> None:
    """CMA-ES moves one distribution over numbers towards one goal."""
    for parameter in study.space.parameters:
        where = f"space.{parameter.name}"
        if isinstance(parameter, Choice) and not parameter.ordinal:
            what = f"{where}: 'cmaes' searches numbers, and {parameter.describe()} has no order"
            raise Unsupported(what, hint="tpe, gp, nsga2, qmc and ax choose between such values")
        if parameter.when is not None:
            what = f"{where}: 'cmaes' cannot search a parameter that is there only when {parameter.when.text}"
            raise Unsupported(what, hint="tpe can, and so can gp, nsga2, qmc and ax")
    if len(study.objectives) > 1:
        what = f"objective: 'cmaes' has one goal, and there are {len(study.objectives)} objectives"
        raise Unsupported(what, hint="tpe, gp, nsga2 and ax trade several against each other")


def check_ax(study: Study) -> None:
    """Ax is installed. It is looked for, not loaded, which takes seconds."""
    if find_spec("ax") is None:
        what = "search.sampler: 'ax' needs Ax, which is not installed"
        raise Unsupported(what, hint='install it with "pip install ax-platform", or let auto choose another sampler')
