"""The curves that charts and trends show, kept as arrays; of a curve that grows only the new end is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hptui.core.dataclass import dataclass
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.records import MetricSummary
from hptui.tui.sources.pool import ReaderPool
from hptui.tui.sources.usage import USAGE_METRICS, TrialUsage, read_usage, usage_curve

if TYPE_CHECKING:
    from hptui.tui.charts.series import CurveArrays

MAX_POINTS = 1600
"""Number of points above which a curve is read in this many buckets: more than a terminal has columns of dots."""
TREND_BUCKETS = 6
"""Buckets of a sparkline."""


@dataclass(frozen=True, slots=True)
class CurveKey:
    """A metric of a trial, of all steps or from one step to another."""

    trial: int
    metric: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class CurvesSnapshot:
    """The requested curves that have points."""

    curves: Mapping[CurveKey, CurveArrays]


class CurvesSource:
    """Watches the curves named in `want`, which any thread may set."""

    def __init__(self, sd: StudyDir) -> None:
        self.sd = sd
        self.want: tuple[CurveKey, ...] = ()
        self._latest: CurvesSnapshot | None = None
        self._last_polled: tuple[int, tuple[CurveKey, ...]] = (-1, ())
        self._entries: dict[CurveKey, tuple[int, int, CurveArrays]] = {}

    @property
    def latest(self) -> CurvesSnapshot | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> CurvesSnapshot | None:
        """Return the curves if the request or one of them has changed, else None."""
        want, tick = self.want, pool.tick(self.sd)
        if (tick, want) == self._last_polled:
            return None
        same = want == self._last_polled[1]
        self._last_polled = (tick, want)
        reader = pool.reader(self.sd)
        known: dict[CurveKey, tuple[int, int, CurveArrays]] = {}
        last: dict[int, dict[str, MetricSummary]] = {}
        usages: dict[int, TrialUsage] = {}
        for key in want:
            if key.metric in USAGE_METRICS:
                usage = usages.setdefault(key.trial, read_usage(reader, key.trial))
                if usage.samples:
                    known[key] = _curve_of_usage(reader, key, usage, self._entries.get(key))
                continue
            if key.trial not in last:
                last[key.trial] = reader.metric_summaries(key.trial)
            if (summary := last[key.trial].get(key.metric)) is not None:
                known[key] = _read(reader, key, summary, self._entries.get(key))
        unchanged = same and all(self._entries.get(key) is entry for key, entry in known.items())
        unchanged = unchanged and len(known) == len(self._entries)
        self._entries = known
        if unchanged:
            return None
        self._latest = CurvesSnapshot({key: curve for key, (_, _, curve) in known.items()})
        return self._latest


def _curve_of_usage(
    reader: StoreReader, key: CurveKey, usage: TrialUsage, known: tuple[int, int, CurveArrays] | None
) -> tuple[int, int, CurveArrays]:
    """Return a curve of what a trial used; it is computed again when there is another sample."""
    count = len(usage.samples)
    if known is not None and known[0] == count:
        return known
    return count, 0, usage_curve(reader, key.trial, usage, key.metric)


def _read(
    reader: StoreReader, key: CurveKey, summary: MetricSummary, known: tuple[int, int, CurveArrays] | None
) -> tuple[int, int, CurveArrays]:
    """Read a curve: (points, last step, curve).

    New points are appended to the known curve; a curve that was rewritten is read again.
    """
    from hptui.tui.charts import series

    if known is not None:
        known_count, step, curve = known
        if (known_count, step) == (summary.n, summary.step) or (key.end is not None and key.end <= step):
            return known
        grew = summary.step > step and summary.n > known_count and curve.x.size < 2 * MAX_POINTS
        if grew and key.start is None:
            tail = reader.curve(key.trial, key.metric, after=step)
            if len(tail) == summary.n - known_count:
                return summary.n, summary.step, series.concatenated(curve, series.curve_of_points(tail))
    if summary.n <= MAX_POINTS:
        read_curve = series.curve_of_points(reader.curve(key.trial, key.metric))
    else:
        read_curve = series.curve_of_buckets(
            reader.buckets(key.trial, key.metric, MAX_POINTS, start=key.start, end=key.end)
        )
    return summary.n, summary.step, read_curve


class TrendsSource:
    """Watches one metric of the trials in sight: the means of a few buckets each, for a sparkline."""

    def __init__(self, sd: StudyDir, metric: str) -> None:
        self.sd, self.metric = sd, metric
        self.want: tuple[int, ...] = ()
        self._latest: Mapping[int, tuple[float | None, ...]] | None = None
        self._last_polled: tuple[int, tuple[int, ...]] = (-1, ())
        self._entries: dict[int, tuple[tuple[int, int], tuple[float | None, ...]]] = {}

    @property
    def latest(self) -> Mapping[int, tuple[float | None, ...]] | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> Mapping[int, tuple[float | None, ...]] | None:
        """Return the curves if the request or one of them has changed, else None."""
        want, tick = self.want, pool.tick(self.sd)
        if (tick, want) == self._last_polled:
            return None
        self._last_polled = (tick, want)
        reader = pool.reader(self.sd)
        for number in want:
            summary = reader.metric_summaries(number).get(self.metric)
            if summary is None:
                continue
            position = (summary.n, summary.step)
            if number not in self._entries or self._entries[number][0] != position:
                buckets = reader.buckets(number, self.metric, TREND_BUCKETS)
                self._entries[number] = (position, tuple(bucket.mean for bucket in buckets))
        trends = {number: trend for number, (_, trend) in self._entries.items()}
        if trends == self._latest:
            return None
        self._latest = trends
        return trends
