"""The summary of a metric's curve: first, best and last value, noise, and whether it was still improving."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from hptui.core.study import Goal


@dataclass(frozen=True, slots=True)
class CurveSummary:
    """The summary of a curve. Values are of finite points; `odd_step` is the first step with a non-finite value."""

    n: int
    first: float
    last: float
    last_step: int
    low: float
    low_step: int
    high: float
    high_step: int
    noise: float
    """Standard deviation of a point around its neighbours, over the second half of the points."""
    points: tuple[tuple[int, float], ...]
    nonfinite_step: int | None = None

    def best(self, goal: Goal) -> float:
        """Return the best value."""
        return self.low if goal == "minimize" else self.high

    def best_step(self, goal: Goal) -> int:
        """Return the step of the best value."""
        return self.low_step if goal == "minimize" else self.high_step

    def gain(self, goal: Goal) -> float:
        """Return the improvement from the first to the best value, as a share of the first value."""
        moved = self.first - self.low if goal == "minimize" else self.high - self.first
        return moved / (abs(self.first) or 1.0)

    def late_gain(self, goal: Goal) -> float:
        """Return the share of the whole improvement that falls into the last fifth of the steps.

        Compares means over the ends of both sections, since single points are noisy. 0 for fewer than 5 points.
        """
        whole = abs(self.first - self.best(goal))
        if not whole or self.n < 5:
            return 0.0
        before = [value for step, value in self.points if step <= self._step_at(0.8)]
        end = [value for step, value in self.points if step > self._step_at(0.8)]
        if not before or not end:
            return 0.0
        width = max(1, min(len(before), len(end)) // 2)
        moved = fmean(before[-width:]) - fmean(end[-width:])
        return (moved if goal == "minimize" else -moved) / whole

    def share_after_best(self, goal: Goal) -> float:
        """Return the share of the training that came after the best point, 0–1."""
        length = self.last_step - self.points[0][0]
        return (self.last_step - self.best_step(goal)) / length if length > 0 else 0.0

    def improved_after(self, goal: Goal, step: int) -> bool:
        """Return whether the last value is better than the value at `step`."""
        before = [value for at_step, value in self.points if at_step <= step]
        if not before or self.last_step <= step:
            return False
        return self.last < before[-1] if goal == "minimize" else self.last > before[-1]

    def _step_at(self, fraction: float) -> float:
        first_step = self.points[0][0]
        return first_step + fraction * (self.last_step - first_step)


EMPTY_SUMMARY = CurveSummary(0, math.nan, math.nan, 0, math.nan, 0, math.nan, 0, 0.0, ())
"""The summary of a curve without any point."""


def summarize_curve(curve: Sequence[tuple[int, float, float] | tuple[int, float]]) -> CurveSummary:
    """Return the summary of a curve of points (step, value, …) in the order of steps."""
    points = [(point[0], point[1]) for point in curve if math.isfinite(point[1])]
    odd = next((point[0] for point in curve if not math.isfinite(point[1])), None)
    if not points:
        return (
            EMPTY_SUMMARY
            if odd is None
            else CurveSummary(0, math.nan, math.nan, 0, math.nan, 0, math.nan, 0, 0.0, (), odd)
        )
    low_step, low = min(points, key=lambda point: (point[1], point[0]))
    high_step, high = max(points, key=lambda point: (point[1], -point[0]))
    noise = _noise([value for _, value in points[len(points) // 2 :]])
    return CurveSummary(
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
    """Return a robust standard deviation of one point, from the median of absolute second differences.

    A trend of the curve does not enter it. 0 for fewer than 4 points.
    """
    if len(values) < 4:
        return 0.0
    bends = [abs(a - 2 * b + c) for a, b, c in zip(values, values[1:], values[2:], strict=False)]
    # 1.4826 turns a median absolute deviation of normal noise into a standard deviation; a second
    # difference has the variance 1 + 4 + 1 = 6 times that of a point.
    return 1.4826 * median(bends) / math.sqrt(6)
