"""Writing metric points and keeping each metric's summary right. Called inside a transaction of the store.

Points beyond a metric's last step are folded into its summary. A batch that reaches back (a resumed attempt writes
steps again) has the summary of that metric counted anew from the points: an overwritten minimum is gone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from math import isfinite
from operator import itemgetter
from typing import Any

from hptui.storage.cells import split_odd, text

Point = tuple[str, int, float | None, str | None, float]
"""(metric, step, value, odd, seconds)"""

NAME_LIMIT = 200

_UPSERT = """INSERT INTO points(trial, metric, step, value, odd, seconds, attempt) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (trial, metric, step) DO UPDATE
    SET value = excluded.value, odd = excluded.odd, seconds = excluded.seconds, attempt = excluded.attempt"""
_SUMMARISE = """INSERT OR REPLACE INTO
    metric_last(trial, metric, step, value, odd, low, low_step, high, high_step, n, nonfinite)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

Summary = list[Any]
"""[step, value, odd, low, low_step, high, high_step, n, nonfinite]"""


def write_points(
    conn: sqlite3.Connection, ids: dict[str, int], trial: int, attempt: int, points: Iterable[Point]
) -> int | None:
    """Write points, the last one of a step winning. Returns their highest step; None when there are none.

    `ids` knows metrics by name and learns new ones: whoever rolls back empties it.
    """
    written: list[tuple[int, int, int, float | None, str | None, float, int]] = []
    for metric, step, value, odd, seconds in points:
        key = ids.get(metric) or _id_of(conn, ids, metric)
        if value is None:
            odd = odd or "nan"
        elif not isfinite(value):
            value, odd = split_odd(value)
        written.append((trial, key, step, value, odd, seconds, attempt))
    if not written:
        return None
    written.sort(key=itemgetter(1, 2))  # stable: a later point of the same step stays later
    conn.executemany(_UPSERT, written)
    summaries = []
    for key, batch in _by_metric(written).items():
        before = _summary(conn, trial, key)
        after = count_anew(conn, trial, key) if before is not None and batch[0][0] <= before[0] else fold(before, batch)
        summaries.append((trial, key, *(after or ())))
    conn.executemany(_SUMMARISE, summaries)
    return max(row[2] for row in written)


def cut(conn: sqlite3.Connection, trial: int, after_step: int | None) -> int | None:
    """Delete a trial's points beyond a step (None: all). Returns the highest step that is left."""
    if after_step is None:
        conn.execute("DELETE FROM points WHERE trial = ?", (trial,))
        conn.execute("DELETE FROM metric_last WHERE trial = ?", (trial,))
        return None
    touched = conn.execute(
        "SELECT metric FROM metric_last WHERE trial = ? AND step > ?", (trial, after_step)
    ).fetchall()
    for (key,) in touched:
        conn.execute("DELETE FROM points WHERE trial = ? AND metric = ? AND step > ?", (trial, key, after_step))
        left = count_anew(conn, trial, key)
        if left is None:
            conn.execute("DELETE FROM metric_last WHERE trial = ? AND metric = ?", (trial, key))
        else:
            conn.execute(_SUMMARISE, (trial, key, *left))
    (step,) = conn.execute("SELECT max(step) FROM metric_last WHERE trial = ?", (trial,)).fetchone()
    return None if step is None else int(step)


def drop(conn: sqlite3.Connection, trial: int, metric: str) -> None:
    """Delete all of a trial's points of one metric."""
    for table in ("points", "metric_last"):
        chosen = "metric = (SELECT id FROM metric_names WHERE name = ?)"
        conn.execute(f"DELETE FROM {table} WHERE trial = ? AND {chosen}", (trial, metric))  # noqa: S608  (our tables)


def fold(before: Sequence[Any] | None, batch: Iterable[tuple[int, float | None, str | None]]) -> Summary:
    """A summary after points (step, value, odd) with ascending steps, all beyond its last step."""
    step, value, odd, low, low_step, high, high_step, n, nonfinite = before or (0, None, None) + (None,) * 4 + (0, 0)
    for step, value, odd in batch:  # noqa: B007 (the last one stays)
        n += 1
        if value is None:
            nonfinite += 1
            continue
        if low is None or value < low:
            low, low_step = value, step
        if high is None or value > high:
            high, high_step = value, step
    return [step, value, odd, low, low_step, high, high_step, n, nonfinite]


def count_anew(conn: sqlite3.Connection, trial: int, key: int) -> Summary | None:
    """A metric's summary from its points; None when there are none."""
    batch = conn.execute(
        "SELECT step, value, odd FROM points WHERE trial = ? AND metric = ? ORDER BY step", (trial, key)
    ).fetchall()
    return fold(None, batch) if batch else None


def _by_metric(written: Iterable[tuple[Any, ...]]) -> dict[int, list[tuple[int, float | None, str | None]]]:
    """Sorted rows as (step, value, odd) per metric, one per step."""
    found: dict[int, list[tuple[int, float | None, str | None]]] = {}
    for _, key, step, value, odd, _, _ in written:
        batch = found.setdefault(key, [])
        if batch and batch[-1][0] == step:
            batch.pop()
        batch.append((step, value, odd))
    return found


def _summary(conn: sqlite3.Connection, trial: int, key: int) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = conn.execute(
        "SELECT step, value, odd, low, low_step, high, high_step, n, nonfinite FROM metric_last "
        "WHERE trial = ? AND metric = ?",
        (trial, key),
    ).fetchone()
    return found


def _id_of(conn: sqlite3.Connection, ids: dict[str, int], metric: str) -> int:
    """The number of a metric, given to it now if it is new."""
    if not ids:
        ids.update(conn.execute("SELECT name, id FROM metric_names").fetchall())
    if metric not in ids:
        if not metric or len(metric) > NAME_LIMIT:
            raise ValueError(f"a metric's name has 1 to {NAME_LIMIT} characters, got {len(metric)}")
        clean = text(metric)
        conn.execute("INSERT OR IGNORE INTO metric_names(name) VALUES (?)", (clean,))
        (ids[metric],) = conn.execute("SELECT id FROM metric_names WHERE name = ?", (clean,)).fetchone()
    return ids[metric]
