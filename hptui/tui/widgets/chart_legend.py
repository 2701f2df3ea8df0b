"""What is written on a chart: the legend of its curves, the texts of its x axis, a message where there is no curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip
from textual.style import Style as ContentStyle

from hptui.core.dataclass import dataclass
from hptui.core.format import number
from hptui.tui.cells import fit_cells, width_of
from hptui.tui.themes import N_SERIES_COLOURS

if TYPE_CHECKING:
    from hptui.tui.charts.layout import AxisLayout
    from hptui.tui.charts.raster import SeriesLine
    from hptui.tui.charts.series import CurveArrays

CURVE_LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""Signs of curves where there are no fine dots."""


@dataclass(frozen=True, slots=True, eq=False)
class ChartCurve:
    """A curve to show. `colour` is its index in the palette, None: muted; `label` stands in the legend."""

    label: str
    curve: CurveArrays
    colour: int | None = None
    companion: CurveArrays | None = None
    dotted: bool = False
    rough: bool = False
    """Whether it is measured rarely, so that smoothing would only hide it."""


class LegendEntry(NamedTuple):
    """A curve in the legend: its label, its value as text ('' for none), the index of its colour (None: muted)."""

    label: str
    value: str
    colour: int | None


def style_name(colour: int | None) -> str:
    """Return the name of a curve's style among the parts of the chart."""
    return "chart--muted" if colour is None else f"chart--series-{colour % N_SERIES_COLOURS}"


def letter_of(colour: int | None) -> str:
    """Return the letter of a curve, which replaces its colour where there are no fine dots."""
    return "." if colour is None else CURVE_LETTERS[colour % len(CURVE_LETTERS)]


def value_text(value: float, *, percent: bool) -> str:
    """Return a value of a curve; a share as a percentage."""
    return f"{value:.2%}" if percent else number(value)


def legend_entries(
    curves: Sequence[tuple[ChartCurve, SeriesLine | None]], position: float | None, *, percent: bool = False
) -> list[LegendEntry]:
    """Return the entries of curves with their values at a position; None: at the end of each."""
    if not curves:  # before the first curve: NumPy is not imported for the first frame
        return []
    from hptui.tui.charts.layout import value_at

    entries = []
    for curve, line in curves:
        value = None
        if line is not None and line.x.size:
            value = value_at(line, position if position is not None else float(line.x[-1]))
        text = "" if value is None else value_text(value, percent=percent)
        entries.append(LegendEntry(curve.label, text, curve.colour))
    return entries


def legend_content(
    entries: Sequence[LegendEntry],
    width: int,
    style_of: Callable[[str], ContentStyle],
    *,
    with_values: bool,
    with_letters: bool,
    position: str = "",
) -> Content:
    """Return as many curves in their colours as fit into `width` cells, after the crosshair's text."""
    parts: list[tuple[str, str | ContentStyle]] = []
    for entry in entries:
        if not entry.label:
            continue
        text = f"{entry.label} {entry.value}" if with_values and entry.value else entry.label
        if with_letters and entry.colour is not None:
            text = f"{letter_of(entry.colour)} {text}"
        if width < width_of(text) + 3:
            break
        width -= width_of(text) + 2
        parts += [("  " if parts else "", ""), (text, style_of(style_name(entry.colour)))]
    if position:
        parts = [(f"{position}  ", style_of("chart--best")), *parts]
    return Content.assemble(*parts)


def position_text(axis: str, position: float) -> str:
    """Return a position on the x axis as it stands in the legend: `step 120`, `time 1:20`."""
    from hptui.tui.charts.layout import time_tick_text

    return f"{axis} {time_tick_text(position) if axis == 'time' else number(round(position, 2))}"


def axis_strip(frame: AxisLayout, width: int, plot_width: int, label: Style, base: Style) -> Strip:
    """Return the line of the x axis with its ticks."""
    text, end = "", 0
    for start, tick in frame.columns:
        text += " " * (start - end) + tick
        end = start + len(tick)
    strip = Strip([Segment(" " * frame.gutter, base), Segment(text.ljust(plot_width), label)])
    return strip.adjust_cell_length(width, base)


def message_strips(message: str, width: int, height: int, base: Style, label: Style) -> list[Strip]:
    """Return the lines of a chart without curves: a message in the middle."""
    text = fit_cells(message, min(width, width_of(message)))
    left = max(0, (width - width_of(text)) // 2)
    strips = [Strip.blank(width, base)] * max(1, height)
    line = Strip([Segment(" " * left, base), Segment(text, label)])
    strips[len(strips) // 2] = line.adjust_cell_length(width, base)
    return strips
