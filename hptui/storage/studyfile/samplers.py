"""The samplers, and what each of them cannot search: refused before anything starts, naming those that can."""

from __future__ import annotations

from importlib.util import find_spec

from hptui.model.errors import StudyError, Unsupported
from hptui.model.space import Choice
from hptui.model.study import Study

SAMPLERS = ("auto", "tpe", "gp", "cmaes", "qmc", "nsga2", "ax", "random", "grid", "list")
"""Allowed values of `[search] sampler`."""


def validate_sampler(study: Study) -> None:
    """Raise for a sampler that has nothing to propose, or cannot search the study."""
    sampler, space = study.search.sampler, study.space
    compares_base_model = study.search.baseline and study.search.evaluate_base
    if sampler == "list" and not study.trials and not compares_base_model:
        raise StudyError(
            "'list' runs the [[trial]] tables, and there are none",
            where="search.sampler",
            value=sampler,
            hint="evaluate_base = true compares [trainer], as it stands, with the untouched model",
        )
    if sampler != "list" and not space.parameters:
        hint = "add parameters to [space], or write [[trial]] tables"
        raise StudyError(f"is empty, so {sampler!r} has nothing to search", where="space", hint=hint)
    validate_abilities(study)


def validate_abilities(study: Study) -> None:
    """Raise for a study that its sampler cannot search, or not on this machine."""
    match study.search.sampler:
        case "grid":
            validate_grid(study)
        case "cmaes":
            validate_cmaes(study)
        case "ax":
            validate_ax(study)


def validate_grid(study: Study) -> None:
    """Raise for a continuous parameter: a grid needs single values."""
    for parameter in study.space.parameters:
        if parameter.values() is None:
            hint = "give it a step, or choices"
            message = f"a grid needs single values, got the continuous range {parameter.describe()}"
            raise StudyError(message, where=f"space.{parameter.name}", value=parameter.describe(), hint=hint)


def validate_cmaes(study: Study) -> None:
    """Raise for unordered choices, conditions or several objectives, which CMA-ES cannot search."""
    for parameter in study.space.parameters:
        where = f"space.{parameter.name}"
        if isinstance(parameter, Choice) and not parameter.ordinal:
            message = f"{where}: 'cmaes' searches numbers, and {parameter.describe()} has no order"
            raise Unsupported(message, hint="tpe, gp, nsga2, qmc and ax choose between such values")
        if parameter.when is not None:
            message = f"{where}: 'cmaes' cannot search a parameter that is there only when {parameter.when.text}"
            raise Unsupported(message, hint="tpe can, and so can gp, nsga2, qmc and ax")
    if len(study.objectives) > 1:
        message = f"objective: 'cmaes' has one goal, and there are {len(study.objectives)} objectives"
        raise Unsupported(message, hint="tpe, gp, nsga2 and ax trade several against each other")


def validate_ax(study: Study) -> None:
    """Raise unless Ax is installed. It is not imported, which would take seconds."""
    if find_spec("ax") is None:
        message = "search.sampler: 'ax' needs Ax, which is not installed"
        raise Unsupported(message, hint='install it with "pip install ax-platform", or let auto choose another sampler')
