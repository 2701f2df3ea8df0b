"""How the words of the model become cells of `study.db`, and back. Standard library only.

JSON has no NaN: a value that is not finite is written `{"nonfinite": "nan"}` (or inf, -inf) inside JSON columns,
and as NULL with the kind in a column beside it elsewhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from hptui.model.trial import Attempt, AttemptState, Reason, Rejection, Role, Trial, TrialStatus

# values -----------------------------------------------------------------------------------------------------------


def split_odd(value: float | None) -> tuple[float | None, str | None]:
    """A number as two columns: itself, or NULL and what it is instead. None is taken for NaN."""
    if value is not None and math.isfinite(value):
        return value, None
    if value is None or math.isnan(value):
        return None, "nan"
    return None, "inf" if value > 0 else "-inf"


def join_odd(value: float | None, odd: str | None) -> float:
    """The inverse of `split_odd`."""
    return float(odd or "nan") if value is None else value


def text(value: object) -> str:
    """A string that SQLite can hold: lone surrogates, as undecodable bytes leave them, become question marks."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def dump(value: object) -> str:
    """Compact JSON, non-finite numbers marked."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_mark(value), allow_nan=False, separators=(",", ":"))


def parse(document: str) -> Any:
    """The inverse of `dump`."""
    if document == "{}":
        return {}
    return json.loads(document, object_hook=_unmark if '{"nonfinite":' in document else None)


def _mark(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"nonfinite": split_odd(value)[1]}
    if isinstance(value, Mapping):
        return {key: _mark(item) for key, item in value.items()}
    return [_mark(item) for item in value] if isinstance(value, (list, tuple)) else value


def _unmark(found: dict[str, Any]) -> Any:
    kind = found.get("nonfinite") if len(found) == 1 else None
    return float(kind) if kind in ("nan", "inf", "-inf") else found


def pack_numbers(numbers: Iterable[int]) -> str:
    """A set of numbers as ranges: `0-41,43`. A trial's `seen` is mostly "everyone before me"."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def unpack_numbers(packed: str) -> tuple[int, ...]:
    """The inverse of `pack_numbers`, in ascending order."""
    numbers: list[int] = []
    for part in packed.split(",") if packed else ():
        low, _, high = part.partition("-")
        numbers.extend(range(int(low), int(high or low) + 1))
    return tuple(numbers)


# trials and attempts ----------------------------------------------------------------------------------------------

_JSON = {"params", "values", "effective", "final", "environment", "facts"}
_DERIVED = {"metrics", "attempts", "rejections"}
_TEXTS = {"name", "message", "engine", "title", "note", "asked", "boot_id", "host", "device", "stage"}


def column_of(field: str) -> str:
    """The column of a field."""
    return f"{field}_json" if field in _JSON else field


def cell_of(field: str, value: Any) -> Any:
    """What the column of a field holds for this value."""
    if field in _JSON:
        return None if value is None else dump(dict(value))
    if field == "seen":
        return pack_numbers(value)
    return text(value) if field in _TEXTS else value


def _names(kind: type[Trial] | type[Attempt]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in _DERIVED)


TRIAL_FIELDS = _names(Trial)
"""The fields of a trial that its own row holds; `peak_memory_gb` there is what an import gave."""
ATTEMPT_FIELDS = _names(Attempt)
TRIAL_COLUMNS = ", ".join(column_of(name) for name in TRIAL_FIELDS)
ADDED = {"stage": "'' AS stage", "facts_json": "'{}' AS facts_json"}
"""Columns of a trial that a store of the first format has not, and what stands for them when it is only read."""
FIRST_TRIAL_COLUMNS = ", ".join(ADDED.get(column_of(name), column_of(name)) for name in TRIAL_FIELDS)
ATTEMPT_COLUMNS = ", ".join(column_of(name) for name in ATTEMPT_FIELDS)


def cells(changes: Mapping[str, Any], allowed: Sequence[str]) -> dict[str, Any]:
    """Changed fields as columns. A field that is not a row's own is our mistake: `TypeError`."""
    unknown = sorted(set(changes) - set(allowed))
    if unknown:
        raise TypeError(f"these fields cannot be set: {', '.join(unknown)}")
    return {column_of(name): cell_of(name, value) for name, value in changes.items()}


def trial_cells(trial: Trial) -> dict[str, Any]:
    """A trial as a row."""
    return cells({name: getattr(trial, name) for name in TRIAL_FIELDS}, TRIAL_FIELDS)


def attempt_cells(attempt: Attempt) -> dict[str, Any]:
    """An attempt as a row."""
    return cells({name: getattr(attempt, name) for name in ATTEMPT_FIELDS}, ATTEMPT_FIELDS)


def trial_of(
    row: Sequence[Any],
    *,
    metrics: Mapping[str, float],
    attempts: int = 0,
    peak_memory_gb: float | None = None,
    rejections: tuple[Rejection, ...] = (),
    seen: bool = False,
) -> Trial:
    """A trial from its row (`TRIAL_COLUMNS`) and what belongs to it."""
    found = dict(zip(TRIAL_FIELDS, row, strict=True))
    found["status"] = TrialStatus(found["status"])
    found["role"] = Role(found["role"])
    found["reason"] = None if found["reason"] is None else Reason(found["reason"])
    found["params"] = parse(found["params"])
    found["values"] = None if found["values"] is None else parse(found["values"])
    found["effective"] = parse(found["effective"])
    found["final"] = parse(found["final"])
    found["facts"] = parse(found["facts"])
    found["seen"] = unpack_numbers(found["seen"]) if seen else ()
    if peak_memory_gb is not None:
        found["peak_memory_gb"] = peak_memory_gb
    return Trial(metrics=metrics, attempts=attempts, rejections=rejections, **found)


def attempt_of(row: Sequence[Any]) -> Attempt:
    """An attempt from its row (`ATTEMPT_COLUMNS`)."""
    found = dict(zip(ATTEMPT_FIELDS, row, strict=True))
    found["state"] = AttemptState(found["state"])
    found["reason"] = None if found["reason"] is None else Reason(found["reason"])
    found["warm"] = bool(found["warm"])
    found["environment"] = parse(found["environment"])
    return Attempt(**found)
