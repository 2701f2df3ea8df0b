"""What a curve shows beyond its scatter: a turn, a late gain, a level, no movement. Python alone: screens call it.

Values are turned so that lower is better; points that are not finite are left out before. The scatter of a point around
its neighbours is taken from second differences, which a trend hardly enters; a short curve has too few of its own, so
that of all comparable curves of the study is used.

Source: isotonic regression by pool adjacent violators, R. E. Barlow et al., 1972; Student's quantile, G. W. Hill,
Communications of the ACM 13 (1970).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from statistics import NormalDist, fmean, median

from hptui.core.dataclass import dataclass

LONG_CURVE = 20
"""Points from which a curve has a scatter of its own."""
MIN_DIFFERENCES = 20
"""Second differences that a pooled scatter needs."""
BINS = 24
"""A longer curve is compared by the means of as many equal bins."""
TURN_LEVEL = 0.003
"""Probability of calling a turn in a short curve that does not turn, over all of its points."""
TURN_LIMITS = ((20, 36.0), (40, 28.0), (100, 23.0), (300, 21.0))
"""Least F of a turn by number of points; linear in log n between, the last one beyond."""
LATE_ERRORS, TRAIN_ERRORS, LEVEL_ERRORS = 4.5, 4.0, 3.0
"""Standard errors for a late gain, for a training metric that fell, and for the upper bound of a gain.

The first two are this large since neighbouring evaluations are correlated, which second differences do not see.
"""
LEVEL_SHARE = 0.01
"""A curve is level if its late gain is below this share of the whole gain."""
MIN_FOR_WINDOWS = 12
"""Points from which sixths of a curve are compared."""
LEARNED_ERRORS, UNLEARNED_ERRORS = 5.0, 2.0
"""Standard errors of a gain from which a trial has learned something, and below which it has not."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """The standard deviation of a point around its neighbours, from `df` second differences."""

    deviation: float
    df: int


def second_differences(values: Sequence[float]) -> list[float]:
    """Return the absolute second differences of a curve, the last two thirds of them."""
    matches = second_differences_of_all(values)
    return matches[len(matches) // 3 :]


def scatter_of(differences: Sequence[float]) -> Scatter | None:
    """Return the scatter by second differences; None if all are 0, or there are too few."""
    if len(differences) < MIN_DIFFERENCES:
        return None
    # 1.4826 turns a median absolute deviation of normal noise into a standard deviation; a second difference has the
    # variance 1 + 4 + 1 = 6 times that of a point.
    deviation = 1.4826 * median(differences) / math.sqrt(6)
    return Scatter(deviation, len(differences)) if deviation > 0 else None


def pooled_scatter(curves: Iterable[Sequence[float]]) -> Scatter | None:
    """Return the scatter of all curves together."""
    return scatter_of([difference for values in curves for difference in second_differences(values)])


def scatter_for(values: Sequence[float], pool: Scatter | None) -> Scatter | None:
    """Return a curve's own scatter if it is long enough, else the pooled one."""
    if len(values) >= LONG_CURVE:
        differences = second_differences(values)
        return scatter_of(differences) if len(differences) >= MIN_DIFFERENCES else _own(differences)
    return pool


def _own(differences: Sequence[float]) -> Scatter | None:
    deviation = 1.4826 * median(differences) / math.sqrt(6)
    return Scatter(deviation, len(differences)) if deviation > 0 else None


def student_quantile(p: float, df: float) -> float:
    """Return a quantile of Student's distribution, exact to three digits from 10 degrees of freedom on."""
    z = NormalDist().inv_cdf(p)
    return (
        z
        + (z**3 + z) / (4 * df)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * df**3)
    )


@dataclass(frozen=True, slots=True)
class Turn:
    """A curve that fell and then rose: index of its lowest point, its lowest value and its value at the end.

    Of a long curve the last value is the mean of the last `averaged` points. `statistic` exceeded `needed`.
    `of_one_point`: no other point after the lowest one is as clearly above it, so that the turn may be an outlier.
    """

    index: int
    lowest: float
    last: float
    statistic: float
    needed: float
    averaged: int = 1
    of_one_point: bool = False


def turn_of(values: Sequence[float], pool: Scatter | None) -> Turn | None:
    """Return the turn of a curve; None if it shows none beyond its scatter."""
    n = len(values)
    return _long_turn(values) if n >= LONG_CURVE else _short_turn(values, pool) if n >= 3 else None


def _short_turn(values: Sequence[float], pool: Scatter | None) -> Turn | None:
    if pool is None:
        return None
    n, index = len(values), min(range(len(values)), key=lambda i: (values[i], i))
    statistic = (values[-1] - values[index]) / (pool.deviation * math.sqrt(2))
    limit = student_quantile(1 - TURN_LEVEL / (n - 1), max(10, pool.df))
    if statistic <= limit:
        return None
    least = values[index] + limit * pool.deviation * math.sqrt(2)
    of_one_point = sum(value > least for value in values[index:]) < 2
    return Turn(index, values[index], values[-1], statistic, limit, of_one_point=of_one_point)


def _long_turn(values: Sequence[float]) -> Turn | None:
    """Return the turn of a long curve; None if it rests on its lowest point or the highest since."""
    turn = _turn_of_all(values)
    if turn is None:
        return None
    highest = max(range(turn.index, len(values)), key=lambda i: values[i])
    others = ([*values[:i], *values[i + 1 :]] for i in (turn.index, highest))
    return turn if all(_turn_of_all(rest) is not None for rest in others) else None


