"""A pane with a plot, and a cursor on the trial of one of its points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from hptui.tui.keys import bindings
from hptui.tui.widgets.facts import Facts

if TYPE_CHECKING:
    from hptui.tui.charts.grid import Drawing, TrialMark

MAX_CLICK_DISTANCE = 3
"""Cells between a click and the point that it means."""
LINE_WEIGHT = 2
"""A line is as high as this many columns are wide."""


class PlotPane(Facts):
    """A drawing. Keys and clicks move over its points; of a drawing without points they scroll."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("points")

    class PointChosen(Message):
        """The cursor is on another trial."""

    class PointOpened(Message):
        """The trial under the cursor is to be opened."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.marks: Sequence[TrialMark] = ()
        self.best: int | None = None
        self._trial: int | None = None

    @property
    def trial(self) -> int | None:
        """Number of the trial under the cursor; None if the drawing has no points, or not the one chosen."""
        mark = self._mark()
        return None if mark is None else mark.trial

    def show_plot(self, drawing: Drawing, marks: Sequence[TrialMark], best: int | None) -> None:
        """Show a drawing with its points, in the order of the x axis; the cursor begins on the best trial."""
        self.marks, self.best = marks, best
        if self._trial is None:
            self._trial = best
        self.show(drawing)

    def _mark(self) -> TrialMark | None:
        return next((mark for mark in self.marks if mark.trial == self._trial), None)

    def draw(self, y: int, width: int) -> Strip:
        """Return a line; the cell under the cursor is reversed, which can be seen without colours."""
        strip = super().draw(y, width)
        mark = self._mark()
        if mark is None or mark.line != self.top + y or not 0 <= mark.column < width:
            return strip
        before, cell, after = strip.divide([mark.column, mark.column + 1, width])
        return Strip([*before, *cell.apply_style(Style(reverse=True, bold=True)), *after], width)

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

    def on_click(self, event: events.Click) -> None:
        """Go to the point under the mouse; a double click opens its trial."""
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
