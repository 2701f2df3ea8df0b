"""All trials of a study as rows of a table, as text, and as Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hptui.core.errors import UserError, did_you_mean
from hptui.core.trial import Trial
from hptui.core.version import __version__
from hptui.results.export.config import Names, made_by, rename_settings, trial_config
from hptui.results.export.text_formats import (
    comment_lines,
    csv_text,
    flags_text,
    json_text,
    python_text,
    toml_text,
    yaml_text,
)
from hptui.results.json_output import trial_json
from hptui.results.view import View

LEADING_COLUMNS = ("number", "name", "status", "reason")
"""Leading columns of a table."""
TRAILING_COLUMNS = ("seconds", "peak_memory_gb", "attempts", "role", "stage", "note")
"""Columns behind those of settings and metrics."""


def render_trials(
    view: View, format_: str, *, changed_only: bool = False, hyphens: bool = False, names: Names | None = None
) -> str:
    """Return all trials as text, by number; with `changed_only` flags of what each changed."""
    names, trials, study = names or {}, view.trials, view.study
    check_names(view, names)
    if format_ == "csv":
        return csv_text(trial_rows(view, names), trial_columns(view, names))
    head = comment_lines([f"the trials of {study.name}", made_by()])
    if format_ == "toml":  # in the form of a study file's list
        return head + "".join(f"\n[[trial]]\n{toml_text(_study_file_entry(trial, names))}" for trial in trials)
    if format_ == "flags":
        configs = [trial_config(view, trial, changed_only=changed_only) for trial in trials]
        settings = [rename_settings(config, names, strict=False) for config in configs]
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


INT64_BOUND = 2**63
"""Bound of a 64-bit integer."""


def parquet_bytes(view: View, names: Names | None = None) -> bytes:
    """Return the columns of the CSV, each with one type; a column of mixed kinds holds JSON texts."""
    table_rows, names_of_columns = trial_rows(view, names), trial_columns(view, names)
    data = {name: _column([row.get(name) for row in table_rows]) for name in names_of_columns}
    goals = {objective.metric: objective.goal for objective in view.study.objectives}
    metadata = {"study": view.study.name, "objectives": json.dumps(goals), "hptui": __version__}
    table = pa.table(data).replace_schema_metadata(metadata)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _column(values: list[Any]) -> Any:
    types = {type(value) for value in values if value is not None}
    if not types:
        return pa.array(values, pa.null())
    if types == {bool}:
        return pa.array(values, pa.bool_())
    if types == {int} and all(value is None or abs(value) < INT64_BOUND for value in values):
        return pa.array(values, pa.int64())
    if types <= {int, float} and all(not isinstance(value, int) or abs(value) <= 2**53 for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if types == {str}:
        # Parquet refuses surrogates, which a name may contain.
        return pa.array([None if value is None else value.encode("utf-8", "replace").decode() for value in values])
    return pa.array([None if value is None else json.dumps(value) for value in values])
