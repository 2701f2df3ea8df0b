"""What a chart shows of some curves: its window, its axes, its lines. Pure: a widget only turns it into cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hptui.tui.charts import scales
from hptui.tui.charts.raster import Box, Line


@dataclass(frozen=True, slots=True)
class Frame:
    """The plane that is shown, and where its ticks are: (row or column of cells, text)."""

    box: Box
    rows: tuple[tuple[int, str], ...]
    columns: tuple[tuple[int, str], ...]
    gutter: int


def bounds_of(lines: Sequence[Line], x0: float, x1: float, log: bool) -> tuple[float, float] | None:
    """The lowest and highest finite value between `x0` and `x1`; None without any."""
    low, high = np.inf, -np.inf
    for line in lines:
        first, last = np.searchsorted(line.x, x0), np.searchsorted(line.x, x1, side="right")
        one, other = line.low[first:last], line.high[first:last]
        if log:
            one, other = one[one > 0], other[other > 0]
        one, other = one[np.isfinite(one)], other[np.isfinite(other)]
        if one.size and other.size:
            low, high = min(low, float(one.min())), max(high, float(other.max()))
    return (low, high) if low <= high else None


def padded(low: float, high: float, log: bool) -> tuple[float, float]:
    """Bounds with a little air; of a flat line, with some."""
    if log:
        if high / low < 1.0001:
            return low / 1.1, high * 1.1
        air = (high / low) ** 0.03
        return low / air, high * air
    span = high - low
    if span <= abs(high) * 1e-9:
        span = abs(high) * 0.1 or 1.0
        return low - span / 2, high + span / 2
    return low - span * 0.03, high + span * 0.03


def trimmed(lines: Sequence[Line], x0: float, x1: float, low: float, high: float) -> tuple[float, float]:
    """Bounds without the first steps, where those alone would make the rest of all curves a flat line."""
    if high <= low:
        return low, high
    later = bounds_of(lines, x0 + (x1 - x0) * 0.05, x1, log=False)
    if later is None or later[1] <= later[0] or (later[1] - later[0]) > (high - low) * 0.25:
        return low, high
    return min(low, later[0]), later[1] + (later[1] - later[0]) * 0.6


def frame(box: Box, width: int, height: int, *, clock: bool = False) -> Frame:
    """The ticks of a box that is drawn in `width` by `height` cells, axes included."""
    plot = max(1, height - 1)
    count = max(2, min(6, plot // 2))
    values = scales.powers_between(box.y0, box.y1, count) if box.log else scales.steps_between(box.y0, box.y1, count)
    span = values[1] - values[0] if len(values) > 1 and not box.log else 0.0
    rows: dict[int, str] = {}
    for value in values:
        place = _row(value, box, plot)
        if 0 <= place < plot and place not in rows:
            rows[place] = scales.label(value, span)
    gutter = max([len(text) for text in rows.values()], default=1) + 1
    across = max(1, width - gutter)
    ticks = scales.steps_between(box.x0, box.x1, max(2, across // 14))
    columns: dict[int, str] = {}
    taken = -1
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.0
    for tick in ticks:
        place = round((tick - box.x0) / (box.x1 - box.x0) * (across - 1)) if box.x1 > box.x0 else 0
        text = scales.clock(tick) if clock else scales.label(tick, step)
        start = max(0, min(place - len(text) // 2, across - len(text)))
        if start > taken and start + len(text) <= across:
            columns[start] = text
            taken = start + len(text)
    return Frame(box, tuple(rows.items()), tuple(columns.items()), gutter)


def _row(value: float, box: Box, plot: int) -> int:
    if box.log:
        if value <= 0 or box.y0 <= 0 or box.y1 <= box.y0:
            return -1
        share = np.log10(box.y1 / value) / np.log10(box.y1 / box.y0)
    else:
        share = (box.y1 - value) / (box.y1 - box.y0) if box.y1 > box.y0 else 0.5
    return int(share * (plot - 1) + 0.5) if np.isfinite(share) else -1


def value_at(line: Line, x: float) -> float | None:
    """The value of a line at or just before `x`; None before its begin, after its end, or in a gap."""
    if line.x.size == 0 or x < line.x[0]:
        return None
    index = int(np.searchsorted(line.x, x, side="right")) - 1
    if index == line.x.size - 1 and line.x.size > 1 and x > line.x[-1] + (line.x[-1] - line.x[0]) * 0.02:
        return None
    value = (line.low[index] + line.high[index]) / 2
    return float(value) if np.isfinite(value) else None
