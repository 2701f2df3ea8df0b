"""A pane with a plot, and a cursor on the trial of one of its points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from hptui.tui.charts.areas import PlotArea, area_at
from hptui.tui.keys import bindings
from hptui.tui.widgets.facts import Facts

if TYPE_CHECKING:
    from hptui.tui.charts.grid import Drawing, TrialMark

MAX_CLICK_DISTANCE = 3
"""Cells between a click and the point that it means."""
MIN_DRAG_CELLS = 2
"""Cells by which the mouse must move along an axis to choose a range."""
LINE_WEIGHT = 2
"""A line is as high as this many columns are wide."""


class PlotPane(Facts):
    """A drawing. Keys and clicks move over its points; of a drawing without points they scroll."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("points")

    class PointChosen(Message):
        """The cursor is on another trial."""

    class PointOpened(Message):
        """The trial under the cursor is to be opened."""

    class RangeChosen(Message):
        """A range of a column was chosen: the text is the filter that it means."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.marks: Sequence[TrialMark] = ()
        self.best: int | None = None
        self.areas: Sequence[PlotArea] = ()
        self.range_start: int | None = None
        """Trial at which a range begins, which a key has set."""
        self._trial: int | None = None
        self._pressed: tuple[int, int] | None = None
        self._is_dragged = False

    @property
    def trial(self) -> int | None:
        """Number of the trial under the cursor; None if the drawing has no points, or not the one chosen."""
        mark = self._mark()
        return None if mark is None else mark.trial

    def show_plot(
        self, drawing: Drawing, marks: Sequence[TrialMark], best: int | None, areas: Sequence[PlotArea] = ()
    ) -> None:
        """Show a drawing with its points, in the order of the x axis; the cursor begins on the best trial."""
        self.marks, self.best, self.areas = marks, best, areas
        if self._trial is None:
            self._trial = best
        self.show(drawing)

    def _mark(self) -> TrialMark | None:
        return next((mark for mark in self.marks if mark.trial == self._trial), None)

    def draw(self, y: int, width: int) -> Strip:
        """Return a line; the cell under the cursor is reversed, which can be seen without colours."""
        strip = super().draw(y, width)
        anchor = next((mark for mark in self.marks if mark.trial == self.range_start), None)
        for mark in (anchor, self._mark()):
            if mark is not None and mark.line == self.top + y and 0 <= mark.column < width:
                before, cell, after = strip.divide([mark.column, mark.column + 1, width])
                strip = Strip([*before, *cell.apply_style(Style(reverse=True, bold=True)), *after], width)
        return strip

    def _go_to(self, mark: TrialMark) -> None:
        self._trial = mark.trial
        if not self.top <= mark.line < self.top + self.size.height:
            self.top = mark.line
            self._clamp_scroll()
        self.repaint()
        self.post_message(self.PointChosen())

    # keys -----------------------------------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        """Go `by` points along the x axis."""
        if self.marks:
            current = self._mark()
            index = -1 if current is None else self.marks.index(current) + by
            self._go_to(self.marks[max(0, min(len(self.marks) - 1, index))])

    def action_climb(self, by: int) -> None:
        """Go to the nearest point above or below; without points, scroll."""
        current = self._mark()
        if current is None:
            self.action_step(0)
            if not self.marks:
                self.action_move(by)
            return
        others = [mark for mark in self.marks if (mark.line - current.line) * by > 0]
        if others:
            self._go_to(min(others, key=lambda mark: _distance(mark, current.line, current.column)))

    def action_edge(self, to: int) -> None:
        if not self.marks:
            super().action_edge(to)
        else:
            self._go_to(self.marks[0 if to < 0 else -1])

    def action_page(self, share: float) -> None:
        if not self.marks:
            super().action_page(share)
        else:
            tenth = max(1, len(self.marks) // 10)
            self.action_step(tenth if share > 0 else -tenth)

    def action_best(self) -> None:
        mark = next((mark for mark in self.marks if mark.trial == self.best), None)
        if mark is not None:
            self._go_to(mark)

    def action_open(self) -> None:
        if self._mark() is not None:
            self.post_message(self.PointOpened())

    def action_anchor(self) -> None:
        """Begin a range at the point under the cursor, or forget where it began."""
        self.range_start = None if self.range_start is not None else self.trial
        self.repaint()

    def ranges(self) -> dict[str, str]:
        """Return the filter of each column with a range: from the anchor to the cursor, else the whole axis."""
        cursor = self._mark()
        anchor = next((mark for mark in self.marks if mark.trial == self.range_start), None)
        if cursor is not None and anchor is not None:
            area = area_at(self.areas, cursor.line, cursor.column)
            if area is not None and not area.is_vertical:
                places = (area.position(mark.line, mark.column) for mark in (anchor, cursor))
                return {area.name: area.filter_between(*places)}
        return {area.name: area.whole for area in self.areas}

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Remember where a drag may begin."""
        offset = event.get_content_offset(self)
        self._pressed = None if offset is None else (self.top + offset.y, offset.x)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Choose the range over which the mouse was dragged, along the axis where the drag began."""
        pressed, self._pressed = self._pressed, None
        offset = event.get_content_offset(self)
        if pressed is None or offset is None:
            return
        area = area_at(self.areas, *pressed)
        line, column = self.top + offset.y, offset.x
        moved = 0 if area is None else abs(line - pressed[0]) if area.is_vertical else abs(column - pressed[1])
        self._is_dragged = moved >= MIN_DRAG_CELLS
        if area is not None and self._is_dragged:
            text = area.filter_between(area.position(*pressed), area.position(line, column))
            self.post_message(self.RangeChosen(text))

    def on_click(self, event: events.Click) -> None:
        """Go to the point under the mouse; a double click opens its trial."""
        if self._is_dragged:  # the end of a drag is a click, too
            self._is_dragged = False
            return
        offset = event.get_content_offset(self)
        if offset is None or not self.marks:
            return
        line = self.top + offset.y
        mark = min(self.marks, key=lambda mark: _distance(mark, line, offset.x))
        if _distance(mark, line, offset.x) <= MAX_CLICK_DISTANCE:
            self._go_to(mark)
            if event.chain == 2:
                self.action_open()


def _distance(mark: TrialMark, line: int, column: int) -> int:
    return LINE_WEIGHT * abs(mark.line - line) + abs(mark.column - column)
