"""What can be asked of a store about metrics over steps. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hptui.storage import cells
from hptui.storage.asking import Asking
from hptui.storage.rows import Bucket, LastValue

_SUMMARY = "step, value, odd, low, low_step, high, high_step, n, nonfinite"


class Curves(Asking):
    """The metrics of trials: whole, in short, and thinned for a screen."""

    def metric_names(self, trial: int | None = None) -> list[str]:
        """The metrics that a trial, or any, has reported, in order of appearance."""
        if trial is None:
            found = self._all("SELECT name FROM metric_names WHERE id IN (SELECT metric FROM metric_last) ORDER BY id")
        else:
            found = self._all(
                "SELECT name FROM metric_last JOIN metric_names ON id = metric WHERE trial = ? ORDER BY id", (trial,)
            )
        return [row[0] for row in found]

    def curve(self, trial: int, metric: str, *, after: int | None = None) -> list[tuple[int, float, float]]:
        """The points (step, value, seconds) of a metric by step, NaN and infinities included; those beyond `after`."""
        sql = (
            "SELECT step, value, odd, seconds FROM points "
            "WHERE trial = ? AND metric = (SELECT id FROM metric_names WHERE name = ?)"
        )
        if after is None:
            found = self._all(f"{sql} ORDER BY step", (trial, metric))
        else:
            found = self._all(f"{sql} AND step > ? ORDER BY step", (trial, metric, after))
        return [(step, cells.join_odd(value, odd), seconds) for step, value, odd, seconds in found]

    def buckets(
        self, trial: int, metric: str, count: int, *, start: int | None = None, end: int | None = None
    ) -> list[Bucket]:
        """A curve, or its steps from `start` to `end`, in at most `count` stretches of equal length in steps.

        Peaks survive. Empty stretches are left out.
        """
        where = "WHERE trial = :t AND metric = (SELECT id FROM metric_names WHERE name = :m)"
        args: dict[str, Any] = {"t": trial, "m": metric}
        if start is not None:
            where, args["s"] = f"{where} AND step >= :s", start
        if end is not None:
            where, args["e"] = f"{where} AND step <= :e", end
        with self.snapshot():
            ends = self._one(f"SELECT min(step), max(step) FROM points {where}", args)  # noqa: S608 (all parts are ours)
            if ends is None or ends[0] is None:
                return []
            width = max(1, -(-(ends[1] - ends[0] + 1) // max(1, count)))
            found = self._all(
                "SELECT min(step), max(step), min(value), max(value), avg(value), count(*), max(seconds) "  # noqa: S608
                f"FROM points {where} GROUP BY (step - :a) / :w ORDER BY 1",
                {**args, "a": ends[0], "w": width},
            )
        return [Bucket(*row) for row in found]

    def last(self, trial: int) -> dict[str, LastValue]:
        """Every metric of a trial in short."""
        sql = f"SELECT name, {_SUMMARY} FROM metric_last JOIN metric_names ON id = metric WHERE trial = ? ORDER BY id"  # noqa: S608
        return {row[0]: summary_of(row[1:]) for row in self._all(sql, (trial,))}

    def summaries(self, metric: str) -> dict[int, LastValue]:
        """One metric in short, of every trial that reported it."""
        sql = (
            f"SELECT trial, {_SUMMARY} FROM metric_last "  # noqa: S608 (all parts are ours)
            "WHERE metric = (SELECT id FROM metric_names WHERE name = ?) ORDER BY trial"
        )
        return {row[0]: summary_of(row[1:]) for row in self._all(sql, (metric,))}

    def _metric_names(self) -> dict[int, str]:
        return dict(self._all("SELECT id, name FROM metric_names"))


def summary_of(row: Sequence[Any]) -> LastValue:
    """A row of `metric_last` without its key."""
    step, value, odd, *rest = row
    return LastValue(step, cells.join_odd(value, odd), *rest)
