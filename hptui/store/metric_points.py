"""SQL on metrics over steps: queries, writing of points, and the summary of each metric. Standard library only.

Writing takes place inside a transaction of the connection. Points beyond a metric's last step are folded into its
summary. A batch that reaches back (a resumed attempt repeats steps) makes the summary be computed again from all
points.

The first value that an attempt reports at a step is in `points`; further ones at the same step are in
`repeated_points`, numbered by `sub` from 1. A later attempt that reports a step replaces all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from operator import itemgetter
from typing import Any

from hptui.store import records
from hptui.store.connection import Connection
from hptui.store.records import Bucket, MetricSummary, split_nonfinite_number, storable_text

MetricPoint = tuple[str, int, float | None, str | None, float] | tuple[str, int, float | None, str | None, float, int]
"""(metric, step, value, odd, seconds[, sub]); `odd` is nan, inf or -inf if `value` is None. `sub` counts from 0 the
values of one attempt at one step."""

MAX_METRIC_NAME_LENGTH = 200
"""Most characters of a metric's name."""

_UPSERT_POINT = """INSERT INTO points(trial, metric, step, value, odd, seconds, attempt) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (trial, metric, step) DO UPDATE
    SET value = excluded.value, odd = excluded.odd, seconds = excluded.seconds, attempt = excluded.attempt"""
_REPLACE_REPEATED = """INSERT OR REPLACE INTO
    repeated_points(trial, metric, step, value, odd, seconds, attempt, sub) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_DELETE_REPEATED = "DELETE FROM repeated_points WHERE trial = ? AND metric = ? AND step = ? AND attempt <> ?"
FORMAT_WITH_REPEATED_POINTS = 3
"""First format of the tables that has `repeated_points`."""
_SUMMARY = "step, value, odd, low, low_step, high, high_step, n, nonfinite"
_UPSERT_SUMMARY = """INSERT OR REPLACE INTO
    metric_last(trial, metric, step, value, odd, low, low_step, high, high_step, n, nonfinite)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

SummaryCells = list[Any]
"""[step, value, odd, low, low_step, high, high_step, n, nonfinite]"""


def write_points(connection: Connection, trial: int, attempt: int, points: Iterable[MetricPoint]) -> int | None:
    """Write points; return their highest step, None if there are none.

    The last one of a step and sub-step wins.

    Raises: ValueError for an invalid name of a metric.
    """
    ids = connection.metric_ids
    first: list[WrittenPoint] = []
    repeated: list[WrittenPoint] = []
    for point in points:
        metric, step, value, odd, seconds = point[:5]
        key = ids.get(metric) or _metric_id(connection, metric)
        if value is None:
            odd = odd or "nan"
        elif not isfinite(value):
            value, odd = split_nonfinite_number(value)
        sub = point[5] if len(point) == 6 else 0
        (repeated if sub else first).append((trial, key, step, value, odd, seconds, attempt, sub))
    written = [*first, *repeated]
    if not written:
        return None
    written.sort(key=_PLACE)  # stable: a later point of the same place stays later
    if first and _has_repeated_points(connection, trial):
        replaced = {(trial, row[1], row[2], attempt) for row in first}
        connection.execute_many(_DELETE_REPEATED, sorted(replaced))
    batches = _by_metric(written)
    appended = {key: _is_appended(connection, trial, key, batch[0]) for key, batch in batches.items()}
    connection.execute_many(_UPSERT_POINT, [row[:7] for row in sorted(first, key=_PLACE)])
    connection.execute_many(_REPLACE_REPEATED, repeated)
    summaries = []
    for key, batch in batches.items():
        old = _summary(connection, trial, key)
        new = (
            recompute_summary(connection, trial, key)
            if old is not None and batch[0][0] <= old[0] and not appended[key]
            else extend_summary(old, (row[:3] for row in batch))
        )
        summaries.append((trial, key, *(new or ())))
    connection.execute_many(_UPSERT_SUMMARY, summaries)
    return max(row[2] for row in written)


WrittenPoint = tuple[int, int, int, float | None, str | None, float, int, int]
"""(trial, metric's id, step, value, odd, seconds, attempt, sub)"""
_PLACE = itemgetter(1, 2, 7)


def _is_appended(connection: Connection, trial: int, key: int, first: tuple[Any, ...]) -> bool:
    """Return whether a batch begins with a new further value at the metric's last step."""
    step, sub = first[0], first[3]
    if not sub:
        return False
    (last_step,) = connection.row("SELECT max(step) FROM metric_last WHERE trial = ? AND metric = ?", (trial, key))
    (last_sub,) = connection.row(
        "SELECT coalesce(max(sub), 0) FROM repeated_points WHERE trial = ? AND metric = ? AND step = ?",
        (trial, key, step),
    )
    return bool(step == last_step and sub > last_sub)


