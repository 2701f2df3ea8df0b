"""The layout of a chart: its window, its axes, round numbers for their ticks. Pure functions, without Textual."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hptui.core.dataclass import dataclass
from hptui.tui.charts.raster import PlaneBox, SeriesLine


def linear_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` round numbers (1, 2, 5 times a power of ten) from `low` to `high`."""
    span = high - low
    if not (math.isfinite(span) and span > 0) or count < 1:
        return [low] if math.isfinite(low) else []
    ticks = _steps(low, high, span / count)
    return ticks if len(ticks) > 1 or count > 6 else _steps(low, high, span / count / 2.5)


def _steps(low: float, high: float, raw: float) -> list[float]:
    power = 10.0 ** math.floor(math.log10(raw))
    size = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / size - 1e-9)
    last = math.floor(high / size + 1e-9)
    return [index * size for index in range(first, last + 1)] if last - first < 1000 else [low, high]


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` numbers of a logarithmic axis: powers of ten, with 2 and 5 where there is room."""
    if not (0 < low < high < math.inf):
        return [low] if low > 0 else []
    decades = math.log10(high / low)
    if decades < 0.7:
        return [tick for tick in linear_ticks(low, high, count) if tick > 0]
    factors: Sequence[int] = (1, 2, 5) if decades * 3 <= count * 1.5 else (1,)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    stride = max(1, round(len(exponents) * len(factors) / max(1, count) / len(factors)))
    ticks = [factor * 10.0**exponent for exponent in exponents if exponent % stride == 0 for factor in factors]
    return [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]


def tick_text(value: float, span: float = 0.0) -> str:
    """Return the text of a tick, with the digits that distinguish neighbours `span` apart."""
    if not math.isfinite(value):
        return ""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-3:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    if size >= 10_000:
        return f"{value / 1000:.4g}k"
    digits = max(0, min(4, -math.floor(math.log10(span)))) if span > 0 else 4
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if span <= 0 and "." in text else text


def time_tick_text(seconds: float) -> str:
    """Return the text of a tick of a time axis: `90s`, `5m`, `2.5h`."""
    if seconds < 120:
        return f"{seconds:.0f}s"
    if seconds < 7200:
        return f"{seconds / 60:.4g}m"
    return f"{seconds / 3600:.4g}h"


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


def step_bounds(lines: Sequence[SeriesLine], length: float) -> tuple[float, float]:
    """Return the bounds of an x axis that shows all of the lines, and is `length` long at least."""
    first, last = min(float(line.x[0]) for line in lines), max(float(line.x[-1]) for line in lines)
    return min(0.0, first), max(last, length)


def steady_value_bounds(
    lines: Sequence[SeriesLine], x0: float, x1: float, last: tuple[float, float] | None, *, log: bool, zoomed: bool
) -> tuple[float, float] | None:
    """Return the bounds of the y axis between `x0` and `x1`; None if there is no value.

    `last` are those that were drawn before. They are kept while the values fill them well, so that the axis does not
    move at every step.
    """
    bounds = value_bounds(lines, x0, x1, log)
    if bounds is None:
        return None
    low, high = bounds
    if not zoomed and not log:
        low, high = without_first_steps(lines, x0, x1, low, high)
    if last is not None and low >= last[0] and high <= last[1] and (high - low) > 0.3 * (last[1] - last[0]):
        return last
    return with_margin(low, high, log)


Window = tuple[float, float]
"""The part of the x axis that is shown."""


def zoomed_window(window: Window, factor: float, centre: float, full: Window) -> Window | None:
    """Return a window `factor` times as large, with `centre` in its place; None for all of `full`."""
    size = (window[1] - window[0]) * factor
    if size >= full[1] - full[0]:
        return None
    share = (centre - window[0]) / (window[1] - window[0])
    start = max(full[0], min(centre - size * share, full[1] - size))
    return start, start + size


def moved_window(window: Window, by: float, full: Window) -> Window:
    """Return a window moved by a share of its size, within `full`."""
    size = window[1] - window[0]
    start = max(full[0], min(window[0] + by * size, full[1] - size))
    return start, start + size


def axis_layout(box: PlaneBox, width: int, height: int, *, clock: bool = False) -> AxisLayout:
    """Return the ticks of a box that is drawn in `width` by `height` cells, axes included."""
    plot_rows = max(1, height - 1)
    count = max(2, min(6, plot_rows // 2))
    values = log_ticks(box.y0, box.y1, count) if box.log else linear_ticks(box.y0, box.y1, count)
    span = values[1] - values[0] if len(values) > 1 and not box.log else 0.0
    rows: dict[int, str] = {}
    for value in values:
        position = _row_of(value, box, plot_rows)
        if 0 <= position < plot_rows and position not in rows:
            rows[position] = _tick(value, span, is_percent="y" in box.percents)
    gutter = max([len(text) for text in rows.values()], default=1) + 1
    plot_columns = max(1, width - gutter)
    ticks = linear_ticks(box.x0, box.x1, max(2, plot_columns // 14))
    columns: dict[int, str] = {}
    last_end = -1
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.0
    for tick in ticks:
        position = round((tick - box.x0) / (box.x1 - box.x0) * (plot_columns - 1)) if box.x1 > box.x0 else 0
        text = time_tick_text(tick) if clock else _tick(tick, step, is_percent="x" in box.percents)
        start = max(0, min(position - len(text) // 2, plot_columns - len(text)))
        if start > last_end and start + len(text) <= plot_columns:
            columns[start] = text
            last_end = start + len(text)
    return AxisLayout(box, tuple(rows.items()), tuple(columns.items()), gutter)


def _tick(value: float, span: float, *, is_percent: bool) -> str:
    return f"{tick_text(100 * value, 100 * span)}%" if is_percent else tick_text(value, span)


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
