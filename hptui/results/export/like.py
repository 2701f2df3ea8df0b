"""The files that people's own search scripts wrote, with their names and keys, so that what reads those goes on.

What was not measured is null in them; a trial that failed has no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hptui.model.parameters import Choice, Parameter
from hptui.model.trial import Trial, TrialStatus, Value
from hptui.results.export.config import Names, made_by, renamed, render
from hptui.results.export.csv_text import csv_text
from hptui.results.export.json_text import json_text
from hptui.results.export.listing import render_all
from hptui.results.export.quoting import comment
from hptui.results.export.yaml_text import yaml_text
from hptui.results.shapes import iso, trial_json
from hptui.results.view import View, best_trials

Shape = dict[str, Any]


def study_results(view: View, names: Names) -> str:
    """`study_results.yaml`: best_trial, best_<metric>, best_params, n_trials, completed_trials."""
    best = view.best
    shape: Shape = {"best_trial": best.number if best else None}
    shape |= {f"best_{one.metric}": _value(best, one.metric) for one in view.study.objectives}
    shape["best_params"] = searched(view, best, names) if best else None
    shape["n_trials"] = len(view.trials)
    shape["completed_trials"] = sum(trial.status is TrialStatus.COMPLETE for trial in view.trials)
    if len(view.study.objectives) > 1:
        shape["pareto_trials"] = [trial.number for trial in best_trials(view.study, view.trials)]
    return comment([view.study.name, made_by()]) + yaml_text(shape)


def best_config(view: View, names: Names) -> str | None:
    """`best_config.yaml`: settings and nothing else, so that a script takes the file; the rest stands in comments."""
    return render(view, view.best, "yaml", names=names) if view.best else None


def optimization_results(view: View, names: Names) -> str:
    """`optimization_results.json`: the best, the baseline, and every trial."""
    metric, best = view.study.objective.metric, view.best
    key = "loss" if metric.endswith("loss") else metric
    value, before = _value(best, metric), _value(view.baseline, metric)
    params = searched(view, best, names) if best else None
    return json_text(
        {
            "best_parameters": params,
            "best_params": params,
            f"best_{key}": value,
            f"baseline_{key}": before,
            "improvement_percent": improvement(view, value, before),
            "num_trials": len(view.trials),
            "all_trials": [_told(view, trial, names) for trial in view.trials],
            "timestamp": iso(last_moment(view)),
        }
    )


def trial_history(view: View, names: Names) -> str:
    """`trial_history.csv`: the same trials as a table, each parameter in a column of its own as well."""
    metrics = [one.metric for one in view.study.objectives]
    first = ["trial", "parameters", *metrics, "timestamp", "status", "reason", "seconds"]
    told = [_told(view, trial, names) for trial in view.trials]
    own = dict.fromkeys(name for one in told for name in one["parameters"])
    clash = {name: f"parameter.{name}" if name in first else name for name in own}
    rows = [{**{clash[name]: value for name, value in one["parameters"].items()}, **one} for one in told]
    return csv_text(rows, [*first, *clash.values()])


def optimization_config(view: View, names: Names) -> str:
    """`optimization_config.yaml`: what was searched, what was fixed, and the baseline."""
    study = view.study
    searched_ = {parameter.name for parameter in study.space.parameters}
    fixed = {name: value for name, value in view.base.items() if name not in searched_}
    shape: Shape = {
        "search_space": {names.get(one.name, one.name): _range(one) for one in study.space.parameters},
        "fixed_params": renamed(fixed, names, strict=False),
        "baseline": {one.metric: _value(view.baseline, one.metric) for one in study.objectives},
        "optimization": {
            "num_trials": study.search.trials,
            "sampler": study.search.sampler,
            "seed": study.search.seed,
            "objectives": {one.metric: one.goal for one in study.objectives},
            "constraints": [one.text for one in study.space.constraints],
        },
    }
    return comment([study.name, made_by()]) + yaml_text(shape)


def optimization_checkpoint(view: View, names: Names) -> str:
    """`optimization_checkpoint.json`: every trial so far, and whose. hptui itself goes on from the study's store."""
    told = [_told(view, trial, names) for trial in view.trials]
    whose = {"study": view.row.name, "directory": str(view.sd.root)}
    return json_text({**whose, "trial_results": told, "timestamp": iso(last_moment(view))})


WRITERS: Mapping[str, Callable[[View, Names], str | None]] = {
    "trials.json": lambda view, names: json_text([trial_json(trial) for trial in view.trials]),
    "trials.csv": lambda view, names: render_all(view, "csv", names=names),
    "study_results.yaml": study_results,
    "best_config.yaml": best_config,
    "optimization_results.json": optimization_results,
    "trial_history.csv": trial_history,
    "optimization_config.yaml": optimization_config,
    "optimization_checkpoint.json": optimization_checkpoint,
}
"""A file's name -> its text; None where there is nothing to say in it."""


def searched(view: View, trial: Trial, names: Names | None = None) -> dict[str, Value]:
    """What the search chose for a trial: the baseline's are the trainer's own."""
    settings = view.settings(trial)
    own = [*(one.name for one in view.study.space.parameters), *trial.params]
    return renamed({name: settings[name] for name in own if name in settings}, names or {}, strict=False)


def improvement(view: View, value: float | None, before: float | None) -> float | None:
    """By how much a value is better than the baseline's, in per cent; None where either is missing, or below 0."""
    if value is None or before is None or before <= 0 or value < 0:
        return None
    gain = before - value if view.study.objective.goal == "minimize" else value - before
    return 100 * gain / before


def last_moment(view: View) -> float:
    """When something was last recorded of a trial: a file says nothing of when it was written."""
    return max([view.row.created, *(trial.ended or trial.started or 0.0 for trial in view.trials)])


def _told(view: View, trial: Trial, names: Names) -> Shape:
    return {
        "trial": trial.number,
        "parameters": searched(view, trial, names),
        **{one.metric: _value(trial, one.metric) for one in view.study.objectives},
        "timestamp": iso(trial.ended),
        "status": str(trial.status),
        "reason": str(trial.reason) if trial.reason else None,
        "seconds": round(trial.seconds, 3),
    }


def _value(trial: Trial | None, metric: str) -> float | None:
    return None if trial is None else (trial.values or {}).get(metric)


def _range(parameter: Parameter) -> Shape:
    if isinstance(parameter, Choice):
        return {"type": "choice", "values": list(parameter.choices)}
    shape: Shape = {"type": "range", "bounds": [parameter.low, parameter.high], "log_scale": parameter.log}
    return shape if parameter.step is None else {**shape, "step": parameter.step}
