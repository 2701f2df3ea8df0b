"""All trials of a study, as rows of a table and as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hptui.model.errors import UserError, did_you_mean
from hptui.model.trial import Trial
from hptui.results.export.config import Names, made_by, rename_settings, trial_config
from hptui.results.export.csv_text import csv_text
from hptui.results.export.json_text import json_text
from hptui.results.export.python_text import python_text
from hptui.results.export.quoting import comment_lines
from hptui.results.export.shell_text import flags_text
from hptui.results.export.toml_text import toml_text
from hptui.results.export.yaml_text import yaml_text
from hptui.results.shapes import trial_json
from hptui.results.view import View

LEADING_COLUMNS = ("number", "name", "status", "reason")
"""Leading columns of a table."""
TRAILING_COLUMNS = ("seconds", "peak_memory_gb", "attempts", "role", "stage", "note")
"""Columns behind those of settings and metrics."""


def render_trials(view: View, format_: str, *, hyphens: bool = False, names: Names | None = None) -> str:
    """Return all trials as text, by number."""
    names, trials, study = names or {}, view.trials, view.study
    check_names(view, names)
    if format_ == "csv":
        return csv_text(trial_rows(view, names), trial_columns(view, names))
    head = comment_lines([f"the trials of {study.name}", made_by()])
    if format_ == "toml":  # in the form of a study file's list
        return head + "".join(f"\n[[trial]]\n{toml_text(_study_file_entry(trial, names))}" for trial in trials)
    if format_ == "flags":
        settings = [rename_settings(trial_config(view, trial), names, strict=False) for trial in trials]
        return "".join(flags_text(trial_settings, hyphens=hyphens) for trial_settings in settings)
    if format_ not in ("json", "yaml", "python"):
        formats = ("json", "yaml", "python", "toml", "csv", "flags")
        raise UserError(f"a list of trials cannot be written as {format_!r}", hint=did_you_mean(format_, formats))
    entries = [_trial_fields(view, trial, names) for trial in trials]
    if format_ == "json":
        return json_text(entries)
    return head + (yaml_text(entries) if format_ == "yaml" else python_text(entries, "trials"))


def trial_columns(view: View, names: Names | None = None) -> list[str]:
    """Return the columns: varied settings, values, metrics; last the settings equal in all trials."""
    names = names or {}
    all_names = dict.fromkeys(name for trial in view.trials for name in view.settings(trial))
    varied = dict.fromkeys(name for trial in view.trials for name in trial.params)
    values = dict.fromkeys(objective.metric for objective in view.study.objectives)
    metrics = dict.fromkeys(name for trial in view.trials for name in trial.metrics)
    used = dict.fromkeys(name for trial in view.trials for name in _differing_settings(view, trial))
    facts = dict.fromkeys(name for trial in view.trials for name in trial.facts)
    return [
        *LEADING_COLUMNS,
        *(_setting_column(name, names) for name in varied),
        *(f"value.{name}" for name in values),
        *(f"last.{name}" for name in metrics),
        *(f"effective.{name}" for name in used),
        *(f"facts.{name}" for name in facts),
        *TRAILING_COLUMNS,
        *(_setting_column(name, names) for name in all_names if name not in varied),
    ]


def trial_rows(view: View, names: Names | None = None) -> list[dict[str, Any]]:
    """Return one row per trial by column; a column that was not measured is absent."""
    return [dict(_trial_row(view, trial, names or {})) for trial in view.trials]


def _trial_row(view: View, trial: Trial, names: Names) -> Iterable[tuple[str, Any]]:
    yield "number", trial.number
    yield "name", trial.name
    yield "status", str(trial.status)
    yield "reason", str(trial.reason or "")
    for name, value in view.settings(trial).items():
        yield _setting_column(name, names), value
    for name, number in (trial.values or {}).items():
        yield f"value.{name}", number
    for name, number in trial.metrics.items():
        yield f"last.{name}", number
    for name, value in _differing_settings(view, trial).items():
        yield f"effective.{name}", value
    for name, value in trial.facts.items():
        yield f"facts.{name}", value
    yield "seconds", round(trial.seconds, 3)
    yield "peak_memory_gb", trial.peak_memory_gb
    yield "attempts", trial.attempts
    yield "role", str(trial.role)
    yield "stage", trial.stage
    yield "note", trial.note


def _differing_settings(view: View, trial: Trial) -> dict[str, Any]:
    """Return settings of which another value was used than requested."""
    settings = view.settings(trial)
    return {name: value for name, value in trial.effective.items() if settings.get(name) != value}


def _setting_column(name: str, names: Names) -> str:
    """Return the column of a setting; `setting.NAME` if it is called like a built-in column."""
    name = names.get(name, name)
    return f"setting.{name}" if name in (*LEADING_COLUMNS, *TRAILING_COLUMNS) else name


def _trial_fields(view: View, trial: Trial, names: Names) -> dict[str, Any]:
    """Return a trial as in `--json`, with all its settings."""
    fields = trial_json(trial)
    fields["params"] = rename_settings(fields["params"], names, strict=False)
    fields["settings"] = rename_settings(view.settings(trial), names, strict=False)
    return fields


def _study_file_entry(trial: Trial, names: Names) -> dict[str, Any]:
    texts = {"name": trial.name or f"trial-{trial.number}", "title": trial.title, "note": trial.note}
    return {
        **{key: text for key, text in texts.items() if text},
        "set": rename_settings(trial.params, names, strict=False),
    }


def check_names(view: View, names: Mapping[str, str]) -> None:
    """Check the settings to rename.

    Raises: UserError for a setting that no trial has.
    """
    settings = {name for trial in view.trials for name in view.settings(trial)} | set(view.base)
    for name in names:
        if name not in settings:
            raise UserError(f"there is no setting {name!r} to rename", hint=did_you_mean(name, settings))