def _has_repeated_points(connection: Connection, trial: int, key: int | None = None) -> bool:
    """Return whether a trial, or one metric of it, has further values at a step."""
    if connection.format < FORMAT_WITH_REPEATED_POINTS:
        return False
    condition, args = ("", (trial,)) if key is None else (" AND metric = ?", (trial, key))
    sql = f"SELECT EXISTS(SELECT 1 FROM repeated_points WHERE trial = ?{condition})"  # noqa: S608 (all parts are ours)
    return bool(connection.row(sql, args)[0])


def _points_of(connection: Connection, trial: int, key: int) -> tuple[str, str]:
    """Return the table of all points of a metric, as it stands in FROM, and their order, as in ORDER BY."""
    columns, of_metric = "step, value, odd, seconds", f"WHERE trial = {int(trial)} AND metric = {int(key)}"
    first = f"SELECT {columns}, 0 AS sub FROM points {of_metric}"  # noqa: S608 (all parts are ours, or integers)
    if not _has_repeated_points(connection, trial, key):
        return f"({first})", "step"
    union = f"({first} UNION ALL SELECT {columns}, sub FROM repeated_points {of_metric})"  # noqa: S608
    return union, "step, sub"


def delete_points_after(connection: Connection, trial: int, after_step: int | None) -> int | None:
    """Delete a trial's points beyond a step (None: all); return the highest remaining step."""
    if after_step is None:
        for table in ("points", "repeated_points", "metric_last"):
            connection.execute(f"DELETE FROM {table} WHERE trial = ?", (trial,))  # noqa: S608  (our tables)
        return None
    metrics = connection.rows("SELECT metric FROM metric_last WHERE trial = ? AND step > ?", (trial, after_step))
    for (key,) in metrics:
        for table in ("points", "repeated_points"):
            condition = "trial = ? AND metric = ? AND step > ?"
            connection.execute(f"DELETE FROM {table} WHERE {condition}", (trial, key, after_step))  # noqa: S608
        _renew_summary(connection, trial, key)
    (step,) = connection.row("SELECT max(step) FROM metric_last WHERE trial = ?", (trial,))
    return None if step is None else int(step)


def delete_metric_points(connection: Connection, trial: int, metric: str, attempt: int) -> None:
    """Delete the points of one metric that one attempt of a trial has reported."""
    key = _known_id(connection, metric)
    for table in ("points", "repeated_points"):
        condition = "trial = ? AND metric = ? AND attempt = ?"
        connection.execute(f"DELETE FROM {table} WHERE {condition}", (trial, key, attempt))  # noqa: S608  (our tables)
    _renew_summary(connection, trial, key)


def _renew_summary(connection: Connection, trial: int, key: int | None) -> None:
    summary = None if key is None else recompute_summary(connection, trial, key)
    if summary is None:
        connection.execute("DELETE FROM metric_last WHERE trial = ? AND metric = ?", (trial, key))
    else:
        connection.execute(_UPSERT_SUMMARY, (trial, key, *summary))


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


def recompute_summary(connection: Connection, trial: int, key: int) -> SummaryCells | None:
    """Compute a metric's summary from its points; None if there are none."""
    points, order = _points_of(connection, trial, key)
    batch = connection.rows(f"SELECT step, value, odd FROM {points} ORDER BY {order}")  # noqa: S608 (all parts are ours)
    return extend_summary(None, batch) if batch else None


def _by_metric(written: Iterable[WrittenPoint]) -> dict[int, list[tuple[int, float | None, str | None, int]]]:
    """Group sorted rows by metric, as (step, value, odd, sub), one per place."""
    batches: dict[int, list[tuple[int, float | None, str | None, int]]] = {}
    for _, key, step, value, odd, _, _, sub in written:
        batch = batches.setdefault(key, [])
        if batch and (batch[-1][0], batch[-1][3]) == (step, sub):
            batch.pop()
        batch.append((step, value, odd, sub))
    return batches


def _summary(connection: Connection, trial: int, key: int) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = connection.row(
        f"SELECT {_SUMMARY} FROM metric_last WHERE trial = ? AND metric = ?",  # noqa: S608 (all parts are ours)
        (trial, key),
    )
    return row


