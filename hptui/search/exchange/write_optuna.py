"""Trials as an Optuna storage: a SQLite file for Optuna and its dashboard. A copy; the store stays authoritative.

Optuna gets real values, not the indices that its samplers get. Ranges are widened to all values that were run, since a
space may have been edited meanwhile. Trials that have not ended are left out; `hptui_number` is a trial's number here.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState

from hptui.core.space import Choice, Float, Parameter
from hptui.core.study import Study
from hptui.core.trial import Trial, TrialStatus, Value
from hptui.search.optuna import quiet_optuna

OPTUNA_STATES = {TrialStatus.COMPLETE: TrialState.COMPLETE, TrialStatus.PRUNED: TrialState.PRUNED}
"""Optuna's state for a status; all others are failures."""
CurvesByTrial = Mapping[int, Sequence[tuple[int, float]]]
"""Points (step, value) of the objective, by trial number."""
OptunaTrialSettings = Callable[[Trial], Mapping[str, Value]]
"""Returns all settings that a trial ran with."""


def write_optuna(
    study: Study, settings: OptunaTrialSettings, trials: Iterable[Trial], curves: CurvesByTrial, path: Path
) -> int:
    """Write the ended trials to a new Optuna storage, and return their number.

    `curves` are the objective's points by trial number.
    """
    ended = [trial for trial in trials if not trial.status.open]
    values = {trial.number: _values(study, settings(trial)) for trial in ended}
    distributions = {
        p.name: _distribution(p, [values[trial.number][p.name] for trial in ended]) for p in study.space.parameters
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Optuna takes a URL, in which some characters of a path have another meaning: it writes to a plain name first.
    with tempfile.TemporaryDirectory(prefix="hptui-") as folder:
        storage_path = Path(folder, "study.db")
        with quiet_optuna():
            storage = RDBStorage(f"sqlite:///{storage_path}")
            goals = [objective.goal for objective in study.objectives]
            target = optuna.create_study(storage=storage, study_name=study.name, directions=goals)
            target.set_metric_names([objective.metric for objective in study.objectives])
            for key, text in {"hptui_study": study.name, "about": study.about}.items():
                target.set_user_attr(key, text)
            target.add_trials(
                _frozen(study, trial, values[trial.number], distributions, curves.get(trial.number, ()))
                for trial in ended
            )
            storage.remove_session()
            storage.engine.dispose()
        try:
            # Copied under a temporary name first, so that the file appears whole or not at all.
            shutil.copyfile(storage_path, temporary)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    return len(ended)


def _values(study: Study, settings: Mapping[str, Value]) -> dict[str, Any]:
    """Return the searched settings of a trial; None: the parameter was inactive."""
    return {parameter.name: _storable(settings.get(parameter.name)) for parameter in study.space.parameters}


def _storable(value: Value) -> Any:
    """Return lists and tables as text: Optuna's categories hold no others."""
    return json.dumps(value) if isinstance(value, list | dict) else value


def _distribution(parameter: Parameter, values: Iterable[Any]) -> BaseDistribution:
    present = [value for value in values if value is not None]
    numbers = [value for value in present if isinstance(value, int | float) and not isinstance(value, bool)]
    if isinstance(parameter, Choice) or len(numbers) < len(present):
        choices = parameter.choices if isinstance(parameter, Choice) else ()
        return CategoricalDistribution(list(dict.fromkeys([*map(_storable, choices), *present])))
    low, high = min([parameter.low, *numbers]), max([parameter.high, *numbers])
    log = parameter.log and low > 0
    if isinstance(parameter, Float) or any(number != int(number) for number in numbers):
        return FloatDistribution(float(low), float(high), log=log)
    return IntDistribution(int(low), int(high), log=log)


def _frozen(
    study: Study,
    trial: Trial,
    values: Mapping[str, Any],
    distributions: Mapping[str, BaseDistribution],
    curve: Sequence[tuple[int, float]],
) -> FrozenTrial:
    params = {name: value for name, value in values.items() if value is not None}
    state = OPTUNA_STATES.get(trial.status, TrialState.FAIL)
    complete = state is TrialState.COMPLETE
    facts = {"hptui_number": trial.number, "status": str(trial.status), "reason": str(trial.reason or "")}
    return FrozenTrial(
        number=-1,
        trial_id=-1,
        state=state,
        value=None,
        values=[(trial.values or {})[objective.metric] for objective in study.objectives] if complete else None,
        datetime_start=_moment(trial.started or trial.created),
        datetime_complete=_moment(trial.ended or trial.started or trial.created),
        params=params,
        distributions={name: distributions[name] for name in params},
        user_attrs={
            **facts,
            "role": str(trial.role),
            "name": trial.name,
            "note": trial.note,
            "overrides": dict(trial.params),
            "seconds": trial.seconds,
            "metrics": {name: value for name, value in trial.metrics.items() if math.isfinite(value)},
        },
        system_attrs={},
        intermediate_values=dict(curve) if len(study.objectives) == 1 else {},
    )


def _moment(seconds: float) -> datetime:
    """Return a local time without a zone, as Optuna stores it."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().replace(tzinfo=None)
