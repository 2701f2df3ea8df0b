"""Our trials as a snapshot of Ax's `Client`: JSON that `Client.load_from_json_file` reads. A copy.

Ax gets real names and values; an expression of a user's never reaches it. Ranges are as wide as all values that were
run. Trials that have not ended, and those whose settings are not all known, are left out.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hptui.model.parameters import Choice, Int, Parameter
from hptui.model.study import Study
from hptui.model.trial import Trial, TrialStatus, Value
from hptui.model.values import is_number
from hptui.search.ax import quiet  # first: it imports Ax without its noise

from ax.api.client import Client  # isort: skip
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig  # isort: skip

LISTED = 1000
"""A stepped range with at most so many values becomes their list: Ax's own steps leave the range."""

Settings = Callable[[Trial], Mapping[str, Value]]


def snapshot(study: Study, settings: Settings, trials: Iterable[Trial]) -> str:
    """The client as JSON."""
    with quiet():
        client = Client(random_seed=study.search.seed)
        chosen = {trial.number: (trial, _point(study, settings(trial))) for trial in trials if not trial.status.open}
        known = {number: (trial, point) for number, (trial, point) in chosen.items() if None not in point.values()}
        points = [point for _, point in known.values()]
        texts = {one.name for one in study.space.parameters if _kind([p[one.name] for p in points], one) == "str"}
        client.configure_experiment(
            name=study.name,
            parameters=[_config(one, [point[one.name] for point in points]) for one in study.space.parameters],
        )
        metrics = _optimization(client, study)
        for trial, point in known.values():
            _tell(client, trial, {k: str(v) if k in texts else v for k, v in point.items()}, metrics)
        with tempfile.TemporaryDirectory(prefix="hptui-") as folder:
            path = Path(folder, "client.json")
            client.save_to_json_file(str(path))
            return path.read_text()


def _optimization(client: Client, study: Study) -> dict[str, str]:
    """Tell Ax the objectives: what it calls each metric. Some names mean something to its interpreter."""
    names = {objective.metric: objective.metric for objective in study.objectives}
    for metrics in (names, {metric: f"metric_{n}" for n, metric in enumerate(names)}):
        signs = ["-" if objective.goal == "minimize" else "" for objective in study.objectives]
        try:
            client.configure_optimization(
                objective=", ".join(sign + name for sign, name in zip(signs, metrics.values(), strict=True))
            )
        except Exception:  # noqa: BLE001, S112  whatever its parser raises: the second names are plain
            continue
        return metrics
    raise AssertionError("Ax refuses plain names")


def _tell(client: Client, trial: Trial, point: dict[str, Any], metrics: Mapping[str, str]) -> None:
    index = client.attach_trial(point, arm_name=f"trial_{trial.number}")
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
    """A trial's searched settings; lists and tables become text."""
    found = {one.name: settings.get(one.name) for one in study.space.parameters}
    return {name: json.dumps(value) if isinstance(value, list | dict) else value for name, value in found.items()}


def _config(parameter: Parameter, run: Sequence[Any]) -> ChoiceParameterConfig | RangeParameterConfig:
    values = parameter.values()
    odd = not all(map(is_number, run))
    if isinstance(parameter, Choice) or odd or (parameter.step is not None and len(values or ()) <= LISTED):
        own = [json.dumps(one) if isinstance(one, list | dict) else one for one in values or ()]
        kind = _kind(run, parameter)
        every = list(dict.fromkeys(str(one) if kind == "str" else one for one in [*own, *run]))
        ordered = kind in ("int", "float") and (not isinstance(parameter, Choice) or parameter.ordinal)
        every = sorted(every) if ordered else every
        return ChoiceParameterConfig(name=parameter.name, values=every, parameter_type=kind, is_ordered=ordered)
    low, high = min([parameter.low, *run]), max([parameter.high, *run])
    whole = isinstance(parameter, Int) and all(one == int(one) for one in run)
    scaling = "log" if parameter.log and low > 0 else "linear"
    kind = "int" if whole else "float"
    bounds = (int(low), int(high)) if whole else (float(low), float(high))
    return RangeParameterConfig(name=parameter.name, bounds=bounds, parameter_type=kind, scaling=scaling)


def _kind(run: Sequence[Any], parameter: Parameter) -> Any:
    """One type for all values of a choice; of several kinds, text."""
    kinds = {type(one) for one in [*(parameter.values() or ()), *run]}
    if kinds == {bool}:
        return "bool"
    if kinds <= {int, float} and kinds:
        return "int" if kinds == {int} else "float"
    return "str"
