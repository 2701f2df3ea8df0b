"""The layout of a chart: its window, its axes, its ticks.

Pure functions; a widget turns the layout into cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hptui.tui.charts import scales
from hptui.tui.charts.raster import PlaneBox, SeriesLine


@dataclass(frozen=True, slots=True)
class AxisLayout:
    """The part of the plane that is shown, and its ticks: (row or column of cells, text)."""

    box: PlaneBox
    rows: tuple[tuple[int, str], ...]
    columns: tuple[tuple[int, str], ...]
    gutter: int


def value_bounds(lines: Sequence[SeriesLine], x0: float, x1: float, log: bool) -> tuple[float, float] | None:
    """Return the lowest and highest finite value between `x0` and `x1`; None if there is none."""
    low, high = np.inf, -np.inf
    for line in lines:
        first, last = np.searchsorted(line.x, x0), np.searchsorted(line.x, x1, side="right")
        lows, highs = line.low[first:last], line.high[first:last]
        if log:
            lows, highs = lows[lows > 0], highs[highs > 0]
        lows, highs = lows[np.isfinite(lows)], highs[np.isfinite(highs)]
        if lows.size and highs.size:
            low, high = min(low, float(lows.min())), max(high, float(highs.max()))
    return (low, high) if low <= high else None


def with_margin(low: float, high: float, log: bool) -> tuple[float, float]:
    """Return bounds with a margin around them, also around the single value of a flat line."""
    if log:
        if high / low < 1.0001:
            return low / 1.1, high * 1.1
        margin = (high / low) ** 0.03
        return low / margin, high * margin
    span = high - low
    if span <= abs(high) * 1e-9:
        span = abs(high) * 0.1 or 1.0
        return low - span / 2, high + span / 2
    return low - span * 0.03, high + span * 0.03


def without_first_steps(
    lines: Sequence[SeriesLine], x0: float, x1: float, low: float, high: float
) -> tuple[float, float]:
    """Return bounds that leave out the first steps, if these alone would flatten the rest of all curves."""
    if high <= low:
        return low, high
    later = value_bounds(lines, x0 + (x1 - x0) * 0.05, x1, log=False)
    if later is None or later[1] <= later[0] or (later[1] - later[0]) > (high - low) * 0.25:
        return low, high
    return min(low, later[0]), later[1] + (later[1] - later[0]) * 0.6


def axis_layout(box: PlaneBox, width: int, height: int, *, clock: bool = False) -> AxisLayout:
    """Return the ticks of a box that is drawn in `width` by `height` cells, axes included."""
    plot_rows = max(1, height - 1)
    count = max(2, min(6, plot_rows // 2))
    values = scales.log_ticks(box.y0, box.y1, count) if box.log else scales.linear_ticks(box.y0, box.y1, count)
    span = values[1] - values[0] if len(values) > 1 and not box.log else 0.0
    rows: dict[int, str] = {}
    for value in values:
        position = _row_of(value, box, plot_rows)
        if 0 <= position < plot_rows and position not in rows:
            rows[position] = scales.tick_text(value, span)
    gutter = max([len(text) for text in rows.values()], default=1) + 1
    plot_columns = max(1, width - gutter)
    ticks = scales.linear_ticks(box.x0, box.x1, max(2, plot_columns // 14))
    columns: dict[int, str] = {}
    last_end = -1
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.0
    for tick in ticks:
        position = round((tick - box.x0) / (box.x1 - box.x0) * (plot_columns - 1)) if box.x1 > box.x0 else 0
        text = scales.time_tick_text(tick) if clock else scales.tick_text(tick, step)
        start = max(0, min(position - len(text) // 2, plot_columns - len(text)))
        if start > last_end and start + len(text) <= plot_columns:
            columns[start] = text
            last_end = start + len(text)
    return AxisLayout(box, tuple(rows.items()), tuple(columns.items()), gutter)


def _row_of(value: float, box: PlaneBox, plot_rows: int) -> int:
    if box.log:
        if value <= 0 or box.y0 <= 0 or box.y1 <= box.y0:
            return -1
        fraction = np.log10(box.y1 / value) / np.log10(box.y1 / box.y0)
    else:
        fraction = (box.y1 - value) / (box.y1 - box.y0) if box.y1 > box.y0 else 0.5
    return int(fraction * (plot_rows - 1) + 0.5) if np.isfinite(fraction) else -1


def value_at(line: SeriesLine, x: float) -> float | None:
    """Return the value of a line at or just before `x`; None before its start, after its end, or in a gap."""
    if line.x.size == 0 or x < line.x[0]:
        return None
    index = int(np.searchsorted(line.x, x, side="right")) - 1
    if index == line.x.size - 1 and line.x.size > 1 and x > line.x[-1] + (line.x[-1] - line.x[0]) * 0.02:
        return None
    value = (line.low[index] + line.high[index]) / 2
    return float(value) if np.isfinite(value) else None
