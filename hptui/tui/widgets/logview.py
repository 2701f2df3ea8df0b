"""The lines of a log: its end in a pane, or all of it on a screen, with find, filter and follow.

Lines are read from the file when they are drawn; the feed only gives the positions where they begin.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from rich.cells import chop_cells
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip

from hptui.tui.cells import fit_cells, plain_line, width_of
from hptui.tui.editor import open_pager
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.sources.log import LogSnapshot, read_line
from hptui.tui.widgets.lines import LineWidget

MAX_SEARCHED_LINES = 200_000
"""Number of lines that a search reads at most, so that the screen answers again."""


class LogView(LineWidget, can_focus=True):
    """A view of a log. It follows the end of the file until the user scrolls away, and again from `G` on."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--number", "log--found", "log--cursor", "log--bad"}
    DEFAULT_CSS = """
    LogView {
        & .log--number { color: $mean-muted; }
        & .log--found { background: $mean-warn 40%; text-style: bold; }
        & .log--cursor { background: $cursor; }
        & .log--bad { color: $mean-bad; }
    }
    """
    BINDINGS = bindings("log")

    class StateChanged(Message):
        """The view follows, finds or shows something else."""

        def __init__(self, view: LogView) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> LogView:
            return self.view

    class LineOpened(Message):
        """A line was clicked twice."""

    class InputRequested(Message):
        """A text is to be typed: `find` or `filter`."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, *, numbers: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.snapshot: LogSnapshot | None = None
        self.numbers = numbers
        self.follow = True
        self.needle = ""
        self.cursor = 0
        self.top = 0
        self.offset_x = 0
        self.wrapped = False
        self._fd: tuple[Path, int] | None = None
        self._rows: tuple[object, list[tuple[int, str, bool]]] = (None, [])

    def on_unmount(self) -> None:
        self._close_file()

    def _close_file(self) -> None:
        if self._fd is not None:
            with suppress(OSError):
                os.close(self._fd[1])
            self._fd = None

    def show(self, snapshot: LogSnapshot) -> None:
        """Show the present state of the log."""
        previous = self.snapshot
        if previous is None or previous.path != snapshot.path or previous.size > snapshot.size:
            self._close_file()
            self.follow, self.offset_x = True, 0
        self.snapshot = snapshot
        if self.follow:
            self.cursor = max(0, len(snapshot) - 1)
        self._clamp_scroll()
        self.repaint()

    def text(self, index: int) -> str:
        """Return a line, sanitized; `index` counts the lines that the filter selects."""
        snapshot = self.snapshot
        if snapshot is None or snapshot.path is None or not 0 <= index < len(snapshot):
            return ""
        try:
            if self._fd is None or self._fd[0] != snapshot.path:
                self._close_file()
                self._fd = (snapshot.path, os.open(snapshot.path, os.O_RDONLY | os.O_CLOEXEC))
            return plain_line(read_line(self._fd[1], snapshot, snapshot.number(index)), limit=8000)
        except OSError:
            return ""

    def _clamp_scroll(self) -> None:
        count = len(self.snapshot) if self.snapshot is not None else 0
        height = max(1, self.size.height)
        self.cursor = max(0, min(self.cursor, count - 1))
        self.top = max(0, min(self.top, count - height))
        if self.follow:
            self.top = max(0, count - height)
        elif self.cursor < self.top:
            self.top = self.cursor
        elif self.cursor >= self.top + height:
            self.top = self.cursor - height + 1

    def on_resize(self) -> None:
        self._clamp_scroll()
        self.refresh()

    def on_focus(self) -> None:
        self.repaint()

    def on_blur(self) -> None:
        self.repaint()

    def draw(self, y: int, width: int) -> Strip:
        """Return line `y` of the log in sight."""
        base = self.rich_style
        snapshot = self.snapshot
        if snapshot is None:
            return Strip.blank(width, base)
        if not len(snapshot):
            if y:
                return Strip.blank(width, base)
            message = snapshot.problem or ("no line passes the filter" if snapshot.filter else "nothing printed yet")
            return Strip([Segment(fit_cells(plain_line(message), width), base + self.style_of("log--number"))])
        if self.wrapped:
            rows = self._wrapped_rows(width, snapshot)
            if y >= len(rows):
                return Strip.blank(width, base)
            index, text, first = rows[y]
        else:
            index, text, first = self.top + y, "", True
        if index >= len(snapshot):
            return Strip.blank(width, base)
        if index == self.cursor and self.has_focus and not self.follow:
            base = base + self.style_of("log--cursor")
        full_line = self.text(index)
        text = text if self.wrapped else full_line
        segments: list[Segment] = []
        if gutter := self._gutter_width(snapshot):
            number = f"{snapshot.number(index) + 1:>{gutter - 1}} " if first else " " * gutter
            segments.append(Segment(number, base + self.style_of("log--number")))
        is_error = full_line.lstrip()[:12].lower().startswith(("error", "traceback", "critical", "fatal"))
        style = base + self.style_of("log--bad") if is_error else base
        text = text[self.offset_x :] if self.offset_x and not self.wrapped else text
        position = text.lower().find(self.needle.lower()) if self.needle else -1
        if position >= 0:
            end = position + len(self.needle)
            segments += [
                Segment(text[:position], style),
                Segment(text[position:end], base + self.style_of("log--found")),
            ]
            segments.append(Segment(text[end:], style))
        else:
            segments.append(Segment(text, style))
        if width_of(text) > width and position < 0:
            segments[-1] = Segment(fit_cells(text, max(1, width - sum(s.cell_length for s in segments[:-1]))), style)
        return Strip(segments).adjust_cell_length(width, base)

    def _gutter_width(self, snapshot: LogSnapshot) -> int:
        return len(str(len(snapshot.starts))) + 1 if self.numbers else 0

    def _wrapped_rows(self, width: int, snapshot: LogSnapshot) -> list[tuple[int, str, bool]]:
        """Return the rows of wrapped lines: index of the line, part of it, whether that is its first part.

        The cursor's line is always among them; at the end of the log its last row is.
        """
        height = max(1, self.size.height)
        key = (snapshot, self.top, self.cursor, self.follow, width, height)
        if self._rows[0] != key:
            room = max(1, width - self._gutter_width(snapshot))
            last = len(snapshot) - 1 if self.follow else min(self.top + height - 1, len(snapshot) - 1)
            parts = {index: chop_cells(self.text(index), room) or [""] for index in range(self.top, last + 1)}
            top = self.top
            while top < self.cursor and sum(len(parts[n]) for n in range(top, self.cursor + 1)) > height:
                top += 1
            rows = [
                (n, part, number_of_part == 0)
                for n in range(top, last + 1)
                for number_of_part, part in enumerate(parts[n])
            ]
            self._rows = (key, rows[-height:] if self.follow else rows[:height])
        return self._rows[1]

    def action_wrap(self) -> None:
        self.wrapped = not self.wrapped
        self.offset_x = 0
        self.refresh()
        self.post_message(self.StateChanged(self))

    # moving and finding ---------------------------------------------------------------------------------------

    def _after_move(self) -> None:
        self._clamp_scroll()
        self.repaint()
        self.post_message(self.StateChanged(self))

    def action_move(self, by: int) -> None:
        if self.follow and by < 0:
            self.follow = False
        self.cursor += by
        self._after_move()

    def action_edge(self, to: int) -> None:
        self.follow = to > 0
        self.cursor = len(self.snapshot or ()) - 1 if to > 0 else 0
        self._after_move()

    def action_page(self, share: float) -> None:
        by = int(share * self.size.height) or (1 if share > 0 else -1)
        if by < 0:
            self.follow = False
        self.top += by
        self.cursor += by
        self._after_move()

    def action_side(self, by: int) -> None:
        self.offset_x = max(0, self.offset_x + by * 8)
        self._after_move()

    def action_follow(self) -> None:
        self.follow = not self.follow
        if self.follow:
            self.cursor = max(0, len(self.snapshot or ()) - 1)
        self._after_move()

    def action_find(self) -> None:
        self.post_message(self.InputRequested("find"))

    def action_filter(self) -> None:
        self.post_message(self.InputRequested("filter"))

    def action_pager(self) -> None:
        if self.snapshot is not None and self.snapshot.path is not None:
            open_pager(host_of(self), self.snapshot.path)

    def action_copy(self) -> None:
        host_of(self).copy(self.text(self.cursor), "the line")

    def go_to(self, index: int) -> None:
        """Put the cursor on a line, in the middle of the pane."""
        self.follow, self.cursor = False, index
        self.top = max(0, index - self.size.height // 2)
        self._after_move()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the line under the mouse."""
        self.focus()
        offset = event.get_content_offset(self)
        if offset is None or self.snapshot is None or not len(self.snapshot):
            return
        rows = self._wrapped_rows(self.size.width, self.snapshot) if self.wrapped else []
        index = rows[offset.y][0] if offset.y < len(rows) else self.top + offset.y
        if index < len(self.snapshot) and (not self.wrapped or offset.y < len(rows)):
            self.follow, self.cursor = False, index
            self._after_move()
            if event.chain == 2:
                self.post_message(self.LineOpened())

    def find(self, text: str) -> bool:
        """Find a text from the cursor on; return whether it occurs."""
        self.needle = text
        return self._find_from(self.cursor, 1) if text else True

    def action_again(self, by: int) -> None:
        if self.needle and not self._find_from(self.cursor + by, by):
            self.app.bell()

    def _find_from(self, start: int, by: int) -> bool:
        snapshot = self.snapshot
        count = len(snapshot) if snapshot is not None else 0
        needle = self.needle.lower()
        for step in range(min(count, MAX_SEARCHED_LINES)):
            index = (start + step * by) % count
            if needle in self.text(index).lower():
                self.follow, self.cursor = False, index
                self._after_move()
                return True
        self.repaint()
        return False

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.top += 3
        self.cursor = max(self.cursor, self.top)
        if self.snapshot is not None and self.top + self.size.height >= len(self.snapshot):
            self.follow = True
        self._after_move()
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.follow = False
        self.top = max(0, self.top - 3)
        self.cursor = min(self.cursor, self.top + self.size.height - 1)
        self._after_move()
        event.stop()
