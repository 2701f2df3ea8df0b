"""Records of a store and their conversion to columns of `study.db`. Standard library only.

JSON has no NaN: a non-finite value is `{"nonfinite": "nan"}` (or inf, -inf) inside JSON columns; elsewhere it is NULL,
with its kind in a second column. Times are UTC seconds since the epoch."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, fields
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.trial import Attempt, AttemptState, Reason, Rejection, Role, StudyState, Trial, TrialStatus
from hptui.core.trial_history import NumberRanges
from hptui.store.damage import numbers_of, table_of

SCHEMA_VERSION = 6
"""Newest format of the tables that this version supports: `PRAGMA user_version`."""
APPLICATION_ID = 0x68707475
"""`PRAGMA application_id` of our stores: "hptu"."""


@dataclass(frozen=True, slots=True)
class StudyRow:
    """The row of the study. `spec` is the study file as a JSON object, at `revision`; `seconds` is time of activity.

    `packing` says how many trials share a process and a pass, and why; empty where none do.
    """

    name: str
    state: StudyState
    uuid: str
    created: float
    spec: Mapping[str, Any]
    revision: int
    message: str
    seconds: float
    started: float | None
    ended: float | None
    packing: Mapping[str, Any] = field(default_factory=dict)


STUDY_QUERY = (
    "SELECT name, state, uuid, created, revision, message, seconds, started, ended, spec_json, "
    "(SELECT value FROM meta WHERE key = 'packing') FROM study"
)
"""What is read of a study, in the order that `study_row` takes."""


def study_row(row: Sequence[Any]) -> StudyRow:
    """Return the row of a study from its columns. Raises: ValueError for damaged ones."""
    name, state, uuid, created, revision, message, seconds, started, ended, *documents = row
    spec, packing = (table_of(parse_json(document or "{}")) for document in documents)
    state = StudyState(state)
    return StudyRow(name, state, uuid, created, spec, revision, message, seconds, started, ended, packing)


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of the study's specification, and why it was made."""

    rev: int
    at: float
    spec: Mapping[str, Any]
    why: str


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """Summary of a metric of a trial: its newest point, extremes of its finite values, number of points.

    `value` may be NaN or infinite; `nonfinite` counts such points, which are included in `n`.
    """

    step: int
    value: float
    low: float | None
    low_step: int | None
    high: float | None
    high_step: int | None
    n: int
    nonfinite: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """A section of a curve: first and last step, extremes and mean of its finite values, number of points.

    Extremes and mean are None if no value is finite. `seconds` is the time of training at its end.
    """

    first: int
    last: int
    low: float | None
    high: float | None
    mean: float | None
    n: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Command:
    """A request to the runner. `done` is the time at which it was carried out, None if it was not yet."""

    id: int
    at: float
    verb: str
    args: Mapping[str, Any]
    done: float | None = None
    ok: bool | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened. `level` is info, warning or error; `trial` is None if it concerns the study."""

    id: int
    at: float
    level: str
    trial: int | None
    kind: str
    message: str


SAMPLE_FIELDS = ("gpu_gb", "rss_gb", "util", "cpu", "watts", "mhz")
"""Columns of what an attempt used."""
FORMAT_WITH_POWER = 6
"""First format of a store whose samples have `watts` and `mhz`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Resource usage of an attempt at a moment.

    Memory is in GiB, `cpu` in percent of one core, `util` in percent of the attempt's GPUs. `watts` is the power of
    these GPUs together, `mhz` the mean of their clocks. `gpus` is the memory on each GPU by UUID, whose sum is
    `gpu_gb`, `slowed_by` why the clocks of the GPUs are low; these two are not stored.
    """

    token: str
    at: float
    gpu_gb: float | None = None
    rss_gb: float | None = None
    util: float | None = None
    cpu: float | None = None
    watts: float | None = None
    mhz: float | None = None
    gpus: Mapping[str, float] = field(default_factory=dict, compare=False)
    slowed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint that a worker announced."""

    trial: int
    step: int
    attempt: int
    path: str
    bytes: int
    at: float


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A file that a trial left."""

    trial: int
    path: str
    attempt: int
    label: str
    at: float


# values -----------------------------------------------------------------------------------------------------------


def split_nonfinite_number(value: float | None) -> tuple[float | None, str | None]:
    """Return a number as two columns: (value, None), or (None, kind) if it is not finite.

    None counts as NaN.
    """
    if value is not None and math.isfinite(value):
        return value, None
    if value is None or math.isnan(value):
        return None, "nan"
    return None, "inf" if value > 0 else "-inf"


def join_nonfinite_number(value: float | None, odd: str | None) -> float:
    """Return the number of the two columns that `split_odd` returned."""
    return float(odd or "nan") if value is None else value


def storable_text(value: object) -> str:
    """Return a value as a string that SQLite can store.

    Lone surrogates, from undecodable bytes, become question marks.
    """
    return str(value).encode("utf-8", "replace").decode("utf-8")


def dump_json(value: object) -> str:
    """Return compact JSON, with non-finite numbers marked."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_mark(value), allow_nan=False, separators=(",", ":"))


def parse_json(document: str) -> Any:
    """Return the value of JSON that `dump` wrote."""
    if document == "{}":
        return {}
    return json.loads(document, object_hook=_unmark if '{"nonfinite":' in document else None)


def _mark(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"nonfinite": split_nonfinite_number(value)[1]}
    if isinstance(value, Mapping):
        return {key: _mark(item) for key, item in value.items()}
    return [_mark(item) for item in value] if isinstance(value, (list, tuple)) else value


