"""Queries on metrics over steps. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hptui.storage import cells
from hptui.storage.asking import Connection
from hptui.storage.rows import Bucket, MetricSummary

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
        return [(step, cells.join_nonfinite_number(value, odd), seconds) for step, value, odd, seconds in rows]

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
    return MetricSummary(step, cells.join_nonfinite_number(value, odd), *extremes)
