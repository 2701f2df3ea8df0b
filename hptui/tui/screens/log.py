"""A whole log, with find, filter and follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from hptui.model.format import size
from hptui.tui.cells import Cell
from hptui.tui.screens.ask import TextInput
from hptui.tui.screens.base import SourceScreen, app_of
from hptui.tui.sources.log import LogSnapshot, LogSource
from hptui.tui.sources.pool import FeedSource
from hptui.tui.text import plain_line
from hptui.tui.widgets.lineui import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.logview import LogView


class LogScreen(SourceScreen):
    """One log file. `source` may be that of the screen below."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, title: str, source: LogSource) -> None:
        super().__init__()
        self._title = title
        # A source of its own: a filter here must not apply to the pane below, which shows the same file.
        self.source = LogSource(source.path, source.why)
        self._typing_for = ""

    def compose(self) -> ComposeResult:
        yield CellLine(id="head", classes="bar")
        yield LogView(numbers=True, id="body", classes="pane")
        yield TextInput(id="filter")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=app_of(self).config.charts == "ascii")

    def on_mount(self) -> None:
        self.log_view = self.query_one(LogView)
        self.query_one("#filter", TextInput).can_focus = False
        self.log_view.focus()
        self._update_head()

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self.source]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show the new snapshot of a source."""
        self.log_view.show(snapshot)
        self._update_head()

    @on(LogView.StateChanged)
    def _update_head(self) -> None:
        view, snapshot = self.log_view, self.source.latest
        left = [Cell(plain_line(self._title, 80), bold=True)]
        right: list[Cell] = []
        if isinstance(snapshot, LogSnapshot) and snapshot.path is not None:
            left.append(Cell(f"{len(snapshot.starts):,} lines  {size(snapshot.size)}", "muted"))
            if snapshot.skipped:
                left.append(Cell(f"the first {size(snapshot.skipped)} are left out", "warn"))
            if snapshot.filter:
                left.append(Cell(f"filter {plain_line(snapshot.filter, 40)}: {len(snapshot):,}", "warn"))
            if view.needle:
                left.append(Cell(f"find {plain_line(view.needle, 40)}", "warn"))
            right = [
                Cell("following" if view.follow else f"line {view.cursor + 1:,}", "running" if view.follow else "")
            ]
        self.query_one("#head", CellLine).show(left, right)
        view.set_title(
            "log", plain_line(snapshot.path, 200) if snapshot is not None and snapshot.path is not None else ""
        )

    @on(LogView.InputRequested)
    def _open_input(self, message: LogView.InputRequested) -> None:
        self._typing_for = message.action
        input_line = self.query_one("#filter", TextInput)
        input_line.can_focus = True
        input_line.add_class("shown")
        input_line.placeholder = (
            "find" if message.action == "find" else "only lines with this text; !text: only those without"
        )
        input_line.value = self.log_view.needle if message.action == "find" else self.source.filter
        input_line.focus()

    @on(Input.Submitted, "#filter")
    def _accept_input(self, event: Input.Submitted) -> None:
        self._close_input()
        if self._typing_for == "find":
            if not self.log_view.find(event.value):
                app_of(self).say(f"{event.value!r} is not in it", "warn")
        else:
            self.source.filter = event.value
            self.feed.wake()
        self._update_head()

    def _close_input(self) -> None:
        input_line = self.query_one("#filter", TextInput)
        input_line.remove_class("shown")
        input_line.can_focus = False
        self.log_view.focus()

    def key_escape(self, event: Any) -> None:
        if self.query_one("#filter").has_class("shown"):
            event.stop()
            event.prevent_default()
            self._close_input()
        elif self.source.filter or self.log_view.needle:
            event.stop()
            event.prevent_default()
            self.source.filter, self.log_view.needle = "", ""
            self.log_view.repaint()
            self.feed.wake()
            self._update_head()
