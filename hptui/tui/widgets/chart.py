"""A chart of several curves in braille, blocks or plain characters, on axes that do not move with each point.

Only cells that changed are sent to the terminal, so the x axis is as long as the trials will be, and the y axis grows
but never shrinks by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.style import Style as ContentStyle

from hptui.core.format import number
from hptui.tui.cells import fit_cells, plain_line, width_of
from hptui.tui.charts.naming import AXES
from hptui.tui.keys import bindings
from hptui.tui.themes import N_SERIES_COLOURS
from hptui.tui.widgets.lines import LineWidget

if TYPE_CHECKING:
    from hptui.tui.charts.layout import AxisLayout
    from hptui.tui.charts.raster import SeriesLine
    from hptui.tui.charts.series import CurveArrays

SMOOTHING_WEIGHTS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99)
"""Weights of the moving average that keys go through."""
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


class Chart(LineWidget, can_focus=True):
    """A chart of curves, with zoom, crosshair and legend."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--axis",
        "chart--label",
        "chart--muted",
        "chart--cross",
        *(f"chart--{index}" for index in range(N_SERIES_COLOURS)),
    }
    DEFAULT_CSS = """
    Chart {
        & .chart--axis { color: $grid; }
        & .chart--label { color: $mean-muted; }
        & .chart--muted { color: $mean-muted; }
        & .chart--cross { color: $mean-best; }
        & .chart--0 { color: $series-0; }
        & .chart--1 { color: $series-1; }
        & .chart--2 { color: $series-2; }
        & .chart--3 { color: $series-3; }
        & .chart--4 { color: $series-4; }
        & .chart--5 { color: $series-5; }
        & .chart--6 { color: $series-6; }
        & .chart--7 { color: $series-7; }
    }
    """
    BINDINGS = bindings("chart")

    class ViewChanged(Message):
        """The chart shows another part or another axis, for which its owner may request other curves."""

        def __init__(self, chart: Chart) -> None:
            super().__init__()
            self.chart = chart

        @property
        def control(self) -> Chart:
            return self.chart

    def __init__(
        self, *, charts: str = "braille", smoothing: float = 0.6, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.charts = charts
        self.smoothing = smoothing
        self.metric = ""
        self.title = ""
        self.log_y = False
        self.axis = "step"
        self.window: tuple[float, float] | None = None
        self.crosshair: float | None = None
        self.length = 0.0
        self.plots: Sequence[ChartCurve] = ()
        self.empty = "no curve yet"
        self._last_bounds: tuple[object, float, float] | None = None
        self._lines: dict[tuple[int, str, float, bool], tuple[object, SeriesLine | None]] = {}
        self._cells: tuple[object, list[Strip]] | None = None
        self._frame: AxisLayout | None = None
        self._drawn_lines: list[SeriesLine] = []

    # what is shown --------------------------------------------------------------------------------------------

    def show(self, plots: Sequence[ChartCurve], *, length: float = 0.0, title: str = "") -> None:
        """Show other curves; `length` is their number of steps in the end, 0 if unknown."""
        self.plots = plots
        self.title = title
        self.length = length
        self.redraw()

    def redraw(self) -> None:
        """Draw again after a change of what is shown."""
        self._cells = None
        self._update_title()
        self.repaint()

    def notify_style_update(self) -> None:
        """Drop what was drawn in the old styles."""
        self._cells = None
        super().notify_style_update()

    def on_resize(self) -> None:
        self._cells = None
        self._update_title()
        self.refresh()

    def _update_title(self) -> None:
        smooth = f"smooth {self.smoothing:g}" if self.smoothing and any(not plot.rough for plot in self.plots) else ""
        parts = [plain_line(self.title or self.metric, 60), smooth, "log" if self.log_y else ""]
        parts.append(f"by {self.axis}" if self.axis != "step" else "")
        if self.window is not None:
            parts.append("zoomed")
        self.set_title(" · ".join(part for part in parts if part), self._legend())

    def _line_of_plot(self, plot: ChartCurve) -> SeriesLine | None:
        """Return the line of a plot; it is computed again only when its curve or its options change."""
        from hptui.tui.charts.series import line_of_curve

        weight = 0.0 if plot.rough else self.smoothing
        key = (id(plot.curve), self.axis, weight, plot.dotted)
        entry = self._lines.get(key)
        if entry is None or entry[0] is not plot.curve:
            if len(self._lines) > 64:  # curves that are no longer shown are dropped, too
                self._lines.clear()
            entry = (plot.curve, line_of_curve(plot.curve, self.axis, plot.companion, weight, plot.dotted))
            self._lines[key] = entry
        return entry[1]

    def _bounds(self, lines: Sequence[SeriesLine]) -> tuple[float, float, float, float] | None:
        from hptui.tui.charts import layout

        sized = [line for line in lines if line.x.size]
        if not sized:
            return None
        if self.window is not None:
            x0, x1 = self.window
        else:
            x0 = min(0.0, min(float(line.x[0]) for line in sized))
            x1 = max(float(line.x[-1]) for line in sized)
            if self.axis == "step":
                x1 = max(x1, self.length)
            elif (sticky := self._last_bounds) is not None and sticky[0] == (self.axis, "x") and sticky[2] >= x1:
                x1 = sticky[2]
        if x1 <= x0:
            x1 = x0 + 1
        bounds = layout.value_bounds(sized, x0, x1, self.log_y)
        if bounds is None:
            return None
        low, high = bounds
        if self.window is None and not self.log_y:
            low, high = layout.without_first_steps(sized, x0, x1, low, high)
        key = (self.title, self.log_y, self.window, self.smoothing, self.axis)
        if self._last_bounds is not None and self._last_bounds[0] == key:
            old_low, old_high = self._last_bounds[1], self._last_bounds[2]
            # Grown a little beyond what is needed, so that the axis does not grow at every step.
            if low >= old_low and high <= old_high and (high - low) > 0.3 * (old_high - old_low):
                return x0, x1, old_low, old_high
        low, high = layout.with_margin(low, high, self.log_y)
        self._last_bounds = (key, low, high)
        return x0, x1, low, high

    # drawing --------------------------------------------------------------------------------------------------

    def draw(self, y: int, width: int) -> Strip:
        """Return line `y` of the chart."""
        height = self.size.height
        key = (width, height, self.has_focus)
        if self._cells is None or self._cells[0] != key:
            self._cells = (key, self._draw_strips(width, height))
        strips = self._cells[1]
        return strips[y] if y < len(strips) else Strip.blank(width, self.rich_style)

    def _draw_strips(self, width: int, height: int) -> list[Strip]:
        base_style = self.rich_style
        if not self.plots or width < 8 or height < 3:
            self._frame = None
            return self._empty_strips(width, height, base_style)
        from hptui.tui.charts import layout, raster

        shown = [(plot, line) for plot in self.plots if (line := self._line_of_plot(plot)) is not None]
        bounds = self._bounds([line for _, line in shown])
        if bounds is None:
            self._frame = None
            return self._empty_strips(width, height, base_style)
        # The most important curve is drawn last, over the others.
        order = list(reversed(shown))
        box = raster.PlaneBox(*bounds, log=self.log_y)
        frame = self._frame = layout.axis_layout(box, width, height, clock=self.axis == "time")
        style = raster.DOT_STYLES.get(self.charts, raster.BRAILLE)
        plot_width, plot_height = max(1, width - frame.gutter), max(1, height - 1)
        self._drawn_lines = [line for _, line in shown]
        codes, owner = raster.rasterize([line for _, line in order], plot_width, plot_height, box, style)
        styles = [base_style + self._style_of_plot(plot) for plot, _ in order]
        letters = self._letters([plot for plot, _ in order]) if style is raster.ASCII else None
        axis, label = base_style + self.style_of("chart--axis"), base_style + self.style_of("chart--label")
        cross = self._cross_column(frame, plot_width)
        ticks, strips = dict(frame.rows), []
        edge = "|" if style is raster.ASCII else "│"
        glyphs = style.glyphs
        rows_codes, rows_owner = codes.tolist(), owner.tolist()
        for row in range(plot_height):
            segments = [Segment(ticks.get(row, "").rjust(frame.gutter - 1), label), Segment(edge, axis)]
            segments += self._cells_of(rows_codes[row], rows_owner[row], styles, glyphs, letters, base_style, cross)
            strips.append(Strip(segments, width))
        strips.append(self._axis_strip(frame, width, plot_width, label, base_style))
        return strips

    def _cells_of(
        self,
        codes: list[int],
        owners: list[int],
        styles: Sequence[Style],
        glyphs: str,
        letters: Sequence[str] | None,
        base: Style,
        cross: int | None,
    ) -> list[Segment]:
        segments: list[Segment] = []
        start, count = 0, len(codes)
        cross_style = base + self.style_of("chart--cross")
        while start < count:
            line_index = owners[start]
            end = start + 1
            at_cross = start == cross and line_index < 0
            while end < count and owners[end] == line_index and end != cross and not at_cross:
                end += 1
            if line_index < 0:
                text = ("|" if letters is not None else "┊") if at_cross else " " * (end - start)
                segments.append(Segment(text, cross_style if at_cross else base))
            elif letters is not None:
                segments.append(Segment(letters[line_index] * (end - start), styles[line_index]))
            else:
                segments.append(Segment("".join([glyphs[code] for code in codes[start:end]]), styles[line_index]))
            start = end
        return segments

    def _axis_strip(self, frame: AxisLayout, width: int, across: int, label: Style, base: Style) -> Strip:
        text, end = "", 0
        for start, tick in frame.columns:
            text += " " * (start - end) + tick
            end = start + len(tick)
        return Strip([Segment(" " * frame.gutter, base), Segment(text.ljust(across), label)]).adjust_cell_length(
            width, base
        )

    def _empty_strips(self, width: int, height: int, base: Style) -> list[Strip]:
        text = fit_cells(self.empty, min(width, width_of(self.empty)))
        left = max(0, (width - width_of(text)) // 2)
        blank = Strip.blank(width, base)
        strips = [blank] * max(1, height)
        message = Strip([Segment(" " * left, base), Segment(text, base + self.style_of("chart--label"))])
        strips[len(strips) // 2] = message.adjust_cell_length(width, base)
        return strips

    def _style_of_plot(self, plot: ChartCurve) -> Style:
        return self.style_of("chart--muted" if plot.colour is None else f"chart--{plot.colour % N_SERIES_COLOURS}")

    def _letters(self, plots: Sequence[ChartCurve]) -> list[str]:
        """Return the letter of each curve, which replaces its colour where there are no fine dots."""
        return [CURVE_LETTERS[(plot.colour or 0) % 26] if plot.colour is not None else "." for plot in plots]

    def _cross_column(self, frame: AxisLayout, across: int) -> int | None:
        if self.crosshair is None:
            return None
        box = frame.box
        self.crosshair = max(box.x0, min(self.crosshair, box.x1))
        return round((self.crosshair - box.x0) / (box.x1 - box.x0) * (across - 1))

    def _legend(self) -> Content:
        """Return the curves in their colours, as many as fit into the border, with values at the crosshair."""
        width_left = self.size.width - 4
        parts: list[tuple[str, str | ContentStyle]] = []
        for label, value, colour in self.legend():
            if not label:
                continue
            text = f"{label} {value}" if self.crosshair is not None and value else label
            if self.charts == "ascii" and colour is not None:
                text = f"{CURVE_LETTERS[colour % 26]} {text}"
            if width_left < width_of(text) + 3:
                break
            width_left -= width_of(text) + 2
            style = self._content_style("chart--muted" if colour is None else f"chart--{colour % N_SERIES_COLOURS}")
            parts += [("  " if parts else "", ""), (text, style)]
        if self.crosshair is not None and self._frame is not None:
            from hptui.tui.charts import layout

            position = (
                layout.time_tick_text(self.crosshair) if self.axis == "time" else number(round(self.crosshair, 2))
            )
            parts = [(f"{self.axis} {position}  ", self._content_style("chart--cross")), *parts]
        return Content.assemble(*parts)

    def _content_style(self, part: str) -> ContentStyle:
        return ContentStyle.from_rich_style(self.style_of(part))

    def legend(self) -> list[tuple[str, str, int | None]]:
        """Return (label, value at the crosshair or last value, colour) of every plot."""
        if not self.plots:  # before the first curve: NumPy is not imported for the first frame
            return []
        from hptui.tui.charts.layout import value_at

        entries = []
        for plot in self.plots:
            line = self._line_of_plot(plot)
            value = None
            if line is not None and line.x.size:
                value = value_at(line, self.crosshair if self.crosshair is not None else float(line.x[-1]))
            entries.append((plot.label, "" if value is None else number(value), plot.colour))
        return entries

    # keys -----------------------------------------------------------------------------------------------------

    def action_zoom(self, factor: float) -> None:
        if self._frame is None:
            return
        box = self._frame.box
        centre = (
            self.crosshair if self.crosshair is not None else box.x1 if factor < 1 and self.window is None else None
        )
        centre = (box.x0 + box.x1) / 2 if centre is None else centre
        full_start, full_end = self._full_range()
        size = (box.x1 - box.x0) * factor
        if size >= full_end - full_start:
            self.window = None
        else:
            fraction = (centre - box.x0) / (box.x1 - box.x0)
            start = max(full_start, min(centre - size * fraction, full_end - size))
            self.window = (start, start + size)
        self._last_bounds = None
        self.redraw()
        self.post_message(self.ViewChanged(self))

    def action_pan(self, by: int) -> None:
        if self._frame is None:
            return
        box = self._frame.box
        if self.crosshair is not None:
            across = max(1, self.size.width - self._frame.gutter - 1)
            self.crosshair += by * (box.x1 - box.x0) / across
            self.redraw()
            self.post_message(self.ViewChanged(self))
            return
        if self.window is None:
            return
        full_start, full_end = self._full_range()
        size = box.x1 - box.x0
        start = max(full_start, min(box.x0 + by * size / 4, full_end - size))
        self.window = (start, start + size)
        self.redraw()
        self.post_message(self.ViewChanged(self))

    def _full_range(self) -> tuple[float, float]:
        """Return the bounds of the x axis without a zoom."""
        ends = [float(line.x[-1]) for line in self._drawn_lines if line.x.size]
        starts = [float(line.x[0]) for line in self._drawn_lines if line.x.size]
        end = max([*ends, self.length if self.axis == "step" else 0.0, 1.0])
        return min([0.0, *starts]), end

    def action_fit(self) -> None:
        self.window, self._last_bounds, self.crosshair = None, None, None
        self.redraw()
        self.post_message(self.ViewChanged(self))

    def action_log_y(self) -> None:
        self.log_y = not self.log_y
        self.redraw()
        self.post_message(self.ViewChanged(self))

    def action_axis(self) -> None:
        self.axis = AXES[(AXES.index(self.axis) + 1) % len(AXES)]
        self.window = self.crosshair = None
        self.redraw()
        self.post_message(self.ViewChanged(self))

    def action_smooth(self, by: int) -> None:
        index = min(range(len(SMOOTHING_WEIGHTS)), key=lambda index: abs(SMOOTHING_WEIGHTS[index] - self.smoothing))
        self.smoothing = SMOOTHING_WEIGHTS[max(0, min(len(SMOOTHING_WEIGHTS) - 1, index + by))]
        self.redraw()
        self.post_message(self.ViewChanged(self))

    def action_crosshair(self) -> None:
        if self.crosshair is not None or self._frame is None:
            self.crosshair = None
        else:
            ends = [float(line.x[-1]) for line in self._drawn_lines if line.x.size]
            box = self._frame.box
            self.crosshair = min(max(ends, default=box.x1), box.x1)
        self.redraw()
        self.post_message(self.ViewChanged(self))

    def on_click(self, event: events.Click) -> None:
        self.focus()
        if self._frame is not None and event.x >= self._frame.gutter:
            box = self._frame.box
            across = max(1, self.size.width - self._frame.gutter - 1)
            self.crosshair = box.x0 + (event.x - self._frame.gutter) / across * (box.x1 - box.x0)
            self.redraw()
            self.post_message(self.ViewChanged(self))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_zoom(0.8)
        event.stop()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_zoom(1.25)
        event.stop()
