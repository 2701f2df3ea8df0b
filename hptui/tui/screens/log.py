"""The screens of logs: one log with find, filter and follow; what the runner decided; lines found in all logs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from hptui.core.format import size
from hptui.core.trial import Trial
from hptui.operations.logs import log_of
from hptui.store.paths import StudyDir
from hptui.tui.cells import Cell, plain_line
from hptui.tui.host import host_of
from hptui.tui.keys import bindings
from hptui.tui.screens.dialogs import TextInput
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.sources.listing import DecisionsSource, FoundSource, ListingSource
from hptui.tui.sources.log import LogSnapshot, LogSource
from hptui.tui.sources.pool import FeedSource
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.logview import LogView


class LogScreen(SourceScreen):
    """One log file. `source` may be that of the screen below."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, title: str, source: LogSource, *, line: int | None = None, needle: str = "") -> None:
        super().__init__()
        self._line, self._needle = line, needle
        self._title = title
        self.source = self.own_source(source)
        self._typing_for = ""

    def own_source(self, source: LogSource) -> LogSource:
        """Return a source of this screen alone: a filter must not apply to the pane below."""
        return LogSource(source.path, source.why, find=source.find)

    def compose(self) -> ComposeResult:
        yield CellLine(id="head", classes="bar")
        yield LogView(numbers=True, id="body", classes="pane")
        yield TextInput(id="filter")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host_of(self).config.charts == "ascii")

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
        if self._line is not None and len(snapshot) > self._line:
            self.log_view.needle = self._needle
            self.log_view.go_to(self._line)
            self._line = None
        self._update_head()

    def title_of_view(self, snapshot: LogSnapshot | None) -> tuple[str, str]:
        """Return the texts in the border."""
        return "log", plain_line(snapshot.path, 200) if snapshot is not None and snapshot.path is not None else ""

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
        view.set_title(*self.title_of_view(snapshot))

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
                host_of(self).say(f"{event.value!r} is not in it", "warn")
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
        elif self.source.filter or self.log_view.needle != self._needle:
            # What the screen was opened with was not typed here: it takes no key to leave.
            event.stop()
            event.prevent_default()
            self.source.filter, self.log_view.needle = "", self._needle
            self.log_view.repaint()
            self.feed.wake()
            self._update_head()


class SampleScreen(LogScreen):
    """A text that a trial has left, and its like of other steps."""

    scope = "sample"
    BINDINGS: ClassVar[list[BindingType]] = bindings("sample")

    def __init__(self, title: str, paths: Sequence[Path], path: Path) -> None:
        super().__init__(title, LogSource(path))
        self._paths, self._index = list(paths), list(paths).index(path)

    def title_of_view(self, snapshot: LogSnapshot | None) -> tuple[str, str]:
        """Return the texts in the border."""
        place = f"{self._index + 1} of {len(self._paths)}" if len(self._paths) > 1 else "text"
        return place, plain_line(self._paths[self._index], 200)

    def action_turn(self, by: int) -> None:
        """Show the text of the step after, or before."""
        index = self._index + by
        if 0 <= index < len(self._paths):
            self._index = index
            self._title = f"{self._title.rpartition(' › ')[0]} › {self._paths[index].name}"
            self.source.path = self._paths[index]
            self.feed.wake()
            self._update_head()


class ListingScreen(LogScreen):
    """A list that is read like a log, from a source of its own."""

    def own_source(self, source: LogSource) -> LogSource:
        """Return the source itself, which no other screen shows."""
        return source

    def on_unmount(self) -> None:
        if isinstance(self.source, ListingSource):
            self.source.close()


class DecisionsScreen(ListingScreen):
    """What the runner of a study has decided, and why."""

    scope = "decisions"
    BINDINGS: ClassVar[list[BindingType]] = bindings("decisions")

    def __init__(self, sd: StudyDir) -> None:
        super().__init__(f"{sd.name} › runner", DecisionsSource(sd))
        self.sd = sd

    def title_of_view(self, snapshot: LogSnapshot | None) -> tuple[str, str]:
        """Return the texts in the border."""
        return "what it decided", ""

    def action_printed(self) -> None:
        host_of(self).open("log", title=f"{self.sd.name} › runner, printed", source=LogSource(self.sd.runner_log))


class FoundScreen(ListingScreen):
    """The lines of all logs of a study that contain a text; a line opens its log."""

    scope = "found"
    BINDINGS: ClassVar[list[BindingType]] = bindings("found")

    def __init__(self, sd: StudyDir, trials: Sequence[Trial], text: str) -> None:
        self.matches = FoundSource(sd, trials, text)
        super().__init__(f"{sd.name} › all logs › {text}", self.matches)
        self.sd, self._trials = sd, {trial.number: trial for trial in trials}

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Show what was found so far, and search on."""
        super().read(source, snapshot)
        if self.matches.left:
            self.feed.wake()

    def title_of_view(self, snapshot: LogSnapshot | None) -> tuple[str, str]:
        """Return the texts in the border."""
        trials = len({trial for trial, _ in self.matches.places})
        count = f"{len(self.matches.places):,} lines of {trials:,} {'trial' if trials == 1 else 'trials'}"
        return count, f"{self.matches.left} logs left" if self.matches.left else ""

    @on(LogView.LineOpened)
    def action_open(self) -> None:
        """Open the log of the line under the cursor, at that line."""
        snapshot, index = self.source.latest, self.log_view.cursor
        if snapshot is None or index >= len(snapshot):
            return
        number, line = self.matches.places[snapshot.number(index)]
        source = LogSource(find=partial(log_of, self.sd, self._trials[number]))
        title = f"{self.sd.name} › trial {number}"
        host_of(self).open("log", title=title, source=source, line=line - 1, needle=self.matches.text)
