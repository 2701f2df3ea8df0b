"""Writing of metric points, and the summary of each metric. Called inside a transaction of the store.

Points beyond a metric's last step are folded into its summary. A batch that reaches back (a resumed attempt repeats
steps) makes the summary be computed again from all points: the old minimum may have been overwritten.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from math import isfinite
from operator import itemgetter
from typing import Any

from hptui.storage.cells import split_nonfinite_number, storable_text

MetricPoint = tuple[str, int, float | None, str | None, float]
"""(metric, step, value, odd, seconds); `odd` is nan, inf or -inf if `value` is None."""

MAX_METRIC_NAME_LENGTH = 200
"""Most characters of a metric's name."""

_UPSERT_POINT = """INSERT INTO points(trial, metric, step, value, odd, seconds, attempt) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (trial, metric, step) DO UPDATE
    SET value = excluded.value, odd = excluded.odd, seconds = excluded.seconds, attempt = excluded.attempt"""
_UPSERT_SUMMARY = """INSERT OR REPLACE INTO
    metric_last(trial, metric, step, value, odd, low, low_step, high, high_step, n, nonfinite)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

SummaryCells = list[Any]
"""[step, value, odd, low, low_step, high, high_step, n, nonfinite]"""


def write_points(
    conn: sqlite3.Connection, ids: dict[str, int], trial: int, attempt: int, points: Iterable[MetricPoint]
) -> int | None:
    """Write points, the last one of a step winning; return their highest step, None if there are none.

    `ids` caches the ids of metrics by name and is extended here: the caller clears it after a rollback.

    Raises: ValueError for an invalid name of a metric.
    """
    written: list[tuple[int, int, int, float | None, str | None, float, int]] = []
    for metric, step, value, odd, seconds in points:
        key = ids.get(metric) or _metric_id(conn, ids, metric)
        if value is None:
            odd = odd or "nan"
        elif not isfinite(value):
            value, odd = split_nonfinite_number(value)
        written.append((trial, key, step, value, odd, seconds, attempt))
    if not written:
        return None
    written.sort(key=itemgetter(1, 2))  # stable: a later point of the same step stays later
    conn.executemany(_UPSERT_POINT, written)
    summaries = []
    for key, batch in _by_metric(written).items():
        old = _summary(conn, trial, key)
        new = (
            recompute_summary(conn, trial, key)
            if old is not None and batch[0][0] <= old[0]
            else extend_summary(old, batch)
        )
        summaries.append((trial, key, *(new or ())))
    conn.executemany(_UPSERT_SUMMARY, summaries)
    return max(row[2] for row in written)


def delete_points_after(conn: sqlite3.Connection, trial: int, after_step: int | None) -> int | None:
    """Delete a trial's points beyond a step (None: all); return the highest remaining step."""
    if after_step is None:
        conn.execute("DELETE FROM points WHERE trial = ?", (trial,))
        conn.execute("DELETE FROM metric_last WHERE trial = ?", (trial,))
        return None
    metrics = conn.execute(
        "SELECT metric FROM metric_last WHERE trial = ? AND step > ?", (trial, after_step)
    ).fetchall()
    for (key,) in metrics:
        conn.execute("DELETE FROM points WHERE trial = ? AND metric = ? AND step > ?", (trial, key, after_step))
        summary = recompute_summary(conn, trial, key)
        if summary is None:
            conn.execute("DELETE FROM metric_last WHERE trial = ? AND metric = ?", (trial, key))
        else:
            conn.execute(_UPSERT_SUMMARY, (trial, key, *summary))
    (step,) = conn.execute("SELECT max(step) FROM metric_last WHERE trial = ?", (trial,)).fetchone()
    return None if step is None else int(step)


def delete_metric_points(conn: sqlite3.Connection, trial: int, metric: str) -> None:
    """Delete all points of one metric of a trial."""
    for table in ("points", "metric_last"):
        condition = "metric = (SELECT id FROM metric_names WHERE name = ?)"
        conn.execute(f"DELETE FROM {table} WHERE trial = ? AND {condition}", (trial, metric))  # noqa: S608  (our tables)


def extend_summary(before: Sequence[Any] | None, batch: Iterable[tuple[int, float | None, str | None]]) -> SummaryCells:
    """Return a summary extended by points (step, value, odd) with ascending steps beyond its last one."""
    step, value, odd, low, low_step, high, high_step, n, nonfinite = before or (0, None, None) + (None,) * 4 + (0, 0)
    for step, value, odd in batch:  # noqa: B007 (the last values are used below)
        n += 1
        if value is None:
            nonfinite += 1
            continue
        if low is None or value < low:
            low, low_step = value, step
        if high is None or value > high:
            high, high_step = value, step
    return [step, value, odd, low, low_step, high, high_step, n, nonfinite]


def recompute_summary(conn: sqlite3.Connection, trial: int, key: int) -> SummaryCells | None:
    """Compute a metric's summary from its points; None if there are none."""
    batch = conn.execute(
        "SELECT step, value, odd FROM points WHERE trial = ? AND metric = ? ORDER BY step", (trial, key)
    ).fetchall()
    return extend_summary(None, batch) if batch else None


def _by_metric(written: Iterable[tuple[Any, ...]]) -> dict[int, list[tuple[int, float | None, str | None]]]:
    """Group sorted rows by metric, as (step, value, odd), one per step."""
    batches: dict[int, list[tuple[int, float | None, str | None]]] = {}
    for _, key, step, value, odd, _, _ in written:
        batch = batches.setdefault(key, [])
        if batch and batch[-1][0] == step:
            batch.pop()
        batch.append((step, value, odd))
    return batches


def _summary(conn: sqlite3.Connection, trial: int, key: int) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = conn.execute(
        "SELECT step, value, odd, low, low_step, high, high_step, n, nonfinite FROM metric_last "
        "WHERE trial = ? AND metric = ?",
        (trial, key),
    ).fetchone()
    return row


def _metric_id(conn: sqlite3.Connection, ids: dict[str, int], metric: str) -> int:
    """Return the id of a metric, creating it if the metric is new."""
    if not ids:
        ids.update(conn.execute("SELECT name, id FROM metric_names").fetchall())
    if metric not in ids:
        if not metric or len(metric) > MAX_METRIC_NAME_LENGTH:
            raise ValueError(f"a metric's name has 1 to {MAX_METRIC_NAME_LENGTH} characters, got {len(metric)}")
        storable = storable_text(metric)
        conn.execute("INSERT OR IGNORE INTO metric_names(name) VALUES (?)", (storable,))
        (ids[metric],) = conn.execute("SELECT id FROM metric_names WHERE name = ?", (storable,)).fetchone()
    return ids[metric]