def _unmark(item: dict[str, Any]) -> Any:
    kind = item.get("nonfinite") if len(item) == 1 else None
    return float(kind) if kind in ("nan", "inf", "-inf") else item


def pack_numbers(numbers: Iterable[int]) -> str:
    """Return a set of numbers as ranges, `0-41,43`.

    A trial's `seen` mostly holds all earlier trials: as a list it would grow with the square of their number.
    """
    known = numbers if isinstance(numbers, NumberRanges) else NumberRanges(numbers)
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in known.ranges())


def unpack_numbers(packed: str) -> tuple[int, ...]:
    """Return the numbers of a text that `pack_numbers` returned, ascending."""
    numbers: list[int] = []
    for part in packed.split(",") if packed else ():
        low, _, high = part.partition("-")
        numbers.extend(range(int(low), int(high or low) + 1))
    return tuple(numbers)


# trials and attempts ----------------------------------------------------------------------------------------------

_JSON_FIELDS = {"params", "values", "effective", "final", "environment", "facts"}
_FIELDS_OF_OTHER_TABLES = {"metrics", "attempts", "rejections"}
_TEXT_FIELDS = {"name", "message", "engine", "title", "note", "asked", "boot_id", "host", "device", "stage"}


def column_of(field: str) -> str:
    """Return the column of a field."""
    return f"{field}_json" if field in _JSON_FIELDS else field


def column_value(field: str, value: Any) -> Any:
    """Return a field's value as its column holds it."""
    if field in _JSON_FIELDS:
        return None if value is None else dump_json(dict(value))
    if field == "seen":
        return pack_numbers(value)
    return storable_text(value) if field in _TEXT_FIELDS else value


def _column_fields(kind: type[Trial] | type[Attempt]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in _FIELDS_OF_OTHER_TABLES)


TRIAL_FIELDS = _column_fields(Trial)
"""Fields of a trial that are columns of its row; `peak_memory_gb` there is the value that an import gave."""
ATTEMPT_FIELDS = _column_fields(Attempt)
"""Fields of an attempt that are columns of its row."""
TRIAL_COLUMNS = ", ".join(column_of(name) for name in TRIAL_FIELDS)
"""Columns of a trial, in the order of `TRIAL_FIELDS`."""
COLUMNS_OF_FORMAT_2 = {"stage": "'' AS stage", "facts_json": "'{}' AS facts_json"}
"""Replacements for columns of a trial that a store of format 1 lacks, when it is only read."""
TRIAL_COLUMNS_OF_FORMAT_1 = ", ".join(
    COLUMNS_OF_FORMAT_2.get(column_of(name), column_of(name)) for name in TRIAL_FIELDS
)
"""`TRIAL_COLUMNS` for a store of format 1."""
ATTEMPT_COLUMNS = ", ".join(column_of(name) for name in ATTEMPT_FIELDS)
"""Columns of an attempt, in the order of `ATTEMPT_FIELDS`."""


def to_columns(changes: Mapping[str, Any], allowed: Sequence[str]) -> dict[str, Any]:
    """Return changed fields as columns.

    Raises: TypeError for a field that is not in `allowed`.
    """
    unknown = sorted(set(changes) - set(allowed))
    if unknown:
        raise TypeError(f"these fields cannot be set: {', '.join(unknown)}")
    return {column_of(name): column_value(name, value) for name, value in changes.items()}


def trial_to_row(trial: Trial) -> dict[str, Any]:
    """Return the row of a trial."""
    return to_columns({name: getattr(trial, name) for name in TRIAL_FIELDS}, TRIAL_FIELDS)


def attempt_to_row(attempt: Attempt) -> dict[str, Any]:
    """Return the row of an attempt."""
    return to_columns({name: getattr(attempt, name) for name in ATTEMPT_FIELDS}, ATTEMPT_FIELDS)


def trial_from_row(
    row: Sequence[Any],
    *,
    metrics: Mapping[str, float],
    attempts: int = 0,
    peak_memory_gb: float | None = None,
    rejections: tuple[Rejection, ...] = (),
    seen: bool = False,
) -> Trial:
    """Build a trial from its row (`TRIAL_COLUMNS`) and from values of other tables."""
    values = dict(zip(TRIAL_FIELDS, row, strict=True))
    values["status"] = TrialStatus(values["status"])
    values["role"] = Role(values["role"])
    values["reason"] = None if values["reason"] is None else Reason(values["reason"])
    values["params"] = table_of(parse_json(values["params"]))
    values["values"] = None if values["values"] is None else numbers_of(parse_json(values["values"]))
    values["effective"] = table_of(parse_json(values["effective"]))
    values["final"] = numbers_of(parse_json(values["final"]))
    values["facts"] = table_of(parse_json(values["facts"]))
    values["seen"] = unpack_numbers(values["seen"]) if seen else ()
    if peak_memory_gb is not None:
        values["peak_memory_gb"] = peak_memory_gb
    return Trial(metrics=metrics, attempts=attempts, rejections=rejections, **values)


def attempt_from_row(row: Sequence[Any]) -> Attempt:
    """Build an attempt from its row (`ATTEMPT_COLUMNS`)."""
    values = dict(zip(ATTEMPT_FIELDS, row, strict=True))
    values["state"] = AttemptState(values["state"])
    values["reason"] = None if values["reason"] is None else Reason(values["reason"])
    values["warm"] = bool(values["warm"])
    values["environment"] = table_of(parse_json(values["environment"]))
    return Attempt(**values)