def _turn_of_all(values: Sequence[float]) -> Turn | None:
    n = len(values)
    means, weights = _bins(values)
    before = _falling_residuals(means, weights)
    after = _falling_residuals(means[::-1], weights[::-1])[::-1]
    totals = [a + b for a, b in zip(before, after, strict=True)]
    split = min(range(len(totals)), key=lambda i: (totals[i], i))
    count = len(means)
    own = second_differences_of_all(means)
    spread = (1.4826 * median(own)) ** 2 / 6 * fmean(weights)
    variance = max(totals[split] / max(1.0, count - math.sqrt(count) - 1), spread)
    statistic = (before[-1] - totals[split]) / max(variance, 1e-300)
    limit = turn_limit(n)
    if statistic <= limit:
        return None
    lowest = min(range(count), key=lambda i: (means[i], i))
    averaged = max(1, n // 10)
    last = fmean(values[-averaged:])
    if last <= means[lowest]:
        return None
    index = min(range(n), key=lambda i: (values[i], i))  # what a reader finds: not only that of the lowest bin
    return Turn(index, values[index], last, statistic, limit, averaged)


def second_differences_of_all(values: Sequence[float]) -> list[float]:
    """Return the absolute second differences of a whole series."""
    return [abs(a - 2 * b + c) for a, b, c in zip(values, values[1:], values[2:], strict=False)]


def turn_limit(n: int) -> float:
    """Return the least F of a turn in a curve of n points."""
    for (low, at_low), (high, at_high) in pairwise(TURN_LIMITS):
        if n <= high:
            share = (math.log(max(n, low)) - math.log(low)) / (math.log(high) - math.log(low))
            return at_low + share * (at_high - at_low)
    return TURN_LIMITS[-1][1]


def _bins(values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return the means and sizes of at most 24 equal bins."""
    n = len(values)
    edges = list(range(n + 1)) if n <= BINS else [round(i * n / BINS) for i in range(BINS + 1)]
    return (
        [fmean(values[a:b]) for a, b in pairwise(edges)],
        [float(b - a) for a, b in pairwise(edges)],
    )


def _falling_residuals(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return for each prefix the residual sum of squares of the best fit that never rises."""
    blocks: list[tuple[float, float, float]] = []  # weight, mean, residual
    residuals = [0.0]
    for value, weight in zip(values, weights, strict=True):
        blocks.append((weight, value, 0.0))
        while len(blocks) > 1 and blocks[-2][1] < blocks[-1][1]:
            w2, m2, r2 = blocks.pop()
            w1, m1, r1 = blocks.pop()
            whole = w1 + w2
            blocks.append((whole, (w1 * m1 + w2 * m2) / whole, r1 + r2 + w1 * w2 / whole * (m1 - m2) ** 2))
        residuals.append(sum(block[2] for block in blocks))
    return residuals


@dataclass(frozen=True, slots=True)
class Gain:
    """How much lower one window of a curve is than an earlier one; `start` is the index where the later one begins.

    `without_one` is the gain in standard errors without the point that speaks most for it; infinite where none was
    left out.
    """

    gain: float
    error: float
    start: int
    without_one: float = math.inf


def window_gain(values: Sequence[float], scatter: Scatter | None) -> Gain | None:
    """Return the gain of the last sixth of a curve over the sixth before; None if unknown."""
    n = len(values)
    if n < MIN_FOR_WINDOWS or scatter is None:
        return None
    width = n // 6
    late, before = values[n - width :], values[n - 2 * width : n - width]
    error = scatter.deviation * math.sqrt(2 / width)
    pairs = ((before, sorted(late)[1:]), (sorted(before)[:-1], late))
    error_of_fewer = scatter.deviation * math.sqrt(1 / width + 1 / (width - 1))
    least = min(fmean(first) - fmean(second) for first, second in pairs) / error_of_fewer
    return Gain(fmean(before) - fmean(late), error, n - width, least)


def whole_gain(values: Sequence[float], scatter: Scatter | None) -> Gain | None:
    """Return the gain from the first window of a curve to its best one; None without scatter."""
    n = len(values)
    if n < 2 or scatter is None:
        return None
    width = max(1, n // 6)
    sums = list(accumulate(values, initial=0.0))
    means = [(sums[i + width] - sums[i]) / width for i in range(n - width + 1)]
    best = min(range(len(means)), key=lambda i: (means[i], i))
    return Gain(means[0] - means[best], scatter.deviation * math.sqrt(2 / width), best)


def fell(values: Sequence[float], scatter: Scatter | None) -> tuple[float, float] | None:
    """Return (first, last) window means of a stretch that fell beyond its scatter; None if it did not."""
    n = len(values)
    if n < 2 or scatter is None:
        return None
    width = max(1, n // 3)
    first, last = fmean(values[:width]), fmean(values[n - width :])
    error = scatter.deviation * math.sqrt(2 / width)
    return (first, last) if first - last > TRAIN_ERRORS * error else None


def is_improving(gain: Gain | None) -> bool:
    """Return whether the late gain is beyond the scatter, and does not rest on one point."""
    return gain is not None and min(gain.gain / gain.error, gain.without_one) > LATE_ERRORS


def is_level(late: Gain | None, whole: Gain | None) -> bool:
    """Return whether a curve that fell gains or loses less than 1 % of its whole gain at the end."""
    if late is None or whole is None or whole.gain <= LEARNED_ERRORS * whole.error:
        return False
    return abs(late.gain) + LEVEL_ERRORS * late.error < LEVEL_SHARE * whole.gain
