"""A metric of a trial as arrays: what was recorded, thinned where there is much of it, smoothed, over another axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hptui.storage.rows import Bucket
from hptui.tui.charts.raster import Floats, Line

NOTHING = 1e-30
"""What is left of a value when it counts for nothing, also after a spike."""
RANGE = 400.0
"""Powers of e between the largest and the smallest factor of one sum."""
SHORT = 40
"""Sums of fewer points are not worth their trouble."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A metric of a trial by step: extremes, mean and number of points of each stretch, and its seconds of training.

    A stretch of a short curve is one point. Values that are no numbers are NaN.
    """

    x: Floats
    low: Floats
    high: Floats
    mean: Floats
    count: Floats
    seconds: Floats

    @property
    def last(self) -> int | None:
        """The last step."""
        return int(self.x[-1]) if self.x.size else None


def from_points(points: Sequence[tuple[int, float, float]]) -> Curve:
    """A curve of single points (step, value, seconds)."""
    array = np.array(points, dtype=np.float64).reshape(-1, 3)
    value = np.where(np.isfinite(array[:, 1]), array[:, 1], np.nan)
    return Curve(array[:, 0], value, value, value, np.ones(len(array)), array[:, 2])


def from_buckets(buckets: Iterable[Bucket]) -> Curve:
    """A curve of stretches, each standing at its last step."""
    rows = [(b.last, b.low, b.high, b.mean, b.n, b.seconds) for b in buckets]
    array = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return Curve(array[:, 0], array[:, 1], array[:, 2], array[:, 3], array[:, 4], array[:, 5])


def joined(one: Curve, other: Curve) -> Curve:
    """`other` after `one`."""
    low = np.concatenate((one.low, other.low))
    same = one.low is one.high and other.low is other.high
    high = low if same else np.concatenate((one.high, other.high))
    mean = low if same else np.concatenate((one.mean, other.mean))
    return Curve(
        np.concatenate((one.x, other.x)),
        low,
        high,
        mean,
        np.concatenate((one.count, other.count)),
        np.concatenate((one.seconds, other.seconds)),
    )


def smoothed(curve: Curve, weight: float) -> Floats:
    """The exponential moving average of a curve's means, corrected for its start; NaN stays a gap.

    `weight` belongs to one point: a stretch of several counts as so many.
    """
    if weight <= 0 or curve.x.size == 0:
        return curve.mean
    known = np.isfinite(curve.mean)
    keep = np.where(known, np.maximum(np.power(weight, curve.count), NOTHING), 1.0)
    faded = -np.cumsum(np.log(keep))
    value = np.where(known, curve.mean, 0.0)
    at_once = faded[-1] * SHORT < RANGE * keep.size
    out = _averages_at_once(value, keep, faded) if at_once else _averages(value, keep)
    return np.where(known, out, np.nan)


def _averages(value: Floats, keep: Floats) -> Floats:
    """The moving average, as it is defined."""
    out = np.empty_like(value)
    average = total = 0.0
    for index, (v, w) in enumerate(zip(value.tolist(), keep.tolist(), strict=True)):
        average = average * w + v * (1 - w)
        total = total * w + (1 - w)
        out[index] = average / total if total else 0.0
    return out


def _averages_at_once(value: Floats, keep: Floats, faded: Floats) -> Floats:
    """The same as sums of what fades: each value is divided by what will fade it, the sum multiplied by it.

    Between two restarts the quotients stay in the range of a float.
    """
    gain, out = 1.0 - keep, np.zeros_like(value)
    average = total = begun = 0.0
    start = 0
    while start < out.size:
        end = max(start + 1, int(np.searchsorted(faded, begun + RANGE)))
        fade = np.exp(begun - faded[start:end])
        parts = gain[start:end] / fade
        averages = fade * (average + np.cumsum(value[start:end] * parts))
        totals = fade * (total + np.cumsum(parts))
        np.divide(averages, totals, out=out[start:end], where=totals > 0)
        average, total, begun, start = averages[-1], totals[-1], float(faded[end - 1]), end
    return out


def axis_of(curve: Curve, axis: str, companion: Curve | None) -> Floats | None:
    """Where the points of a curve lie on an axis; None where nothing tells."""
    if axis == "step":
        return curve.x
    if axis == "time":
        return np.maximum.accumulate(np.nan_to_num(curve.seconds))
    if companion is None or companion.x.size == 0:
        return None
    return np.maximum.accumulate(np.interp(curve.x, companion.x, np.nan_to_num(companion.mean)))


def line_of(
    curve: Curve, axis: str = "step", companion: Curve | None = None, weight: float = 0.0, dotted: bool = False
) -> Line | None:
    """What to draw of a curve: its extremes, or its moving average."""
    x = axis_of(curve, axis, companion)
    if x is None:
        return None
    if weight > 0:
        average = smoothed(curve, weight)
        return Line(x, average, average, dotted)
    return Line(x, curve.low, curve.high, dotted)
