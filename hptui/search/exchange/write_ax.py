"""Trials as a snapshot of Ax's `Client`: JSON that `Client.load_from_json_file` reads. It is a copy.

Ax gets real names and values; an expression of the user's never reaches it. Ranges are widened to all values that were
run. Trials that have not ended, and those whose settings are not all known, are left out.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hptui.core.parameters import Choice, Int, Parameter
from hptui.core.study import Study
from hptui.core.trial import Trial, TrialStatus, Value
from hptui.core.values import canonical_json, is_number
from hptui.search.ax import quiet_ax  # first: silences Ax while it is imported

from ax.api.client import Client  # isort: skip
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig  # isort: skip

MAX_LISTED_VALUES = 1000
"""Maximum size of a stepped range that is written as a list of values: Ax's own steps leave the range."""

AxTrialSettings = Callable[[Trial], Mapping[str, Value]]
"""Returns all settings that a trial ran with."""


def ax_snapshot(study: Study, settings: AxTrialSettings, trials: Iterable[Trial]) -> str:
    """Return the snapshot as JSON."""
    with quiet_ax():
        client = Client(random_seed=study.search.seed)
        ended = {trial.number: (trial, _point(study, settings(trial))) for trial in trials if not trial.status.open}
        described = {number: (trial, point) for number, (trial, point) in ended.items() if None not in point.values()}
        points = [point for _, point in described.values()]
        text_parameters = {
            parameter.name
            for parameter in study.space.parameters
            if _kind([p[parameter.name] for p in points], parameter) == "str"
        }
        client.configure_experiment(
            name=study.name,
            parameters=[
                _config(parameter, [point[parameter.name] for point in points]) for parameter in study.space.parameters
            ],
        )
        metrics = _set_objectives(client, study)
        arms: dict[str, str] = {}
        for trial, point in described.values():
            plain = {k: str(v) if k in text_parameters else v for k, v in point.items()}
            # Ax has one arm for a configuration: a trial that repeats it is another trial of the first one's arm.
            arm = arms.setdefault(canonical_json(plain), f"trial_{trial.number}")
            _add_trial(client, trial, plain, metrics, arm)
        with tempfile.TemporaryDirectory(prefix="hptui-") as folder:
            path = Path(folder, "client.json")
            client.save_to_json_file(str(path))
            return path.read_text()


def _set_objectives(client: Client, study: Study) -> dict[str, str]:
    """Set the objectives, and return the name that Ax has for each metric.

    Some metric names have a meaning in Ax's parser; then all get plain names.
    """
    names = {objective.metric: objective.metric for objective in study.objectives}
    for metrics in (names, {metric: f"metric_{n}" for n, metric in enumerate(names)}):
        signs = ["-" if objective.goal == "minimize" else "" for objective in study.objectives]
        try:
            client.configure_optimization(
                objective=", ".join(sign + name for sign, name in zip(signs, metrics.values(), strict=True))
            )
        except Exception:  # noqa: BLE001, S112  its parser raises many errors; the second names are plain
            continue
        return metrics
    raise AssertionError("Ax refuses plain names")


def _add_trial(client: Client, trial: Trial, point: dict[str, Any], metrics: Mapping[str, str], arm: str) -> None:
    index = client.attach_trial(point, arm_name=arm)
    values = {metrics[name]: value for name, value in (trial.values or {}).items() if name in metrics}
    if trial.status is TrialStatus.COMPLETE and len(values) == len(metrics):
        client.complete_trial(index, values)
        return
    shown = {metrics[name]: value for name, value in trial.metrics.items() if name in metrics and math.isfinite(value)}
    if trial.status is TrialStatus.PRUNED and len(shown) == len(metrics):
        client.attach_data(index, shown, progression=trial.last_step)
        client.mark_trial_early_stopped(index)
    else:
        client.mark_trial_failed(index, failed_reason=f"{trial.status}: {trial.reason or 'unknown'}")


def _point(study: Study, settings: Mapping[str, Value]) -> dict[str, Any]:
    """Return a trial's searched settings; lists and tables become text."""
    values = {parameter.name: settings.get(parameter.name) for parameter in study.space.parameters}
    return {name: json.dumps(value) if isinstance(value, list | dict) else value for name, value in values.items()}


def _config(parameter: Parameter, run_values: Sequence[Any]) -> ChoiceParameterConfig | RangeParameterConfig:
    values = parameter.values()
    not_numeric = not all(map(is_number, run_values))
    if (
        isinstance(parameter, Choice)
        or not_numeric
        or (parameter.step is not None and len(values or ()) <= MAX_LISTED_VALUES)
    ):
        levels = [json.dumps(value) if isinstance(value, list | dict) else value for value in values or ()]
        kind = _kind(run_values, parameter)
        all_values = list(dict.fromkeys(str(value) if kind == "str" else value for value in [*levels, *run_values]))
        ordered = kind in ("int", "float") and (not isinstance(parameter, Choice) or parameter.ordinal)
        all_values = sorted(all_values) if ordered else all_values
        return ChoiceParameterConfig(name=parameter.name, values=all_values, parameter_type=kind, is_ordered=ordered)
    low, high = min([parameter.low, *run_values]), max([parameter.high, *run_values])
    whole = isinstance(parameter, Int) and all(value == int(value) for value in run_values)
    scaling = "log" if parameter.log and low > 0 else "linear"
    kind = "int" if whole else "float"
    bounds = (int(low), int(high)) if whole else (float(low), float(high))
    return RangeParameterConfig(name=parameter.name, bounds=bounds, parameter_type=kind, scaling=scaling)


def _kind(run_values: Sequence[Any], parameter: Parameter) -> Any:
    """Return the one type of all values of a parameter; text if there are several types."""
    kinds = {type(value) for value in [*(parameter.values() or ()), *run_values]}
    if kinds == {bool}:
        return "bool"
    if kinds <= {int, float} and kinds:
        return "int" if kinds == {int} else "float"
    return "str"
