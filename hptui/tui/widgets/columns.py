"""A pane of aligned columns that scrolls sideways, by whole columns; the first column stays."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.binding import BindingType
from textual.strip import Strip

from hptui.tui.cells import width_of
from hptui.tui.keys import bindings
from hptui.tui.widgets.facts import Facts


class ColumnFacts(Facts):
    """Lines of cells in columns. Its border says how many columns and lines are out of sight."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("columns")

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(wrap=False, id=id, classes=classes)
        self.left = 0
        self._widths: tuple[object, list[int]] = (None, [])

    def style_of(self, part: str) -> Style:
        """Return the style of a part; headings in the colour of a trial are bold."""
        style = super().style_of(part)
        return style + Style(bold=True) if "--series-" in part else style

    def column_widths(self) -> list[int]:
        """Return the width of each column, in cells."""
        if self._widths[0] is not self.lines:
            lines = [line for line in self.lines if len(line) > 1]
            count = max((len(line) for line in lines), default=0)
            widths = [
                max((width_of(line[column].text) for line in lines if column < len(line)), default=0)
                for column in range(count)
            ]
            self._widths = (self.lines, widths)
        return self._widths[1]

    def hidden_columns(self) -> tuple[int, int]:
        """Return how many columns are out of sight, on the left and on the right."""
        return self.left, max(0, len(self.column_widths()) - 1 - self.left - self.shown_columns())

    def shown_columns(self) -> int:
        """Return how many columns are drawn besides the first one: whole ones, but at least one."""
        widths = self.column_widths()
        room, shown = self.size.width - sum(widths[:1]), 0
        for width in widths[1 + self.left :]:
            # The last cells of a column are its gap to the next.
            if width - 2 > room:
                break
            room -= width
            shown += 1
        return max(1, shown)

    def draw(self, y: int, width: int) -> Strip:
        """Return line `y` of the lines in sight, with the columns in sight."""
        index = self.top + y
        if index < len(self.lines) and len(self.lines[index]) > 1:
            line = self.lines[index]
            return self.draw_line([line[0], *line[1 + self.left :][: self.shown_columns()]], width)
        return super().draw(y, width)

    def action_side(self, by: int) -> None:
        if by > 0 and not self.hidden_columns()[1]:
            return
        left = max(0, self.left + by)
        # The same columns are seen in every pane of the screen: they are of the same trials.
        for pane in self.screen.query(ColumnFacts) if self.is_attached else (self,):
            pane.left = left
            pane._clamp_scroll()
            pane.repaint()

    def hidden_text(self) -> str:
        """Return the text in the border: what is out of sight."""
        while self.left and self.left > len(self.column_widths()) - 2:
            self.left -= 1
        left, right = self.hidden_columns()
        columns = [f"← {left}"] * bool(left) + [f"{right} →"] * bool(right)
        word = "column" if left + right == 1 else "columns"
        text = f"{left + right} more {word}: {'  '.join(columns)}" if columns and self.size.width else ""
        return " · ".join(part for part in (text, super().hidden_text()) if part)
