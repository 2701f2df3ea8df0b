"""The study's space as a W&B sweep file; what a sweep cannot express is written as comments."""

from __future__ import annotations

from typing import Any

from hptui.model.errors import Unsupported
from hptui.model.parameters import Choice, Float, Parameter
from hptui.model.scripts import COMMAND_KIND
from hptui.results.export.config import Names, made_by
from hptui.results.export.quoting import comment_lines
from hptui.results.export.sweep_command import SweepScript, script_of_sweep
from hptui.results.export.yaml_text import yaml_text
from hptui.results.view import View

SWEEP_METHODS = {"random": "random", "qmc": "random", "grid": "grid"}
"""Sweep method by sampler; all others become bayes."""
MAX_LISTED_VALUES = 1000
"""A stepped range of at most this many values is listed: a sweep's steps are multiples of q, not steps from min."""


def sweep_text(view: View, names: Names | None = None) -> str:
    """Return `sweep.yaml`: method, metric, and all settings, fixed ones as constants.

    Raises: Unsupported for a study without a search space.
    """
    study, names = view.study, names or {}
    if not study.space.parameters:
        raise Unsupported("a study without a search space is no sweep", hint="--format toml lists its experiments")
    searched = {parameter.name: parameter for parameter in study.space.parameters}
    derived = {setting.name for setting in study.space.derived}
    parameters: dict[str, Any] = {
        names.get(name, name): _sweep_parameter(parameter) for name, parameter in searched.items()
    }
    for name, value in view.base.items():
        if name not in searched and name not in derived and value is not None:
            parameters[names.get(name, name)] = {"value": value}
    script = script_of_sweep(view, names) if study.trainer.kind == COMMAND_KIND else None
    document: dict[str, Any] = script.head if script else {}
    document |= {"name": study.name}
    if study.about:
        document["description"] = study.about
    document |= {
        "method": SWEEP_METHODS.get(study.search.sampler, "bayes") if len(study.objectives) == 1 else "random",
        "metric": {"name": study.objective.metric, "goal": study.objective.goal},
    }
    if study.search.trials is not None:
        document["run_cap"] = study.search.trials
    document["parameters"] = parameters
    if script and script.extras:
        document["hptui"] = script.extras
    return comment_lines(_comments(view, script)) + yaml_text(document)


def _sweep_parameter(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter, Choice):
        return {"values": list(parameter.choices)}
    if parameter.step is not None:
        values = parameter.values()
        if values is None or len(values) > MAX_LISTED_VALUES:
            return {"distribution": "q_uniform", "min": parameter.low, "max": parameter.high, "q": parameter.step}
        return {"values": list(values)}
    bounds = {"min": parameter.low, "max": parameter.high}
    if not parameter.log:
        return {"distribution": "uniform" if isinstance(parameter, Float) else "int_uniform", **bounds}
    if isinstance(parameter, Float):
        return {"distribution": "log_uniform_values", **bounds}
    return {"distribution": "q_log_uniform_values", **bounds, "q": 1}


def _comments(view: View, script: SweepScript | None) -> list[str]:
    """Return comments that state what the study contains and a sweep cannot express."""
    study = view.study
    lines = [f"the space of {study.name}; {made_by()}"]
    if script is None:
        lines.append("add `program:`, the script that an agent is to run")
    else:
        if script.extras:
            lines.append("`hptui:` says to hptui what no sweep can say; agents of W&B do not look at it")
        lines += [f"not in a sweep: {note}" for note in script.unsupported]
    lines += [f"not in a sweep: {derived.name} = {derived.expr.text}" for derived in study.space.derived]
    lines += [f"not in a sweep: {item.name} only when {item.when.text}" for item in study.space.parameters if item.when]
    lines += [f"not in a sweep: the constraint {constraint.text}" for constraint in study.space.constraints]
    lines += [f"not in a sweep: the objective {goal.metric}, to {goal.goal}" for goal in study.objectives[1:]]
    if study.search.pruner.kind != "none":
        lines.append(f"not in a sweep: the pruner {study.search.pruner.kind}")
    return lines