def _metric_id(connection: Connection, metric: str) -> int:
    """Return the id of a metric, creating it if the metric is new."""
    ids = connection.metric_ids
    if not ids:
        ids.update(connection.rows("SELECT name, id FROM metric_names"))
    if metric not in ids:
        if not metric or len(metric) > MAX_METRIC_NAME_LENGTH:
            raise ValueError(f"a metric's name has 1 to {MAX_METRIC_NAME_LENGTH} characters, got {len(metric)}")
        storable = storable_text(metric)
        connection.execute("INSERT OR IGNORE INTO metric_names(name) VALUES (?)", (storable,))
        (ids[metric],) = connection.row("SELECT id FROM metric_names WHERE name = ?", (storable,))
    return ids[metric]


# queries ------------------------------------------------------------------------------------------------------------


def metric_names(connection: Connection, trial: int | None = None) -> list[str]:
    """Return the names of metrics that a trial, or any, has reported, in order of appearance."""
    if trial is None:
        rows = connection.rows("SELECT name FROM metric_names WHERE id IN (SELECT metric FROM metric_last) ORDER BY id")
    else:
        rows = connection.rows(
            "SELECT name FROM metric_last JOIN metric_names ON id = metric WHERE trial = ? ORDER BY id", (trial,)
        )
    return [row[0] for row in rows]


def curve(
    connection: Connection, trial: int, metric: str, *, after: int | None = None
) -> list[tuple[int, float, float]]:
    """Return the points (step, value, seconds) of a metric, by step; several of one step in their order.

    NaN and infinities are included; with `after`, only points of later steps.
    """
    key = _known_id(connection, metric)
    if key is None:
        return []
    points, order = _points_of(connection, trial, key)
    where, args = ("", ()) if after is None else ("WHERE step > ?", (after,))
    rows = connection.rows(f"SELECT step, value, odd, seconds FROM {points} {where} ORDER BY {order}", args)  # noqa: S608
    join = records.join_nonfinite_number
    return [(step, join(None, odd) if value is None else value, seconds) for step, value, odd, seconds in rows]


def buckets(
    connection: Connection, trial: int, metric: str, count: int, *, start: int | None = None, end: int | None = None
) -> list[Bucket]:
    """Return a curve in at most `count` buckets of equal numbers of steps.

    With `start` and `end`, only those steps. Each bucket keeps its extremes. Empty buckets are left out.
    """
    key = _known_id(connection, metric)
    if key is None:
        return []
    (points, _), where, args = _points_of(connection, trial, key), "WHERE 1", dict[str, Any]()
    if start is not None:
        where, args["s"] = f"{where} AND step >= :s", start
    if end is not None:
        where, args["e"] = f"{where} AND step <= :e", end
    with connection.snapshot():
        bounds = connection.row(f"SELECT min(step), max(step) FROM {points} {where}", args)  # noqa: S608 (all parts are ours)
        if bounds is None or bounds[0] is None:
            return []
        width = max(1, -(-(bounds[1] - bounds[0] + 1) // max(1, count)))
        rows = connection.rows(
            "SELECT min(step), max(step), min(value), max(value), avg(value), count(*), max(seconds) "  # noqa: S608
            f"FROM {points} {where} GROUP BY (step - :a) / :w ORDER BY 1",
            {**args, "a": bounds[0], "w": width},
        )
    return [Bucket(*row) for row in rows]


def _known_id(connection: Connection, metric: str) -> int | None:
    row = connection.row("SELECT id FROM metric_names WHERE name = ?", (metric,))
    return None if row is None else int(row[0])


def metric_summaries(connection: Connection, trial: int) -> dict[str, MetricSummary]:
    """Return the summary of each metric of a trial."""
    sql = f"SELECT name, {_SUMMARY} FROM metric_last JOIN metric_names ON id = metric WHERE trial = ? ORDER BY id"  # noqa: S608
    return {row[0]: summary_from_row(row[1:]) for row in connection.rows(sql, (trial,))}


def summaries_of_metric(connection: Connection, metric: str) -> dict[int, MetricSummary]:
    """Return the summary of one metric for each trial that reported it, by trial."""
    sql = (
        f"SELECT trial, {_SUMMARY} FROM metric_last "  # noqa: S608 (all parts are ours)
        "WHERE metric = (SELECT id FROM metric_names WHERE name = ?) ORDER BY trial"
    )
    return {row[0]: summary_from_row(row[1:]) for row in connection.rows(sql, (metric,))}


def names_by_id(connection: Connection) -> dict[int, str]:
    """Return the names of all metrics by their ids."""
    return dict(connection.rows("SELECT id, name FROM metric_names"))


def summary_from_row(row: Sequence[Any]) -> MetricSummary:
    """Build a summary from a row of `metric_last` without its key."""
    step, value, odd, *extremes = row
    return MetricSummary(step, records.join_nonfinite_number(value, odd), *extremes)
