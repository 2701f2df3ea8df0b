"""Metrics over steps: queries, writing of points, and the summary of each metric.

Writing takes place inside a transaction of the store. Points beyond a metric's last step are folded into its summary. A
batch that reaches back (a resumed attempt repeats steps) makes the summary be computed again from all points."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from math import isfinite
from operator import itemgetter
from typing import Any

from hptui.store import records
from hptui.store.connection import Connection
from hptui.store.records import Bucket, MetricSummary, split_nonfinite_number, storable_text

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


_SUMMARY = "step, value, odd, low, low_step, high, high_step, n, nonfinite"


class MetricQueries(Connection):
    """Metrics of trials: all points, summaries, and curves thinned for a display."""

    def metric_names(self, trial: int | None = None) -> list[str]:
        """Return the names of metrics that a trial, or any, has reported, in order of appearance."""
        if trial is None:
            rows = self._rows("SELECT name FROM metric_names WHERE id IN (SELECT metric FROM metric_last) ORDER BY id")
        else:
            rows = self._rows(
                "SELECT name FROM metric_last JOIN metric_names ON id = metric WHERE trial = ? ORDER BY id", (trial,)
            )
        return [row[0] for row in rows]

    def curve(self, trial: int, metric: str, *, after: int | None = None) -> list[tuple[int, float, float]]:
        """Return the points (step, value, seconds) of a metric, by step.

        NaN and infinities are included; with `after`, only points of later steps.
        """
        sql = (
            "SELECT step, value, odd, seconds FROM points "
            "WHERE trial = ? AND metric = (SELECT id FROM metric_names WHERE name = ?)"
        )
        if after is None:
            rows = self._rows(f"{sql} ORDER BY step", (trial, metric))
        else:
            rows = self._rows(f"{sql} AND step > ? ORDER BY step", (trial, metric, after))
        return [(step, records.join_nonfinite_number(value, odd), seconds) for step, value, odd, seconds in rows]

    def buckets(
        self, trial: int, metric: str, count: int, *, start: int | None = None, end: int | None = None
    ) -> list[Bucket]:
        """Return a curve in at most `count` buckets of equal numbers of steps.

        With `start` and `end`, only those steps. Each bucket keeps its extremes. Empty buckets are left out.
        """
        where = "WHERE trial = :t AND metric = (SELECT id FROM metric_names WHERE name = :m)"
        args: dict[str, Any] = {"t": trial, "m": metric}
        if start is not None:
            where, args["s"] = f"{where} AND step >= :s", start
        if end is not None:
            where, args["e"] = f"{where} AND step <= :e", end
        with self.snapshot():
            bounds = self._row(f"SELECT min(step), max(step) FROM points {where}", args)  # noqa: S608 (all parts are ours)
            if bounds is None or bounds[0] is None:
                return []
            width = max(1, -(-(bounds[1] - bounds[0] + 1) // max(1, count)))
            rows = self._rows(
                "SELECT min(step), max(step), min(value), max(value), avg(value), count(*), max(seconds) "  # noqa: S608
                f"FROM points {where} GROUP BY (step - :a) / :w ORDER BY 1",
                {**args, "a": bounds[0], "w": width},
            )
        return [Bucket(*row) for row in rows]

    def metric_summaries(self, trial: int) -> dict[str, MetricSummary]:
        """Return the summary of each metric of a trial."""
        sql = f"SELECT name, {_SUMMARY} FROM metric_last JOIN metric_names ON id = metric WHERE trial = ? ORDER BY id"  # noqa: S608
        return {row[0]: summary_from_row(row[1:]) for row in self._rows(sql, (trial,))}

    def summaries_of_metric(self, metric: str) -> dict[int, MetricSummary]:
        """Return the summary of one metric for each trial that reported it, by trial."""
        sql = (
            f"SELECT trial, {_SUMMARY} FROM metric_last "  # noqa: S608 (all parts are ours)
            "WHERE metric = (SELECT id FROM metric_names WHERE name = ?) ORDER BY trial"
        )
        return {row[0]: summary_from_row(row[1:]) for row in self._rows(sql, (metric,))}

    def _metric_names(self) -> dict[int, str]:
        return dict(self._rows("SELECT id, name FROM metric_names"))


def summary_from_row(row: Sequence[Any]) -> MetricSummary:
    """Build a summary from a row of `metric_last` without its key."""
    step, value, odd, *extremes = row
    return MetricSummary(step, records.join_nonfinite_number(value, odd), *extremes)
