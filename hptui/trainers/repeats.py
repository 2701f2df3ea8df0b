"""Which values at one step are points of their own: a further value is, the same one again is not."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

MAX_REMEMBERED = 1 << 16
"""Points of one metric that are remembered; the older half is forgotten when there are more."""
MAX_STEP = (1 << 63) - 1
"""Largest step that is distinguished."""


class StepValues:
    """The values of one metric by step, as far as they are remembered."""

    def __init__(self) -> None:
        self._steps, self._values, self._readings = array("q"), array("d"), array("q")

    def place(self, step: int, value: float, reading: int = 0) -> int | None:
        """Return the number of a value among those at its step, from 0; None if it is there already.

        `reading` counts how often the source was read from its beginning. Within one reading a value that equals the
        one before it is a line drawn again; a new reading also repeats what earlier ones found at the step.
        """
        step = min(max(step, -MAX_STEP), MAX_STEP)
        if not self._steps or step > self._steps[-1]:
            start = end = len(self._steps)
        else:
            start, end = bisect_left(self._steps, step), bisect_right(self._steps, step)
        for position in range(start, end):
            if self._readings[position] < reading and _same(self._values[position], value):
                self._readings[position] = reading
                return None
        if end > start and self._readings[end - 1] == reading and _same(self._values[end - 1], value):
            return None
        self._steps.insert(end, step)
        self._values.insert(end, value)
        self._readings.insert(end, reading)
        if len(self._steps) > MAX_REMEMBERED:
            for column in (self._steps, self._values, self._readings):
                del column[: MAX_REMEMBERED // 2]
        return end - start

    def replace_last(self, step: int, value: float, reading: int = 0) -> int:
        """Put a value in place of the last one of a step; return its number among those at the step."""
        step = min(max(step, -MAX_STEP), MAX_STEP)
        start, end = bisect_left(self._steps, step), bisect_right(self._steps, step)
        if start == end:
            return self.place(step, value, reading) or 0
        self._values[end - 1] = value
        return end - 1 - start


def _same(first: float, second: float) -> bool:
    return first == second or (first != first and second != second)
