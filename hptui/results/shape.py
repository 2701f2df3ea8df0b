"""A curve in a few numbers: where it began, was best and ended, how much it scatters, whether it still moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from hptui.model.study import Goal


@dataclass(frozen=True, slots=True)
class Shape:
    """A curve's summary. Values are finite ones; `odd_step` is the first step that had none."""

    n: int
    first: float
    last: float
    last_step: int
    low: float
    low_step: int
    high: float
    high_step: int
    noise: float
    """Standard deviation of one point around its neighbours, over the second half."""
    points: tuple[tuple[int, float], ...]
    odd_step: int | None = None

    def best(self, goal: Goal) -> float:
        return self.low if goal == "minimize" else self.high

    def best_step(self, goal: Goal) -> int:
        return self.low_step if goal == "minimize" else self.high_step

    def gain(self, goal: Goal) -> float:
        """How much better the best is than the start, as a share of the start."""
        moved = self.first - self.low if goal == "minimize" else self.high - self.first
        return moved / (abs(self.first) or 1.0)

    def late(self, goal: Goal) -> float:
        """The share of the whole improvement that came in the last fifth of the steps, by means of small windows."""
        whole = abs(self.first - self.best(goal))
        if not whole or self.n < 5:
            return 0.0
        before = [value for step, value in self.points if step <= self._at(0.8)]
        end = [value for step, value in self.points if step > self._at(0.8)]
        if not before or not end:
            return 0.0
        width = max(1, min(len(before), len(end)) // 2)
        moved = fmean(before[-width:]) - fmean(end[-width:])
        return (moved if goal == "minimize" else -moved) / whole

    def stale(self, goal: Goal) -> float:
        """The share of the training that came after the best point."""
        length = self.last_step - self.points[0][0]
        return (self.last_step - self.best_step(goal)) / length if length > 0 else 0.0

    def still_better(self, goal: Goal, step: int) -> bool:
        """Whether it went on improving after a step."""
        before = [value for at, value in self.points if at <= step]
        if not before or self.last_step <= step:
            return False
        return self.last < before[-1] if goal == "minimize" else self.last > before[-1]

    def _at(self, share: float) -> float:
        begun = self.points[0][0]
        return begun + share * (self.last_step - begun)


EMPTY = Shape(0, math.nan, math.nan, 0, math.nan, 0, math.nan, 0, 0.0, ())


def shape_of(curve: Sequence[tuple[int, float, float] | tuple[int, float]]) -> Shape:
    """The shape of a curve of points (step, value, …) by step."""
    points = [(point[0], point[1]) for point in curve if math.isfinite(point[1])]
    odd = next((point[0] for point in curve if not math.isfinite(point[1])), None)
    if not points:
        return EMPTY if odd is None else Shape(0, math.nan, math.nan, 0, math.nan, 0, math.nan, 0, 0.0, (), odd)
    low_step, low = min(points, key=lambda point: (point[1], point[0]))
    high_step, high = max(points, key=lambda point: (point[1], -point[0]))
    noise = _noise([value for _, value in points[len(points) // 2 :]])
    return Shape(
        len(points),
        points[0][1],
        points[-1][1],
        points[-1][0],
        low,
        low_step,
        high,
        high_step,
        noise,
        tuple(points),
        odd,
    )


def _noise(values: list[float]) -> float:
    """By the median of absolute second differences, which a trend does not touch; one point's standard deviation."""
    if len(values) < 4:
        return 0.0
    bends = [abs(a - 2 * b + c) for a, b, c in zip(values, values[1:], values[2:], strict=False)]
    return 1.4826 * median(bends) / math.sqrt(6)
