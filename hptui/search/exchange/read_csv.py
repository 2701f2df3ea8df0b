"""A CSV of earlier trials: a row for each trial, a column per setting and measurement."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import StudyError, UserError, did_you_mean
from hptui.core.parameters import Choice, Int
from hptui.core.study import Study
from hptui.core.trial import Reason, TrialStatus, Value
from hptui.core.values import MAX_SHOWN_CHARACTERS, WHOLE_NUMBER, read_value, to_plain, values_equal
from hptui.search.exchange.imported import ImportedTrial, with_objectives

FACT_COLUMNS = ("name", "status", "reason", "note", "seconds", "peak_memory_gb", "started", "ended")
"""Columns that describe the trial itself."""
EMPTY_CELLS = ("", "-", "–", "—", "null", "none", "None", "NA", "n/a")
"""Cells that mean that there is no value."""
OPEN_STATUSES = ("waiting", "running", "paused")
"""Statuses of trials that have not ended, which are left out."""
MAX_ROWS = 100_000
"""Maximum number of rows."""


@dataclass(frozen=True, slots=True)
class CsvTrials:
    """The trials of a CSV, the meaning of each column, and the columns that were left out."""

    trials: list[ImportedTrial]
    columns: Mapping[str, str]
    left_out: Sequence[str]


def read_csv(
    study: Study, base: Mapping[str, Value], path: Path, names: Mapping[str, str], objectives: Sequence[str] = ()
) -> CsvTrials:
    """Return the trials of a CSV.

    `names` gives the meaning of a column (`''`: ignored); `objectives` are the columns of the objectives. Without
    these, a column has the meaning of its name: a setting, an objective, one of `FACT_COLUMNS`, or a name of our own
    exports. Raises: UserError for a file, a column or a cell that cannot be read.
    """
    header, rows, numbers = _read(path)
    columns = _columns(study, base, header, names, objectives, path)
    left_out = [column for column in header if column not in columns and names.get(column) != ""]
    trials = [
        _read_row(study, base, columns, dict(zip(header, row, strict=False)), number)
        for number, row in zip(numbers, rows, strict=True)
    ]
    return CsvTrials([trial for trial in trials if trial is not None], columns, left_out)


def _read(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Return the names of the columns, the rows that are not empty, and the number of each in the file."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    number = 0
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.reader(file), 1):
                if any(cell.strip() for cell in row) and len(rows) <= MAX_ROWS + 1:
                    rows.append(row)
                    numbers.append(number)
    except csv.Error as error:
        raise UserError(f"{path}, row {number + 1}: cannot be read as a row of a table: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as a table: {error}") from None
    if len(rows) < 2:
        raise UserError(f"{path} holds no experiment", hint="a first row of names, then a row for each")
    if len(rows) > MAX_ROWS + 1:
        raise UserError(f"{path} has more than {MAX_ROWS:,} rows")
    header = [name.strip() for name in rows[0]]
    if repeated := [name for name in header if name and header.count(name) > 1]:
        raise UserError(f"{path}: two columns are called {repeated[0]!r}")
    for number, row in zip(numbers[1:], rows[1:], strict=True):
        if len(row) > len(header):
            raise UserError(f"{path}, row {number}: {len(row)} cells, but the first row names {len(header)} columns")
    return header, rows[1:], numbers[1:]


def _columns(
    study: Study,
    base: Mapping[str, Value],
    header: Sequence[str],
    names: Mapping[str, str],
    objectives: Sequence[str],
    path: Path,
) -> dict[str, str]:
    """Return the meaning of each column, as `setting.x`, `metric.x` or `fact.x`."""
    metrics = [objective.metric for objective in study.objectives]
    if objectives and len(objectives) != len(metrics):
        raise UserError(
            f"the study has {len(metrics)} objectives: {', '.join(metrics)}", hint="one --objective for each"
        )
    names = {**names, **dict(zip(objectives, metrics, strict=False))}
    for column in names:
        if column not in header:
            raise UserError(f"{path} has no column {column!r}", hint=did_you_mean(column, header))
    columns: dict[str, str] = {}
    for column in header:
        target = names.get(column, column)
        kind = _kind(study, base, target, explicit=column in names)
        if kind is None and target and column in names:
            targets = [*study.space.names, *base, *metrics, *FACT_COLUMNS]
            raise UserError(f"{target!r} is neither a setting nor an objective", hint=did_you_mean(target, targets))
        if kind is not None:
            if kind in columns.values():
                other = next(other_column for other_column, other_kind in columns.items() if other_kind == kind)
                raise UserError(f"{path}: both {other!r} and {column!r} would be {target!r}", hint=f"--map {column}=")
            columns[column] = kind
    for metric in metrics:
        if f"metric.{metric}" not in columns.values():
            raise UserError(
                f"{path} has no column {metric!r}, which the study {study.name!r} is about",
                hint=f"its columns: {', '.join(header)}; --objective COLUMN says which it is",
            )
    return columns


def _kind(study: Study, base: Mapping[str, Value], name: str, *, explicit: bool) -> str | None:
    metrics = [objective.metric for objective in study.objectives]
    if name in metrics:
        return f"metric.{name}"
    if name in study.space.names or name in base or any(name == derived.name for derived in study.space.derived):
        return f"setting.{name}"
    if name in FACT_COLUMNS:
        return f"fact.{name}"
    for prefix, kind in (("value.", "metric."), ("last.", "metric."), ("setting.", "setting."), ("metric.", "metric.")):
        suffix = name.removeprefix(prefix)
        if name.startswith(prefix) and suffix and not (prefix == "last." and suffix in metrics):
            return kind + suffix
    return f"metric.{name}" if explicit and name in study.metrics else None


def _read_row(
    study: Study, base: Mapping[str, Value], columns: Mapping[str, str], cells: Mapping[str, str], number: int
) -> ImportedTrial | None:
    """Return one trial; None for one that had not ended."""
    location = f"row {number}"
    params: dict[str, Value] = {}
    metrics: dict[str, float] = {}
    facts: dict[str, str] = {}
    for column, kind in columns.items():
        cell = cells.get(column, "")
        text = cell.strip()
        category, _, name = kind.partition(".")
        if category == "setting" and cell and base.get(name) in (cell, cell.removeprefix("'")):
            params[name] = base[name]  # keeps blanks; our exports put a ' before "=" for spreadsheets
        elif text in EMPTY_CELLS:
            continue
        elif category == "setting":
            params[name] = _setting(study, base, name, text, f"{location}, {column}")
        elif category == "metric":
            metrics[name] = _number(text, f"{location}, {column}")
        else:
            facts[name] = text
    if facts.get("status") in OPEN_STATUSES:
        return None
    objectives = [objective.metric for objective in study.objectives]
    trial = with_objectives(
        study,
        location,
        facts.get("status", ""),
        {name: metrics[name] for name in objectives if name in metrics},
        params=params,
        metrics={name: value for name, value in metrics.items() if name not in objectives and math.isfinite(value)},
        started=_moment(facts, "started", location),
        ended=_moment(facts, "ended", location),
        seconds=_number_fact(facts, "seconds", location),
        peak_memory_gb=_number_fact(facts, "peak_memory_gb", location),
        name=facts.get("name", ""),
        note=facts.get("note", "").removeprefix("'"),
    )
    reason = facts.get("reason", "")
    has_reason = reason in set(Reason) and trial.status is not TrialStatus.COMPLETE and not trial.message
    return replace(trial, reason=Reason(reason)) if has_reason else trial


def _number_fact(facts: Mapping[str, str], name: str, location: str) -> float | None:
    if name not in facts:
        return None
    number = _finite(facts[name], f"{location}, {name}")
    if number < 0:
        raise UserError(f"{location}, {name}: {_cut(facts[name])} is less than 0")
    return number


def _number(text: str, location: str) -> float:
    """Return a number, or what a script writes in its place when it diverged: nan, inf."""
    try:
        number = float(text)
    except ValueError:
        raise UserError(f"{location}: {_cut(text)} is no number", hint="a plain one: 0.03, not 3% or ~3") from None
    if math.isinf(number) and any(letter.isdigit() for letter in text):
        raise UserError(f"{location}: {_cut(text)} is beyond the range of numbers", hint="up to about 1.8e308")
    return number


def _finite(text: str, location: str) -> float:
    number = _number(text, location)
    if not math.isfinite(number):
        hint = "an empty cell means that it is not known"
        raise UserError(f"{location}: {_cut(text)} is no finite number", hint=hint)
    return number


def _cut(text: str) -> str:
    return repr(text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[: MAX_SHOWN_CHARACTERS - 1]}…")


def _setting(study: Study, base: Mapping[str, Value], name: str, text: str, location: str) -> Value:
    """Return a cell as a value of its setting's type. Raises: UserError for what no setting can be."""
    value = _typed(study, base, name, text, location)
    try:
        return to_plain(value, "")
    except (StudyError, RecursionError) as error:
        problem = error.problem if isinstance(error, StudyError) else "is nested too deeply"
        raise UserError(f"{location}: {_cut(text)} {problem}") from None


