"""The trials of an Optuna study in SQLite, read from a copy: opening one with Optuna may change it."""

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

from hptui.model.errors import UserError, did_you_mean
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.search.exchange.earlier import Earlier, judged
from hptui.search.optuna import quiet

ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def read_optuna(study: Study, path: Path, name: str = "", names: Mapping[str, str] | None = None) -> list[Earlier]:
    """The trials of the study `name` (or of the only one) in `path` that have ended. `names`: theirs -> ours.

    `UserError` where the file holds no such study, or one with other objectives.
    """
    with tempfile.TemporaryDirectory(prefix="hptui-") as folder:
        copy = Path(folder, "study.db")
        _copy(path, copy)
        with quiet():
            try:
                storage = optuna.storages.RDBStorage(f"sqlite:///{copy}")
            except Exception as error:  # noqa: BLE001  whatever its database layers raise
                raise UserError(f"{path}: Optuna {optuna.__version__} cannot read it: {error}") from None
            try:
                known = optuna.get_all_study_names(storage)
                chosen = _choose(path, known, name)
                theirs = optuna.load_study(study_name=chosen, storage=storage)
                metrics = _objectives(study, path, theirs)
                found = theirs.get_trials(deepcopy=False)
            finally:
                storage.remove_session()
                storage.engine.dispose()
    return [_earlier(study, trial, metrics, names or {}) for trial in found if trial.state in ENDED]


def _copy(path: Path, copy: Path) -> None:
    try:
        source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            tables = {row[0] for row in source.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if not {"studies", "trials", "trial_params"} <= tables:
                what = "a store of hptui" if "metric_last" in tables else "another program's"
                raise UserError(
                    f"{path} is no Optuna study: it is {what}", hint="hptui export STUDY -o FILE.db makes one"
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


def _choose(path: Path, known: list[str], name: str) -> str:
    if name in known:
        return name
    if name:
        raise UserError(f"{path} holds no study {name!r}", hint=did_you_mean(name, known))
    if len(known) != 1:
        raise UserError(f"{path} holds {len(known)} studies: {', '.join(known) or 'none'}", hint="--study says which")
    return known[0]


def _objectives(study: Study, path: Path, theirs: Any) -> list[str]:
    """Our metric for each of their values: by name where they have names, else in order."""
    ours = {objective.metric: objective.goal for objective in study.objectives}
    goals = [direction.name.lower() for direction in theirs.directions]
    if len(goals) != len(ours):
        raise UserError(f"{path} has {len(goals)} objectives, the study {study.name!r} has {len(ours)}")
    named = theirs.metric_names or []
    metrics = named if set(named) == set(ours) else list(ours)
    for metric, goal in zip(metrics, goals, strict=True):
        if goal != ours[metric]:
            raise UserError(
                f"{path} would {goal} {metric!r}, the study {study.name!r} would {ours[metric]} it",
                hint="values of another direction are other values: change the sign before they are imported",
            )
    return metrics


def _earlier(study: Study, trial: FrozenTrial, metrics: list[str], names: Mapping[str, str]) -> Earlier:
    values = dict(zip(metrics, trial.values or [], strict=False))
    begun, ended = _seconds(trial.datetime_start), _seconds(trial.datetime_complete)
    # A study that we exported says what ours were called: lists and tables became texts there.
    params = {names.get(name, name): _restored(value) for name, value in trial.params.items()}
    note = trial.user_attrs.get("note")
    took = trial.user_attrs.get("seconds")
    measured = trial.user_attrs.get("metrics")
    return judged(
        study,
        f"trial {trial.number}",
        trial.state.name,
        values if trial.state is TrialState.COMPLETE else {},
        params=params,
        metrics={k: float(v) for k, v in measured.items()} if isinstance(measured, dict) else {},
        curve=sorted(trial.intermediate_values.items()) if len(metrics) == 1 else (),
        started=begun,
        ended=ended,
        seconds=float(took) if took else None if begun is None or ended is None else ended - begun,
        note=note if isinstance(note, str) else "",
    )


def _restored(value: Any) -> Value:
    if isinstance(value, str) and value[:1] in "[{":
        try:
            found: Value = json.loads(value)
        except ValueError:
            return value
        return found
    known: Value = value
    return known


def _seconds(moment: datetime | None) -> float | None:
    """Optuna keeps local times without a zone."""
    return None if moment is None else moment.timestamp()
