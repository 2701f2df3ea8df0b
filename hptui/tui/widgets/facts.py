"""A pane of text that can be scrolled: labels and values, or lines, each cell with its meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.strip import Strip

from hptui.tui.cells import Cell, width_of
from hptui.tui.keys import bindings
from hptui.tui.widgets.lines import LineWidget

FactLine = Sequence[Cell]
"""A line of cells."""
MAX_FOLDED_LINES = 40
"""Maximum number of lines into which a text is folded."""


class Facts(LineWidget, can_focus=True):
    """Lines of cells, which scroll if there are more than fit."""

    BINDINGS = bindings("pane")

    def __init__(self, *, wrap: bool = True, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.wrap = wrap
        self.unfolded_lines: Sequence[FactLine] = ()
        self.lines: Sequence[FactLine] = ()
        self.title = ""
        self.top = 0

    def show(self, lines: Sequence[FactLine]) -> None:
        """Show other lines."""
        self.unfolded_lines = lines
        self._fold_lines()
        self.repaint()

    def scroll_to_line(self, index: int) -> None:
        """Show a line, given by its index before folding, at the top."""
        width = self.size.width
        before = self.unfolded_lines[:index]
        self.top = sum(len(fold_line(line, width)) for line in before) if self.wrap and width > 0 else index
        self.action_move(0)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines at a width, where the height is to fit them."""
        folded = (len(fold_line(line, width)) if self.wrap and width > 0 else 1 for line in self.unfolded_lines)
        return max(1, sum(folded))

    def draw(self, y: int, width: int) -> Strip:
        """Return line `y` of the lines in sight."""
        index = self.top + y
        if index >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        return self.draw_line(self.lines[index], width)

    def draw_line(self, line: FactLine, width: int) -> Strip:
        """Return cells next to each other, padded to `width`, or cut.

        A sign says that the line is cut: half a number is another one.
        """
        base = self.rich_style
        segments = []
        for cell in line:
            style = base + self.style_of(f"cells--{cell.meaning}") if cell.meaning else base
            text = cell.text.rstrip() if cell is line[-1] else cell.text
            segments.append(Segment(text, style + Style(bold=True) if cell.bold else style))
        strip = Strip(segments)
        if strip.cell_length > width > 0:
            strip = Strip([*strip.crop(0, width - 1), Segment("…", base + self.style_of("cells--muted"))])
        return strip.adjust_cell_length(width, base)

    def _clamp_scroll(self) -> None:
        self.top = max(0, min(self.top, len(self.lines) - self.size.height))
        self.set_title(self.title, self.hidden_text())

    def hidden_text(self) -> str:
        """Return the text in the border: how many lines are below."""
        hidden = len(self.lines) - self.top - self.size.height
        return f"{hidden} more" if hidden > 0 and self.size.height else ""

    def on_resize(self) -> None:
        self._fold_lines()
        self.refresh()

    def _fold_lines(self) -> None:
        """Fold the lines that are too long, if `wrap` is set."""
        width = self.size.width
        fold = self.wrap and width > 0
        self.lines = (
            [part for line in self.unfolded_lines for part in fold_line(line, width)] if fold else self.unfolded_lines
        )
        self._clamp_scroll()

    def action_move(self, by: int) -> None:
        self.top += by
        self._clamp_scroll()
        self.repaint()

    def action_edge(self, to: int) -> None:
        self.top = 0 if to < 0 else len(self.lines)
        self._clamp_scroll()
        self.repaint()

    def action_page(self, share: float) -> None:
        self.action_move(int(share * self.size.height) or 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_move(3)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_move(-3)
        event.stop()


def fold_line(line: FactLine, width: int) -> list[FactLine]:
    """Fold a line into as many as its last cell needs; the parts are aligned under that cell."""
    *leading, last = line or [Cell("")]
    indent = sum(width_of(cell.text) for cell in leading)
    room = width - indent
    if width_of(last.text) <= room or room < 12:
        return [line]
    texts: list[str] = []
    remaining = last.text
    while width_of(remaining) > room and len(texts) < MAX_FOLDED_LINES:
        part = set_cell_size(remaining, room).rstrip() if not remaining.isascii() else remaining[:room]
        # Between two items of a list rather than within one.
        break_at = max(part.rfind(" "), 0) if part.rfind("   ") <= room // 2 else part.rfind("   ")
        if break_at > room // 2:
            part = part[:break_at]
        texts.append(part)
        remaining = remaining[len(part) :].lstrip()
    texts.append(remaining)
    lines: list[FactLine] = [[*leading, replace(last, text=texts[0])]]
    return lines + [[Cell(" " * indent), replace(last, text=part)] for part in texts[1:]]
