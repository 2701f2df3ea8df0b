"""The trials of an Optuna study in SQLite, read from a copy: opening a file with Optuna may change it."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from hptui.core.errors import HptuiError, StudyError, UserError, did_you_mean
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.core.values import is_number, to_plain
from hptui.search.exchange.imported import ImportedTrial, with_objectives
from hptui.search.optuna import quiet_optuna

IMPORTED_STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
"""States of the trials that are imported."""
MAX_STEP = 1 << 62
"""Bound of steps, so that they fit SQLite's 64-bit integers."""


def read_optuna(
    study: Study, path: Path, name: str = "", names: Mapping[str, str] | None = None
) -> list[ImportedTrial]:
    """Return the ended trials of the study `name` (or of the only one) in `path`.

    `names` maps their parameter names to ours. Raises: UserError where the file holds no such study, or one with other
    objectives.
    """
    with tempfile.TemporaryDirectory(prefix="hptui-") as folder:
        copy = Path(folder, "study.db")
        _copy(path, copy)
        with quiet_optuna():
            try:
                storage = optuna.storages.RDBStorage(f"sqlite:///{copy}")
            except Exception as error:  # noqa: BLE001  its database layers raise errors of many libraries
                raise UserError(f"{path}: Optuna {optuna.__version__} cannot read it: {error}") from None
            try:
                study_names = optuna.get_all_study_names(storage)
                study_name = _choose_study(path, study_names, name)
                optuna_study = optuna.load_study(study_name=study_name, storage=storage)
                metrics = _match_objectives(study, path, optuna_study)
                _check_parameters(path, copy, study_name)
                trials = optuna_study.get_trials(deepcopy=False)
            except HptuiError:
                raise
            except Exception as error:  # noqa: BLE001  what is broken in it may raise anything
                text = f"{path}: a trial of {name or 'its study'} cannot be read: {type(error).__name__}: {error}"
                raise UserError(text, hint="Optuna itself cannot read it either") from None
            finally:
                storage.remove_session()
                storage.engine.dispose()
    return [_imported_trial(study, trial, metrics, names or {}) for trial in trials if trial.state in IMPORTED_STATES]


def _copy(path: Path, copy: Path) -> None:
    try:
        source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            tables = {row[0] for row in source.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if not {"studies", "trials", "trial_params"} <= tables:
                owner = "a store of hptui" if "metric_last" in tables else "another program's"
                raise UserError(
                    f"{path} is no Optuna study: it is {owner}", hint="hptui export STUDY -o FILE.db makes one"
                )
            target = sqlite3.connect(copy)
            try:
                source.backup(target)
            finally:
                target.close()
        finally:
            source.close()
    except sqlite3.Error as error:
        raise UserError(f"{path} cannot be read as an Optuna study: {error}") from None


def _check_parameters(path: Path, copy: Path, study_name: str) -> None:
    """Check the ranges and values of all parameters.

    Raises: UserError that names trial and parameter: Optuna's own error names neither.
    """
    connection = sqlite3.connect(copy)
    try:
        rows = connection.execute(
            "SELECT number, param_name, param_value, distribution_json FROM trial_params JOIN trials USING (trial_id) "
            "JOIN studies USING (study_id) WHERE study_name = ? ORDER BY number, param_name",
            (study_name,),
        ).fetchall()
    finally:
        connection.close()
    distributions: dict[str, Any] = {}
    for number, name, value, text in rows:
        try:
            if text not in distributions:
                distributions[text] = optuna.distributions.json_to_distribution(text)
            to_plain(_restored(distributions[text].to_external_repr(value)), "")
        except Exception as error:  # noqa: BLE001  a broken text may raise anything
            reason = error.problem if isinstance(error, StudyError) else f"{type(error).__name__}: {error}"
            raise UserError(
                f"{path}, trial {number}, parameter {name!r}: its range or value cannot be read ({reason})",
                hint=f"its range is recorded as {str(text)[:80]}",
            ) from None


def _choose_study(path: Path, study_names: list[str], name: str) -> str:
    if name in study_names:
        return name
    if name:
        raise UserError(f"{path} holds no study {name!r}", hint=did_you_mean(name, study_names))
    if len(study_names) != 1:
        raise UserError(
            f"{path} holds {len(study_names)} studies: {', '.join(study_names) or 'none'}", hint="--study says which"
        )
    return study_names[0]


def _match_objectives(study: Study, path: Path, optuna_study: Any) -> list[str]:
    """Return our metric for each of their values: by name where they have names, else in order."""
    our_goals = {objective.metric: objective.goal for objective in study.objectives}
    goals = [direction.name.lower() for direction in optuna_study.directions]
    if len(goals) != len(our_goals):
        raise UserError(f"{path} has {len(goals)} objectives, the study {study.name!r} has {len(our_goals)}")
    optuna_names = optuna_study.metric_names or []
    metrics = optuna_names if set(optuna_names) == set(our_goals) else list(our_goals)
    for metric, goal in zip(metrics, goals, strict=True):
        if goal != our_goals[metric]:
            raise UserError(
                f"{path} would {goal} {metric!r}, the study {study.name!r} would {our_goals[metric]} it",
                hint="values of another direction are other values: change the sign before they are imported",
            )
    return metrics


def _imported_trial(study: Study, trial: FrozenTrial, metrics: list[str], names: Mapping[str, str]) -> ImportedTrial:
    values = dict(zip(metrics, trial.values or [], strict=False))
    started, ended = _seconds(trial.datetime_start), _seconds(trial.datetime_complete)
    # In a study that we exported, lists and tables became JSON texts.
    params = {names.get(name, name): _restored(value) for name, value in trial.params.items()}
    note, seconds = trial.user_attrs.get("note"), trial.user_attrs.get("seconds")
    metric_values = trial.user_attrs.get("metrics")  # as in our own exports; another program may mean something else
    duration = float(seconds) if is_number(seconds) and seconds > 0 else None
    if duration is None and started is not None and ended is not None:
        duration = max(0.0, ended - started)
    return with_objectives(
        study,
        f"trial {trial.number}",
        trial.state.name,
        values if trial.state is TrialState.COMPLETE else {},
        params=params,
        metrics={k: float(v) for k, v in metric_values.items() if is_number(v)}
        if isinstance(metric_values, dict)
        else {},
        curve=sorted((step, value) for step, value in trial.intermediate_values.items() if abs(step) < MAX_STEP)
        if len(metrics) == 1
        else (),
        started=started,
        ended=ended,
        seconds=duration,
        note=note if isinstance(note, str) else "",
    )


def _restored(value: Any) -> Value:
    if isinstance(value, str) and value[:1] in "[{":
        try:
            parsed: Value = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return parsed
    unchanged: Value = value
    return unchanged


def _seconds(moment: datetime | None) -> float | None:
    """Return a Unix time. Optuna stores local times without a zone."""
    return None if moment is None else moment.timestamp()
