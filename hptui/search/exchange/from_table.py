"""A table of earlier experiments as CSV: a row each, a column per setting and measure."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hptui.model.errors import UserError, did_you_mean
from hptui.model.parameters import Choice, Int
from hptui.model.study import Study
from hptui.model.trial import Reason, TrialStatus, Value
from hptui.model.values import read_value, same
from hptui.search.exchange.earlier import Earlier, judged

FACTS = ("name", "status", "reason", "note", "seconds", "peak_memory_gb", "started", "ended")
NOTHING = ("", "-", "–", "—", "null", "none", "None", "NA", "n/a")
OPEN = ("waiting", "running", "paused")
ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Table:
    """What was read: the experiments, what each column was taken for, and the columns that were left out."""

    rows: list[Earlier]
    columns: Mapping[str, str]
    left_out: Sequence[str]


def read_table(
    study: Study, base: Mapping[str, Value], path: Path, names: Mapping[str, str], objectives: Sequence[str] = ()
) -> Table:
    """The rows of a CSV. `names` says which column is what (`''`: nothing); `objectives` which hold the objectives.

    A column that is called like a setting, an objective or one of `FACTS` is that; so are those of our own exports.
    """
    head, rows = _read(path)
    columns = _columns(study, base, head, names, objectives, path)
    left_out = [column for column in head if column not in columns and names.get(column) != ""]
    found = [_row(study, base, columns, dict(zip(head, row, strict=False)), n) for n, row in enumerate(rows, 2)]
    return Table([one for one in found if one is not None], columns, left_out)


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)][: ROWS + 1]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as a table: {error}") from None
    if len(rows) < 2:
        raise UserError(f"{path} holds no experiment", hint="a first row of names, then a row for each")
    if len(rows) > ROWS:
        raise UserError(f"{path} has more than {ROWS:,} rows")
    head = [name.strip() for name in rows[0]]
    if twice := [name for name in head if head.count(name) > 1]:
        raise UserError(f"{path}: two columns are called {twice[0]!r}")
    for number, row in enumerate(rows[1:], 2):
        if len(row) > len(head):
            raise UserError(f"{path}, row {number}: {len(row)} cells, but the first row names {len(head)} columns")
    return head, rows[1:]


def _columns(
    study: Study,
    base: Mapping[str, Value],
    head: Sequence[str],
    names: Mapping[str, str],
    objectives: Sequence[str],
    path: Path,
) -> dict[str, str]:
    """Column -> what it is, as `setting.x`, `metric.x` or `fact.x`."""
    metrics = [objective.metric for objective in study.objectives]
    if objectives and len(objectives) != len(metrics):
        raise UserError(
            f"the study has {len(metrics)} objectives: {', '.join(metrics)}", hint="one --objective for each"
        )
    names = {**names, **dict(zip(objectives, metrics, strict=False))}
    for column in names:
        if column not in head:
            raise UserError(f"{path} has no column {column!r}", hint=did_you_mean(column, head))
    found: dict[str, str] = {}
    for column in head:
        meant = names.get(column, column)
        kind = _kind(study, base, meant, told=column in names)
        if kind is None and meant and column in names:
            known = [*study.space.names, *base, *metrics, *FACTS]
            raise UserError(f"{meant!r} is neither a setting nor an objective", hint=did_you_mean(meant, known))
        if kind is not None:
            if kind in found.values():
                other = next(one for one, what in found.items() if what == kind)
                raise UserError(f"{path}: both {other!r} and {column!r} would be {meant!r}", hint=f"--map {column}=")
            found[column] = kind
    for metric in metrics:
        if f"metric.{metric}" not in found.values():
            raise UserError(
                f"{path} has no column {metric!r}, which the study {study.name!r} is about",
                hint=f"its columns: {', '.join(head)}; --objective COLUMN says which it is",
            )
    return found


def _kind(study: Study, base: Mapping[str, Value], name: str, *, told: bool) -> str | None:
    metrics = [objective.metric for objective in study.objectives]
    if name in metrics:
        return f"metric.{name}"
    if name in study.space.names or name in base or any(name == one.name for one in study.space.derived):
        return f"setting.{name}"
    if name in FACTS:
        return f"fact.{name}"
    for prefix, kind in (("value.", "metric."), ("last.", "metric."), ("setting.", "setting."), ("metric.", "metric.")):
        rest = name.removeprefix(prefix)
        if name.startswith(prefix) and rest and not (prefix == "last." and rest in metrics):
            return kind + rest
    return f"metric.{name}" if told and name in study.metrics else None


def _row(
    study: Study, base: Mapping[str, Value], columns: Mapping[str, str], cells: Mapping[str, str], number: int
) -> Earlier | None:
    """One experiment; None for one that had not ended."""
    place = f"row {number}"
    params: dict[str, Value] = {}
    metrics: dict[str, float] = {}
    facts: dict[str, str] = {}
    for column, kind in columns.items():
        raw = cells.get(column, "")
        text = raw.strip()
        what, _, name = kind.partition(".")
        if what == "setting" and raw and base.get(name) in (raw, raw.removeprefix("'")):
            params[name] = base[name]  # with its blanks, and without the mark that our tables put before a "="
        elif text in NOTHING:
            continue
        elif what == "setting":
            params[name] = _setting(study, base, name, text, f"{place}, {column}")
        elif what == "metric":
            metrics[name] = _number(text, f"{place}, {column}")
        else:
            facts[name] = text
    if facts.get("status") in OPEN:
        return None
    objectives = [objective.metric for objective in study.objectives]
    found = judged(
        study,
        place,
        facts.get("status", ""),
        {name: metrics[name] for name in objectives if name in metrics},
        params=params,
        metrics={name: value for name, value in metrics.items() if name not in objectives and math.isfinite(value)},
        started=_moment(facts, "started", place),
        ended=_moment(facts, "ended", place),
        seconds=_fact(facts, "seconds", place),
        peak_memory_gb=_fact(facts, "peak_memory_gb", place),
        name=facts.get("name", ""),
        note=facts.get("note", "").removeprefix("'"),
    )
    why = facts.get("reason", "")
    known = why in set(Reason) and found.status is not TrialStatus.COMPLETE and not found.message
    return replace(found, reason=Reason(why)) if known else found


def _fact(facts: Mapping[str, str], name: str, place: str) -> float | None:
    return _number(facts[name], f"{place}, {name}") if name in facts else None


def _number(text: str, place: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UserError(f"{place}: {text!r} is no number", hint="a plain one: 0.03, not 3% or ~3") from None


def _setting(study: Study, base: Mapping[str, Value], name: str, text: str, place: str) -> Value:
    """A cell as a value of its setting's own type."""
    parameter = next((one for one in study.space.parameters if one.name == name), None)
    usual = base.get(name)
    if isinstance(parameter, Choice):
        found = _read_value(text)
        for choice in parameter.choices:
            if same(choice, found) or choice == text:
                return choice
        return found
    if parameter is not None or (isinstance(usual, int | float) and not isinstance(usual, bool)):
        number = _number(text, place)
        whole = isinstance(parameter, Int) or (parameter is None and isinstance(usual, int))
        return int(number) if whole and number == int(number) else number
    return text if isinstance(usual, str) else _read_value(text)


def _read_value(text: str) -> Value:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return read_value(text)
    except (ValueError, json.JSONDecodeError):
        return text


def _moment(facts: Mapping[str, Any], name: str, place: str) -> float | None:
    if name not in facts:
        return None
    try:
        moment = datetime.fromisoformat(facts[name])
    except ValueError:
        raise UserError(f"{place}, {name}: {facts[name]!r} is no time", hint="2026-01-31T12:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
