"""A table that draws only the rows in sight: 10,000 rows cost as much as 30.

What it shows comes from `TableRows`, row by row. The first columns may be pinned; the others scroll by whole columns.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from hptui.tui.cells import TableRows, fit_cells
from hptui.tui.keys import bindings
from hptui.tui.themes import UNICODE_GLYPHS, Glyphs
from hptui.tui.widgets.lines import LineWidget


class TableWidget(LineWidget, can_focus=True):
    """A table with a cursor for rows and one for columns."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--header",
        "table--column",
        "table--cursor",
        "table--cursor-dim",
        "table--mark",
        "table--best",
    }
    DEFAULT_CSS = """
    TableWidget {
        & .table--header { color: $mean-muted; }
        & .table--column { color: $foreground; text-style: bold; }
        & .table--cursor { background: $cursor; text-style: bold; }
        & .table--cursor-dim { background: $cursor-dim; }
        & .table--mark { color: $mean-mark; text-style: bold; }
        & .table--best { color: $mean-best; text-style: bold; }
    }
    """
    BINDINGS = bindings("table")

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, table: TableWidget, key: object) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> TableWidget:
            return self.table

    class Opened(Moved):
        """A row was opened."""

    class Scrolled(Message):
        """Other rows are in sight."""

        def __init__(self, table: TableWidget) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> TableWidget:
            return self.table

    def __init__(
        self, rows: TableRows, *, glyphs: Glyphs = UNICODE_GLYPHS, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.rows = rows
        self.glyphs = glyphs
        self.cursor = 0
        self.column = 0
        self.top = 0
        self.left = 0
        self._key: object = None
        self._posted: tuple[object, ...] = ()

    # what is in sight -----------------------------------------------------------------------------------------

    @property
    def body(self) -> int:
        """Number of rows that fit."""
        return max(0, self.size.height - 1)

    def in_sight(self) -> range:
        """Return the indices of the rows in sight."""
        return range(self.top, min(len(self.rows), self.top + self.body))

    @property
    def key(self) -> object | None:
        """Identity of the row under the cursor; None in an empty table."""
        return self._key if len(self.rows) else None

    def update(self) -> None:
        """Draw what has changed after a change of the rows; the cursor stays on its row."""
        count = len(self.rows)
        index = self.rows.index_of(self._key) if self._key is not None else None
        if index is not None:
            shift = index - self.cursor
            if shift and self.top > 0:
                self.top += shift
            self.cursor = index
        self.cursor = max(0, min(count - 1, self.cursor))
        self._key = self.rows.key(self.cursor) if count else None
        self._scroll_to_cursor()
        self.repaint()
        self._post_changes()

    def go_to(self, key: object) -> bool:
        """Move the cursor to a row; return False if it is not shown."""
        index = self.rows.index_of(key)
        if index is None:
            return False
        self._move_to(index)
        return True

    def _move_to(self, index: int) -> None:
        if not len(self.rows):
            return
        self.cursor = max(0, min(len(self.rows) - 1, index))
        self._key = self.rows.key(self.cursor)
        self._scroll_to_cursor()
        self.repaint()
        self._post_changes()

    def _scroll_to_cursor(self) -> None:
        body = self.body
        if body <= 0:
            return
        self.top = max(0, min(self.top, max(0, len(self.rows) - body)))
        if self.cursor < self.top:
            self.top = self.cursor
        elif self.cursor >= self.top + body:
            self.top = self.cursor - body + 1

    def _post_changes(self) -> None:
        state = (self.top, self.body, len(self.rows))
        if not self._posted or self._posted[0] != self._key:
            self.post_message(self.Moved(self, self._key))
        if self._posted[1:] != state:
            self.post_message(self.Scrolled(self))
        self._posted = (self._key, *state)

    def on_resize(self) -> None:
        self._scroll_to_cursor()
        self.refresh()
        self._post_changes()

    def on_focus(self) -> None:
        self.repaint()

    def on_blur(self) -> None:
        self.repaint()

    # drawing --------------------------------------------------------------------------------------------------

    def draw(self, y: int, width: int) -> Strip:
        """Return the header, or the row at line `y`."""
        base = self.rich_style
        if y == 0:
            return self._header(width, base)
        index = self.top + y - 1
        if index >= len(self.rows):
            return Strip.blank(width, base)
        is_cursor = index == self.cursor
        if is_cursor:
            base = base + self.style_of("table--cursor" if self.has_focus else "table--cursor-dim")
        # The sixteen colours have no subdued background: there the row is inverted, without colours of its cells.
        is_inverted = is_cursor and self.has_focus and self.app.native_ansi_color
        marked = self.rows.marked(index)
        sign = self.glyphs.cursor if is_cursor and self.has_focus else " "
        segments = [
            Segment(sign, base if is_inverted else base + self.style_of("table--accent")),
            self.mark_segment(index, base, is_marked=marked, is_inverted=is_inverted),
        ]
        cells, used = self.rows.cells(index), 2
        for position, column_width in self.columns_in_sight(width).items():
            if position >= len(cells):
                break
            column, cell = self.rows.columns[position], cells[position]
            style = base + self.style_of(f"table--{cell.meaning}") if cell.meaning and not is_inverted else base
            if cell.bold:
                style = style + Style(bold=True)
            if position == len(cells) - 1 < len(self.rows.columns) - 1:
                # Of a row with fewer cells than there are columns, the last one has the rest.
                segments.append(Segment(fit_cells(cell.text, max(column.width, width - used)), style))
                break
            segments.append(Segment(fit_cells(cell.text, column_width, right=column.right), style))
            segments.append(Segment("  ", base))
            used += column_width + 2
        return Strip(segments).adjust_cell_length(width, base)

    def mark_segment(self, index: int, base: Style, *, is_marked: bool, is_inverted: bool) -> Segment:
        """Return the cell before a row: whether it is marked."""
        sign = self.glyphs.mark if is_marked else " "
        return Segment(sign, base if is_inverted else base + self.style_of("table--mark"))

    def _header(self, width: int, base: Style) -> Strip:
        style, selected_style = base + self.style_of("table--header"), base + self.style_of("table--column")
        by, down = self.rows.sorting()
        segments = [Segment("  ", style)]
        for position, column_width in self.columns_in_sight(width).items():
            column = self.rows.columns[position]
            sign = (self.glyphs.down if down else self.glyphs.up) if column.name == by else ""
            text = fit_cells(column.heading, max(0, column_width - len(sign)), right=column.right)
            if sign and not column.right:
                text = fit_cells(f"{column.heading[: column_width - 1]}{sign}", column_width)
                sign = ""
            is_selected = position == self.column and self.has_focus
            segments.append(Segment(text + sign, selected_style if is_selected else style))
            segments.append(Segment("  ", style))
        return Strip(segments).adjust_cell_length(width, style)

    def columns_in_sight(self, width: int) -> dict[int, int]:
        """Return the widths of the drawn columns by index: the pinned ones, then as many others as fit.

        Only a text with a `min_width` is drawn narrower than it is, as the last column.
        """
        columns = self.rows.columns
        width_left = width - 2
        shown = {}
        for index in range(min(self.rows.pinned, len(columns))):
            shown[index] = columns[index].width
            width_left -= columns[index].width + 2
        for index in range(self.rows.pinned + self.left, len(columns)):
            column = columns[index]
            if column.min_width is not None and column.min_width <= width_left < column.width:
                shown[index] = width_left
                break
            if column.width > width_left and len(shown) > self.rows.pinned:
                break
            shown[index] = column.width
            width_left -= column.width + 2
            if width_left <= 0:
                break
        return shown

    # keys and mouse -------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        self._move_to(self.cursor + by)

    def action_edge(self, to: int) -> None:
        self._move_to(0 if to < 0 else len(self.rows) - 1)

    def action_page(self, share: float) -> None:
        by = max(1, int(abs(share) * self.body)) * (1 if share > 0 else -1)
        self.top = max(0, min(self.top + by, max(0, len(self.rows) - self.body)))
        self._move_to(self.cursor + by)

    def action_column(self, by: int) -> None:
        self.column = max(0, min(len(self.rows.columns) - 1, self.column + by))
        pinned = self.rows.pinned
        if self.column >= pinned:
            while self.left > 0 and self.column < pinned + self.left:
                self.left -= 1
            whole = self.rows.columns[self.column].width
            while self._cells_in_sight(self.column) < whole and pinned + self.left < self.column:
                self.left += 1
        else:
            self.left = 0
        self.repaint()
        self.post_message(self.Scrolled(self))

    def action_open(self) -> None:
        if self.key is not None:
            self.post_message(self.Opened(self, self.key))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action may be used: rows that cannot be sorted have no keys for it."""
        return action not in ("sort", "reverse") or any(column.sortable for column in self.rows.columns)

    def action_sort(self) -> None:
        if self.rows.columns and self.rows.columns[self.column].sortable:
            self.sort_by(self.rows.columns[self.column].name)

    def action_reverse(self) -> None:
        by, down = self.rows.sorting()
        if by:
            self.sort_by(by, not down)

    def sort_by(self, name: str, down: bool | None = None) -> None:
        """Sort by a column; in the opposite direction if it is sorted by it already.

        For tables whose rows can be sorted; this one does nothing.
        """

    def on_click(self, event: events.Click) -> None:
        self.focus()
        # The event counts from the border.
        if (offset := event.get_content_offset(self)) is None:
            return
        if offset.y == 0:
            if (index_of_column := self._column_at(offset.x)) is not None:
                self.column = index_of_column
                self.action_sort()
            return
        index = self.top + offset.y - 1
        if index < len(self.rows):
            is_double_click = index == self.cursor and event.chain > 1
            self._move_to(index)
            if is_double_click:
                self.action_open()

    def _cells_in_sight(self, index: int) -> int:
        return self.columns_in_sight(self.size.width).get(index, 0)

    def _column_at(self, x: int) -> int | None:
        right_edge = 2
        for index, column_width in self.columns_in_sight(self.size.width).items():
            right_edge += column_width + 2
            if x < right_edge:
                return index
        return None

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_move(3)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_move(-3)
        event.stop()
