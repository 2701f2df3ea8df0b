"""Files in the formats that users' own search scripts wrote, with their names and keys, for programs that read them.

A value that was not measured is null; a failed trial has no value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hptui.core.parameters import Choice, Parameter
from hptui.core.trial import Trial, TrialStatus, Value
from hptui.results.analysis.comparable import comparable
from hptui.results.export.config import Names, made_by, rename_settings, render_trial
from hptui.results.export.text_formats import comment_lines, csv_text, json_text, yaml_text
from hptui.results.export.trial_table import render_trials
from hptui.results.json_output import iso_time, trial_json
from hptui.results.view import View, best_trials

Fields = dict[str, Any]
"""An object of a YAML or JSON file."""


def study_results(view: View, names: Names) -> str:
    """Return `study_results.yaml`: best_trial, best_<metric>, best_params, n_trials, completed_trials."""
    best = view.best
    shape: Fields = {"best_trial": best.number if best else None}
    shape |= {f"best_{objective.metric}": _final_value(best, objective.metric) for objective in view.study.objectives}
    shape["best_params"] = chosen_settings(view, best, names) if best else None
    shape["n_trials"] = len(view.trials)
    shape["completed_trials"] = sum(trial.status is TrialStatus.COMPLETE for trial in view.trials)
    if len(view.study.objectives) > 1:
        shape["pareto_trials"] = [trial.number for trial in best_trials(view.study, view.trials)]
    return comment_lines([view.study.name, made_by()]) + yaml_text(shape)


def best_config(view: View, names: Names) -> str | None:
    """Return `best_config.yaml`: only settings, so that a script reads it; other facts are comments."""
    return render_trial(view, view.best, "yaml", names=names) if view.best else None


def optimization_results(view: View, names: Names) -> str:
    """Return `optimization_results.json`: the best, the baseline, and every trial."""
    metric, best = view.study.objective.metric, view.best
    suffix = "loss" if metric.endswith("loss") else metric
    value, baseline_value = _final_value(best, metric), _final_value(view.baseline, metric)
    params = chosen_settings(view, best, names) if best else None
    return json_text(
        {
            "best_parameters": params,
            "best_params": params,
            f"best_{suffix}": value,
            f"baseline_{suffix}": baseline_value,
            "improvement_percent": None if _are_unlike(view) else improvement_percent(view, value, baseline_value),
            "num_trials": len(view.trials),
            "all_trials": [_trial_entry(view, trial, names) for trial in view.trials],
            "timestamp": iso_time(newest_time(view)),
        }
    )


def trial_history(view: View, names: Names) -> str:
    """Return `trial_history.csv`: the same trials as a table, with a column for each parameter."""
    metrics = [objective.metric for objective in view.study.objectives]
    leading = ["trial", "parameters", *metrics, "timestamp", "status", "reason", "seconds"]
    trials = [_trial_entry(view, trial, names) for trial in view.trials]
    parameters = dict.fromkeys(name for trial in trials for name in trial["parameters"])
    columns = {name: f"parameter.{name}" if name in leading else name for name in parameters}
    rows = [{**{columns[name]: value for name, value in trial["parameters"].items()}, **trial} for trial in trials]
    return csv_text(rows, [*leading, *columns.values()])


def optimization_config(view: View, names: Names) -> str:
    """Return `optimization_config.yaml`: the search space, fixed settings, and the baseline."""
    study = view.study
    parameters = {item.name: item for stage in study.stages if stage.space for item in stage.space.parameters}
    parameters |= {parameter.name: parameter for parameter in study.space.parameters}
    searched_names = {*parameters, *(name for stage in study.stages for name in stage.set)}
    searched_names |= {name for trial in study.trials for name in trial.set}
    fixed = {name: value for name, value in view.base.items() if name not in searched_names}
    shape: Fields = {
        "search_space": {
            names.get(parameter.name, parameter.name): _range(parameter) for parameter in parameters.values()
        },
        "fixed_params": rename_settings(fixed, names, strict=False),
        "baseline": {objective.metric: _final_value(view.baseline, objective.metric) for objective in study.objectives},
        "optimization": {
            "num_trials": study.search.trials,
            "sampler": study.search.sampler,
            "seed": study.search.seed,
            "objectives": {objective.metric: objective.goal for objective in study.objectives},
            "constraints": [constraint.text for constraint in study.space.constraints],
        },
    }
    return comment_lines([study.name, made_by()]) + yaml_text(shape)


def optimization_checkpoint(view: View, names: Names) -> str:
    """Return `optimization_checkpoint.json`: all trials so far, and the study.

    hptui does not read it: it continues from the study's store.
    """
    trials = [_trial_entry(view, trial, names) for trial in view.trials]
    source = {"study": view.row.name, "directory": str(view.sd.root)}
    return json_text({**source, "trial_results": trials, "timestamp": iso_time(newest_time(view))})


WRITERS: Mapping[str, Callable[[View, Names], str | None]] = {
    "trials.json": lambda view, names: json_text([trial_json(trial) for trial in view.trials]),
    "trials.csv": lambda view, names: render_trials(view, "csv", names=names),
    "study_results.yaml": study_results,
    "best_config.yaml": best_config,
    "optimization_results.json": optimization_results,
    "trial_history.csv": trial_history,
    "optimization_config.yaml": optimization_config,
    "optimization_checkpoint.json": optimization_checkpoint,
}
"""Writers by file name; a writer returns None if there is nothing to write."""


def chosen_settings(view: View, trial: Trial, names: Names | None = None) -> dict[str, Value]:
    """Return the settings that the search chose for a trial; of the baseline the trainer's own values."""
    settings = view.settings(trial)
    chosen = [*(parameter.name for parameter in view.study.space.parameters), *trial.params]
    return rename_settings({name: settings[name] for name in chosen if name in settings}, names or {}, strict=False)


def improvement_percent(view: View, value: float | None, baseline_value: float | None) -> float | None:
    """Return the improvement over the baseline in per cent; None if a value is missing or negative."""
    if value is None or baseline_value is None or baseline_value <= 0 or value < 0:
        return None
    gain = baseline_value - value if view.study.objective.goal == "minimize" else value - baseline_value
    return 100 * gain / baseline_value


def _are_unlike(view: View) -> bool:
    """Return whether the best and the baseline may not be compared, as they trained otherwise."""
    best, baseline = view.best, view.baseline
    return best is None or baseline is None or bool(comparable(view, baseline, best))


def newest_time(view: View) -> float:
    """Return the time of the newest trial record; the time of writing would change the file's bytes."""
    return max([view.row.created, *(trial.ended or trial.started or 0.0 for trial in view.trials)])


def _trial_entry(view: View, trial: Trial, names: Names) -> Fields:
    return {
        "trial": trial.number,
        "parameters": chosen_settings(view, trial, names),
        **{objective.metric: _final_value(trial, objective.metric) for objective in view.study.objectives},
        "timestamp": iso_time(trial.ended),
        "status": str(trial.status),
        "reason": str(trial.reason) if trial.reason else None,
        "seconds": round(trial.seconds, 3),
    }


def _final_value(trial: Trial | None, metric: str) -> float | None:
    return None if trial is None else (trial.values or {}).get(metric)


def _range(parameter: Parameter) -> Fields:
    if isinstance(parameter, Choice):
        return {"type": "choice", "values": list(parameter.choices)}
    shape: Fields = {"type": "range", "bounds": [parameter.low, parameter.high], "log_scale": parameter.log}
    return shape if parameter.step is None else {**shape, "step": parameter.step}
