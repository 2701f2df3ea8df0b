"""Where points stand on an axis of steps, if a step has several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby


def axis_positions(steps: Sequence[int]) -> list[float]:
    """Return the position of each point: its step, or evenly from it to the next if it has several."""
    if len(set(steps)) == len(steps):
        return [float(step) for step in steps]
    positions: list[float] = []
    for step, points in groupby(steps):
        count = len(list(points))
        positions += [step + index / count for index in range(count)]
    return positions
