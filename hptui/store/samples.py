"""What attempts used, moment by moment: rows of the table `samples`."""

from __future__ import annotations

from hptui.store import records
from hptui.store.connection import Connection
from hptui.store.records import Sample

N_FIELDS_WITHOUT_POWER = 4
"""Number of `SAMPLE_FIELDS` in a store of an earlier format."""


def columns(connection: Connection) -> tuple[str, ...]:
    """Return the columns of usage that a store has."""
    has_power = connection.format >= records.FORMAT_WITH_POWER
    return records.SAMPLE_FIELDS if has_power else records.SAMPLE_FIELDS[:N_FIELDS_WITHOUT_POWER]


def read(connection: Connection, token: str, after: float = 0.0) -> list[Sample]:
    """Return the samples of an attempt, by time."""
    sql = f"SELECT token, at, {', '.join(columns(connection))} FROM samples WHERE token = ? AND at > ? ORDER BY at"  # noqa: S608
    return [Sample(*row) for row in connection.rows(sql, (token, after))]


def measured_fields(connection: Connection, count: int) -> frozenset[str]:
    """Return which columns of usage have a value in any of the first `count` samples."""
    names = columns(connection)
    counts = ", ".join(f"count({name})" for name in names)
    row = connection.row(f"SELECT {counts} FROM (SELECT * FROM samples LIMIT ?)", (count,))  # noqa: S608
    return frozenset(name for name, number in zip(names, row or (), strict=False) if number)
