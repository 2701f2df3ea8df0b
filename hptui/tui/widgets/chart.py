"""A chart of several curves in braille, blocks or plain characters, on axes that do not move with each point.

Only cells that changed are sent to the terminal, so the x axis is as long as the trials will be, and the y axis stays
while the curves that it shows fill it well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.style import Style as ContentStyle

from hptui.tui.cells import plain_line
from hptui.tui.charts.naming import AXES
from hptui.tui.config import LETTER_STYLES
from hptui.tui.keys import bindings
from hptui.tui.widgets.chart_legend import (
    ChartCurve,
    LegendEntry,
    axis_strip,
    legend_content,
    legend_entries,
    letter_of,
    message_strips,
    position_text,
    style_name,
)
from hptui.tui.widgets.chart_rows import row_segments
from hptui.tui.widgets.lines import LineWidget

if TYPE_CHECKING:
    from hptui.tui.charts.layout import AxisLayout
    from hptui.tui.charts.raster import SeriesLine

SMOOTHING_WEIGHTS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99)
"""Weights of the moving average that keys go through."""
MIN_DRAG_CELLS = 3
"""Cells by which the mouse must move to choose a part of the x axis."""


class Chart(LineWidget, can_focus=True):
    """A chart of curves, with zoom, crosshair and legend."""

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
        self.percent = False
        self.plots: Sequence[ChartCurve] = ()
        self.empty = "no curve yet"
        self._last_bounds: tuple[object, tuple[float, float]] | None = None
        self._lines: dict[tuple[int, str, float, bool], tuple[object, SeriesLine | None]] = {}
        self._cells: tuple[object, list[Strip]] | None = None
        self._frame: AxisLayout | None = None
        self._drawn_lines: list[SeriesLine] = []
        self._drag: tuple[float, float] | None = None
        self._was_dragged = False

    # what is shown --------------------------------------------------------------------------------------------

    def show(self, plots: Sequence[ChartCurve], *, length: float = 0.0, title: str = "", percent: bool = False) -> None:
        """Show other curves; `length` is their number of steps in the end, 0 if unknown. `percent`: of shares."""
        self.plots, self.percent = plots, percent
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
        is_smoothed = bool(self.smoothing) and any(not plot.rough for plot in self.plots)
        parts = [plain_line(self.title or self.metric, 60), f"smooth {self.smoothing:g}" if is_smoothed else ""]
        parts += ["log" if self.log_y else "", f"by {self.axis}" if self.axis != "step" else ""]
        parts.append("zoomed" if self.window is not None else "")
        self.set_title(" · ".join(part for part in parts if part), self._legend())

    def _legend(self) -> Content:
        crosshair = self.crosshair
        return legend_content(
            self.legend(),
            self.size.width - 4,
            self._content_style,
            with_values=crosshair is not None,
            with_letters=self.charts in LETTER_STYLES,
            position=position_text(self.axis, crosshair) if crosshair is not None and self._frame is not None else "",
        )

    def _content_style(self, part: str) -> ContentStyle:
        return ContentStyle.from_rich_style(self.style_of(part))

    def legend(self) -> list[LegendEntry]:
        """Return the entry of every curve: its label, its value at the crosshair or its last one, its colour."""
        curves = [(plot, self._line_of_plot(plot)) for plot in self.plots]
        return legend_entries(curves, self.crosshair, percent=self.percent)

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

    def axis_bounds(self, shown: Sequence[tuple[ChartCurve, SeriesLine]]) -> tuple[float, float, float, float] | None:
        """Return the ends of the axes (x0, x1, y0, y1); None if there is no value.

        The y axis stays while the same curves grow; other curves get their own.
        """
        from hptui.tui.charts import layout

        sized = [line for _, line in shown if line.x.size]
        if not sized:
            return None
        labels = frozenset(plot.label for plot, line in shown if line.x.size)
        x0, x1 = self.window or layout.step_bounds(sized, self.length if self.axis == "step" else 0.0)
        x1 = x1 if x1 > x0 else x0 + 1
        key = (self.title, self.log_y, self.window, self.smoothing, self.axis, labels)
        last = self._last_bounds[1] if self._last_bounds is not None and self._last_bounds[0] == key else None
        bounds = layout.steady_value_bounds(sized, x0, x1, last, log=self.log_y, zoomed=self.window is not None)
        if bounds is None:
            return None
        self._last_bounds = (key, bounds)
        return x0, x1, *bounds

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
            return message_strips(self.empty, width, height, base_style, base_style + self.style_of("chart--muted"))
        from hptui.tui.charts import layout, raster

        shown = [(plot, line) for plot in self.plots if (line := self._line_of_plot(plot)) is not None]
        bounds = self.axis_bounds(shown)
        if bounds is None:
            self._frame = None
            return message_strips(self.empty, width, height, base_style, base_style + self.style_of("chart--muted"))
        # The most important curve is drawn last, over the others.
        order = list(reversed(shown))
        box = raster.PlaneBox(*bounds, log=self.log_y, percents="y" if self.percent else "")
        frame = self._frame = layout.axis_layout(box, width, height, clock=self.axis == "time")
        with_letters = self.charts in LETTER_STYLES
        style = raster.ASCII if with_letters else raster.DOT_STYLES.get(self.charts, raster.BRAILLE)
        plot_width, plot_height = max(1, width - frame.gutter), max(1, height - 1)
        self._drawn_lines = [line for _, line in shown]
        codes, owner = raster.rasterize([line for _, line in order], plot_width, plot_height, box, style)
        styles = [base_style + self.style_of(style_name(plot.colour)) for plot, _ in order]
        letters = [letter_of(plot.colour) for plot, _ in order] if with_letters else None
        axis, label = base_style + self.style_of("chart--grid"), base_style + self.style_of("chart--muted")
        marker = self._cross_column(frame, plot_width), base_style + self.style_of("chart--best")
        ticks, strips = dict(frame.rows), []
        edge = "|" if self.charts == "ascii" else "│"
        glyphs = style.glyphs
        rows_codes, rows_owner = codes.tolist(), owner.tolist()
        for row in range(plot_height):
            segments = [Segment(ticks.get(row, "").rjust(frame.gutter - 1), label), Segment(edge, axis)]
            segments += row_segments(rows_codes[row], rows_owner[row], styles, glyphs, letters, base_style, marker)
            strips.append(Strip(segments, width))
        strips.append(axis_strip(frame, width, plot_width, label, base_style))
        return strips

    def _cross_column(self, frame: AxisLayout, across: int) -> int | None:
        if self.crosshair is None:
            return None
        box = frame.box
        self.crosshair = max(box.x0, min(self.crosshair, box.x1))
        return round((self.crosshair - box.x0) / (box.x1 - box.x0) * (across - 1))

    # keys -----------------------------------------------------------------------------------------------------

    def _change_view(self) -> None:
        self.redraw()
        self.post_message(self.ViewChanged(self))

    def action_zoom(self, factor: float) -> None:
        if self._frame is None:
            return
        from hptui.tui.charts.layout import zoomed_window

        box = self._frame.box
        centre = (box.x0 + box.x1) / 2
        if self.crosshair is not None:
            centre = self.crosshair
        elif factor < 1 and self.window is None:
            centre = box.x1
        self.window = zoomed_window((box.x0, box.x1), factor, centre, self._full_range())
        self._last_bounds = None
        self._change_view()

    def action_pan(self, by: int) -> None:
        if self._frame is None:
            return
        from hptui.tui.charts.layout import moved_window

        box = self._frame.box
        if self.crosshair is not None:
            across = max(1, self.size.width - self._frame.gutter - 1)
            self.crosshair += by * (box.x1 - box.x0) / across
        elif self.window is not None:
            self.window = moved_window((box.x0, box.x1), by / 4, self._full_range())
        else:
            return
        self._change_view()

    def _full_range(self) -> tuple[float, float]:
        """Return the bounds of the x axis without a zoom."""
        ends = [float(line.x[-1]) for line in self._drawn_lines if line.x.size]
        starts = [float(line.x[0]) for line in self._drawn_lines if line.x.size]
        end = max([*ends, self.length if self.axis == "step" else 0.0, 1.0])
        return min([0.0, *starts]), end

    def action_fit(self) -> None:
        self.window, self._last_bounds, self.crosshair = None, None, None
        self._change_view()

    def action_log_y(self) -> None:
        self.log_y = not self.log_y
        self._change_view()

    def action_axis(self) -> None:
        self.axis = AXES[(AXES.index(self.axis) + 1) % len(AXES)]
        self.window = self.crosshair = None
        self._change_view()

    def action_smooth(self, by: int) -> None:
        index = min(range(len(SMOOTHING_WEIGHTS)), key=lambda index: abs(SMOOTHING_WEIGHTS[index] - self.smoothing))
        self.smoothing = SMOOTHING_WEIGHTS[max(0, min(len(SMOOTHING_WEIGHTS) - 1, index + by))]
        self._change_view()

    def action_crosshair(self) -> None:
        if self.crosshair is not None or self._frame is None:
            self.crosshair = None
        else:
            ends = [float(line.x[-1]) for line in self._drawn_lines if line.x.size]
            box = self._frame.box
            self.crosshair = min(max(ends, default=box.x1), box.x1)
        self._change_view()

    def _position_of(self, event: events.MouseEvent) -> float | None:
        """Return the place on the x axis under the mouse; None outside."""
        # The event counts from the border.
        offset, frame = event.get_content_offset(self), self._frame
        if frame is None or offset is None or offset.x < frame.gutter:
            return None
        across = max(1, self.size.width - frame.gutter - 1)
        return frame.box.x0 + (offset.x - frame.gutter) / across * (frame.box.x1 - frame.box.x0)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._drag = None if (position := self._position_of(event)) is None else (event.x, position)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Show the part over which the mouse was dragged."""
        start, self._drag, position = self._drag, None, self._position_of(event)
        self._was_dragged = start is not None and position is not None and abs(event.x - start[0]) >= MIN_DRAG_CELLS
        if self._was_dragged and start is not None and position is not None:
            self.window = min(start[1], position), max(start[1], position)
            self.crosshair = self._last_bounds = None
            self._change_view()

    def on_click(self, event: events.Click) -> None:
        self.focus()
        if self._was_dragged:  # the end of a drag is a click, too
            self._was_dragged = False
        elif (position := self._position_of(event)) is not None:
            self.crosshair = position
            self._change_view()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_zoom(0.8)
        event.stop()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_zoom(1.25)
        event.stop()