def _typed(study: Study, base: Mapping[str, Value], name: str, text: str, location: str) -> Value:
    parameter = next((candidate for candidate in study.space.parameters if candidate.name == name), None)
    default = base.get(name)
    if isinstance(parameter, Choice):
        parsed = _read_value(text)
        for choice in parameter.choices:
            if values_equal(choice, parsed) or choice == text:
                return choice
        return parsed
    if parameter is not None or (isinstance(default, int | float) and not isinstance(default, bool)):
        number = _finite(text, location)
        whole = isinstance(parameter, Int) or (parameter is None and isinstance(default, int))
        if not whole or number != int(number):
            return number
        return int(text) if WHOLE_NUMBER.fullmatch(text) else int(number)  # exact beyond 2 ** 53
    return text if isinstance(default, str) else _read_value(text)


def _read_value(text: str) -> Value:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return read_value(text)
    except (ValueError, RecursionError):
        return text


def _moment(facts: Mapping[str, Any], name: str, location: str) -> float | None:
    if name not in facts:
        return None
    try:
        moment = datetime.fromisoformat(facts[name])
    except ValueError:
        raise UserError(f"{location}, {name}: {_cut(facts[name])} is no time", hint="2026-01-31T12:00:00Z") from None
    if not 1970 <= moment.year <= 2999:
        raise UserError(f"{location}, {name}: {_cut(facts[name])} is no time between 1970 and 2999")
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
