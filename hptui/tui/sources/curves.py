"""Curves under watch: what charts and trends show of trials, kept as arrays, of which only the new end is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from hptui.storage.rows import LastValue
from hptui.tui.sources.pool import Pool

if TYPE_CHECKING:
    from hptui.tui.charts.series import Curve

POINTS = 1600
"""A curve of more points is thinned to so many stretches: more than any terminal has columns of dots."""
TREND = 6


@dataclass(frozen=True, slots=True)
class CurveKey:
    """A metric of a trial, whole or from one step to another."""

    trial: int
    metric: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class CurvesSnapshot:
    """The curves that were asked for, as far as they have points."""

    curves: Mapping[CurveKey, Curve]


class CurvesSource:
    """Watches the curves that are named in `want`, which any thread may set."""

    def __init__(self, sd: StudyDir) -> None:
        self.sd = sd
        self.want: tuple[CurveKey, ...] = ()
        self._latest: CurvesSnapshot | None = None
        self._seen: tuple[int, tuple[CurveKey, ...]] = (-1, ())
        self._known: dict[CurveKey, tuple[int, int, Curve]] = {}

    @property
    def latest(self) -> CurvesSnapshot | None:
        return self._latest

    def poll(self, pool: Pool) -> CurvesSnapshot | None:
        want, tick = self.want, pool.tick(self.sd)
        if (tick, want) == self._seen:
            return None
        same = want == self._seen[1]
        self._seen = (tick, want)
        reader = pool.reader(self.sd)
        known: dict[CurveKey, tuple[int, int, Curve]] = {}
        last: dict[int, dict[str, LastValue]] = {}
        for key in want:
            if key.trial not in last:
                last[key.trial] = reader.last(key.trial)
            if (summary := last[key.trial].get(key.metric)) is not None:
                known[key] = _read(reader, key, summary, self._known.get(key))
        unchanged = same and all(self._known.get(key) is found for key, found in known.items())
        unchanged = unchanged and len(known) == len(self._known)
        self._known = known
        if unchanged:
            return None
        self._latest = CurvesSnapshot({key: curve for key, (_, _, curve) in known.items()})
        return self._latest


def _read(
    reader: Reader, key: CurveKey, summary: LastValue, known: tuple[int, int, Curve] | None
) -> tuple[int, int, Curve]:
    """(points, last step, curve). Points after the known end are appended; a curve that was rewritten is read anew."""
    from hptui.tui.charts import series

    if known is not None:
        count, step, curve = known
        if (count, step) == (summary.n, summary.step) or (key.end is not None and key.end <= step):
            return known
        grew = summary.step > step and summary.n > count and curve.x.size < 2 * POINTS
        if grew and key.start is None:
            tail = reader.curve(key.trial, key.metric, after=step)
            if len(tail) == summary.n - count:
                return summary.n, summary.step, series.joined(curve, series.from_points(tail))
    if summary.n <= POINTS:
        found = series.from_points(reader.curve(key.trial, key.metric))
    else:
        found = series.from_buckets(reader.buckets(key.trial, key.metric, POINTS, start=key.start, end=key.end))
    return summary.n, summary.step, found


class TrendsSource:
    """Watches the shape of one metric of the trials in sight: a few values each, for a sparkline."""

    def __init__(self, sd: StudyDir, metric: str) -> None:
        self.sd, self.metric = sd, metric
        self.want: tuple[int, ...] = ()
        self._latest: Mapping[int, tuple[float | None, ...]] | None = None
        self._seen: tuple[int, tuple[int, ...]] = (-1, ())
        self._known: dict[int, tuple[tuple[int, int], tuple[float | None, ...]]] = {}

    @property
    def latest(self) -> Mapping[int, tuple[float | None, ...]] | None:
        return self._latest

    def poll(self, pool: Pool) -> Mapping[int, tuple[float | None, ...]] | None:
        want, tick = self.want, pool.tick(self.sd)
        if (tick, want) == self._seen:
            return None
        self._seen = (tick, want)
        reader = pool.reader(self.sd)
        for number in want:
            summary = reader.last(number).get(self.metric)
            if summary is None:
                continue
            mark = (summary.n, summary.step)
            if number not in self._known or self._known[number][0] != mark:
                found = reader.buckets(number, self.metric, TREND)
                self._known[number] = (mark, tuple(bucket.mean for bucket in found))
        trends = {number: trend for number, (_, trend) in self._known.items()}
        if trends == self._latest:
            return None
        self._latest = trends
        return trends
