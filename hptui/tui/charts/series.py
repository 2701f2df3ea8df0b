"""A metric of a trial as arrays: as recorded or in buckets, smoothed, over a chosen axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hptui.core.dataclass import dataclass
from hptui.core.steps import axis_positions
from hptui.store.records import Bucket
from hptui.tui.charts.raster import Floats, SeriesLine

MIN_WEIGHT = 1e-30
"""Lower bound of the weight that an earlier value keeps, so that its logarithm is finite."""
MAX_LOG_RANGE = 400.0
"""Powers of e between the largest and the smallest factor of one sum; more would leave the range of a float."""
MIN_POINTS_PER_RESTART = 40
"""Points between two restarts, on average, below which the vectorized sums do not pay off."""


@dataclass(frozen=True, slots=True, eq=False)
class CurveArrays:
    """A metric of a trial by step. Of each bucket of points: its extremes, mean, number, and seconds of training.

    A bucket of a short curve is a single point. Values that are no numbers are NaN. Shape: all arrays are (buckets,).
    """

    x: Floats
    low: Floats
    high: Floats
    mean: Floats
    count: Floats
    seconds: Floats

    @property
    def last(self) -> int | None:
        """The last step; None of an empty curve."""
        return int(self.x[-1]) if self.x.size else None


def curve_of_points(points: Sequence[tuple[int, float, float]]) -> CurveArrays:
    """Return a curve of single points (step, value, seconds)."""
    array = np.array(points, dtype=np.float64).reshape(-1, 3)
    value = np.where(np.isfinite(array[:, 1]), array[:, 1], np.nan)
    x = np.array(axis_positions([step for step, _, _ in points]), dtype=np.float64)
    return CurveArrays(x, value, value, value, np.ones(len(array)), array[:, 2])


def curve_of_buckets(buckets: Iterable[Bucket]) -> CurveArrays:
    """Return a curve of buckets, each placed at its last step."""
    rows = [(bucket.last, bucket.low, bucket.high, bucket.mean, bucket.n, bucket.seconds) for bucket in buckets]
    array = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return CurveArrays(array[:, 0], array[:, 1], array[:, 2], array[:, 3], array[:, 4], array[:, 5])


def concatenated(first: CurveArrays, second: CurveArrays) -> CurveArrays:
    """Return the curve of the points of `one` and then of `other`."""
    low = np.concatenate((first.low, second.low))
    same = first.low is first.high and second.low is second.high
    high = low if same else np.concatenate((first.high, second.high))
    mean = low if same else np.concatenate((first.mean, second.mean))
    return CurveArrays(
        np.concatenate((first.x, second.x)),
        low,
        high,
        mean,
        np.concatenate((first.count, second.count)),
        np.concatenate((first.seconds, second.seconds)),
    )


def moving_average(curve: CurveArrays, weight: float) -> Floats:
    """Return the exponential moving average of a curve's means, corrected for its start; NaN stays a gap.

    `weight`, 0 to below 1, is that of a single point: a bucket of n points counts n times.
    """
    if weight <= 0 or curve.x.size == 0:
        return curve.mean
    finite = np.isfinite(curve.mean)
    kept = np.where(finite, np.maximum(np.power(weight, curve.count), MIN_WEIGHT), 1.0)
    decay = -np.cumsum(np.log(kept))
    value = np.where(finite, curve.mean, 0.0)
    vectorized = decay[-1] * MIN_POINTS_PER_RESTART < MAX_LOG_RANGE * kept.size
    averages = _averages_at_once(value, kept, decay) if vectorized else _averages(value, kept)
    return np.where(finite, averages, np.nan)


def _averages(value: Floats, keep: Floats) -> Floats:
    """Return the moving average by its recurrence."""
    averages = np.empty_like(value)
    average = total = 0.0
    for index, (current, weight) in enumerate(zip(value.tolist(), keep.tolist(), strict=True)):
        average = average * weight + current * (1 - weight)
        total = total * weight + (1 - weight)
        averages[index] = average / total if total else 0.0
    return averages


def _averages_at_once(value: Floats, keep: Floats, decay: Floats) -> Floats:
    """Return the same averages from vectorized sums: each value is divided by the weight it will lose.

    Between two restarts the quotients stay in the range of a float.
    """
    gain, averages = 1.0 - keep, np.zeros_like(value)
    average = total = offset = 0.0
    start = 0
    while start < averages.size:
        end = max(start + 1, int(np.searchsorted(decay, offset + MAX_LOG_RANGE)))
        factors = np.exp(offset - decay[start:end])
        parts = gain[start:end] / factors
        weighted = factors * (average + np.cumsum(value[start:end] * parts))
        totals = factors * (total + np.cumsum(parts))
        np.divide(weighted, totals, out=averages[start:end], where=totals > 0)
        average, total, offset, start = weighted[-1], totals[-1], float(decay[end - 1]), end
    return averages


def x_on_axis(curve: CurveArrays, axis: str, companion: CurveArrays | None) -> Floats | None:
    """Return the x of a curve's points on an axis; None if no metric gives that axis."""
    if axis == "step":
        return curve.x
    if axis == "time":
        return np.maximum.accumulate(np.nan_to_num(curve.seconds))
    if companion is None or companion.x.size == 0:
        return None
    return np.maximum.accumulate(np.interp(curve.x, companion.x, np.nan_to_num(companion.mean)))


def line_of_curve(
    curve: CurveArrays,
    axis: str = "step",
    companion: CurveArrays | None = None,
    weight: float = 0.0,
    dotted: bool = False,
) -> SeriesLine | None:
    """Return the line to draw of a curve: its extremes, or its moving average if `weight` is positive."""
    x = x_on_axis(curve, axis, companion)
    if x is None:
        return None
    if weight > 0:
        average = moving_average(curve, weight)
        return SeriesLine(x, average, average, dotted)
    return SeriesLine(x, curve.low, curve.high, dotted)
