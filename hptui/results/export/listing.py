"""All trials of a study: as rows of a table, and as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hptui.model.errors import UserError, did_you_mean
from hptui.model.trial import Trial
from hptui.results.export.config import Names, config, made_by, renamed
from hptui.results.export.csv_text import csv_text
from hptui.results.export.json_text import json_text
from hptui.results.export.python_text import python_text
from hptui.results.export.quoting import comment
from hptui.results.export.shell_text import flags_text
from hptui.results.export.toml_text import toml_text
from hptui.results.export.yaml_text import yaml_text
from hptui.results.shapes import trial_json
from hptui.results.view import View

FIRST = ("number", "name", "status", "reason")
LAST = ("seconds", "peak_memory_gb", "attempts", "role", "stage", "note")


def render_all(view: View, how: str, *, hyphens: bool = False, names: Names | None = None) -> str:
    """Every trial, in the order of their numbers."""
    names, trials, study = names or {}, view.trials, view.study
    check_names(view, names)
    if how == "csv":
        return csv_text(rows(view, names), columns(view, names))
    head = comment([f"the trials of {study.name}", made_by()])
    if how == "toml":  # as a study file lists experiments
        return head + "".join(f"\n[[trial]]\n{toml_text(_listed(trial, names))}" for trial in trials)
    if how == "flags":
        settings = [renamed(config(view, trial), names, strict=False) for trial in trials]
        return "".join(flags_text(one, hyphens=hyphens) for one in settings)
    if how not in ("json", "yaml", "python"):
        known = ("json", "yaml", "python", "toml", "csv", "flags")
        raise UserError(f"a list of trials cannot be written as {how!r}", hint=did_you_mean(how, known))
    shapes = [_shape(view, trial, names) for trial in trials]
    if how == "json":
        return json_text(shapes)
    return head + (yaml_text(shapes) if how == "yaml" else python_text(shapes, "trials"))


def columns(view: View, names: Names | None = None) -> list[str]:
    """What a table of trials has: what was varied, values, measures; then settings that are the same in all."""
    names = names or {}
    every = dict.fromkeys(name for trial in view.trials for name in view.settings(trial))
    varied = dict.fromkeys(name for trial in view.trials for name in trial.params)
    values = dict.fromkeys(objective.metric for objective in view.study.objectives)
    metrics = dict.fromkeys(name for trial in view.trials for name in trial.metrics)
    used = dict.fromkeys(name for trial in view.trials for name in _used(view, trial))
    facts = dict.fromkeys(name for trial in view.trials for name in trial.facts)
    return [
        *FIRST,
        *(_setting(name, names) for name in varied),
        *(f"value.{name}" for name in values),
        *(f"last.{name}" for name in metrics),
        *(f"effective.{name}" for name in used),
        *(f"facts.{name}" for name in facts),
        *LAST,
        *(_setting(name, names) for name in every if name not in varied),
    ]


def rows(view: View, names: Names | None = None) -> list[dict[str, Any]]:
    """One row per trial, by column; what was not measured is missing from it, never a number."""
    return [dict(_row(view, trial, names or {})) for trial in view.trials]


def _row(view: View, trial: Trial, names: Names) -> Iterable[tuple[str, Any]]:
    yield "number", trial.number
    yield "name", trial.name
    yield "status", str(trial.status)
    yield "reason", str(trial.reason or "")
    for name, value in view.settings(trial).items():
        yield _setting(name, names), value
    for name, number in (trial.values or {}).items():
        yield f"value.{name}", number
    for name, number in trial.metrics.items():
        yield f"last.{name}", number
    for name, value in _used(view, trial).items():
        yield f"effective.{name}", value
    for name, value in trial.facts.items():
        yield f"facts.{name}", value
    yield "seconds", round(trial.seconds, 3)
    yield "peak_memory_gb", trial.peak_memory_gb
    yield "attempts", trial.attempts
    yield "role", str(trial.role)
    yield "stage", trial.stage
    yield "note", trial.note


def _used(view: View, trial: Trial) -> dict[str, Any]:
    """What was really used where it is not what was asked for."""
    settings = view.settings(trial)
    return {name: value for name, value in trial.effective.items() if settings.get(name) != value}


def _setting(name: str, names: Names) -> str:
    """The column of a setting; one that is called like a column of ours is told apart."""
    name = names.get(name, name)
    return f"setting.{name}" if name in (*FIRST, *LAST) else name


def _shape(view: View, trial: Trial, names: Names) -> dict[str, Any]:
    """A trial as `--json` says it, with all its settings."""
    shape = trial_json(trial)
    shape["params"] = renamed(shape["params"], names, strict=False)
    shape["settings"] = renamed(view.settings(trial), names, strict=False)
    return shape


def _listed(trial: Trial, names: Names) -> dict[str, Any]:
    said = {"name": trial.name or f"trial-{trial.number}", "title": trial.title, "note": trial.note}
    return {
        **{key: text for key, text in said.items() if text},
        "set": renamed(trial.params, names, strict=False),
    }


def check_names(view: View, names: Mapping[str, str]) -> None:
    """`UserError` for a new name of a setting that no trial has."""
    known = {name for trial in view.trials for name in view.settings(trial)} | set(view.base)
    for name in names:
        if name not in known:
            raise UserError(f"there is no setting {name!r} to rename", hint=did_you_mean(name, known))
