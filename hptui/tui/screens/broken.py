"""The screen of a study that cannot be read: why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult

from hptui.store.paths import StudyDir
from hptui.tui.cells import Cell, plain_line
from hptui.tui.feed import Trouble
from hptui.tui.host import host_of
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.sources.pool import FeedSource
from hptui.tui.sources.study import StudySource
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.facts import Facts


class BrokenScreen(SourceScreen):
    """Shows why a study cannot be read, tries again at each poll, and opens the study once it can be read."""

    def __init__(self, sd: StudyDir, trouble: Trouble) -> None:
        super().__init__()
        self.sd = sd
        self._trouble = trouble
        self._source = StudySource(sd)

    def compose(self) -> ComposeResult:
        yield CellLine(id="head", classes="bar")
        yield Facts(id="body", classes="pane")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host_of(self).config.charts == "ascii")

    def on_mount(self) -> None:
        self.query_one("#head", CellLine).show(
            [Cell(plain_line(self.sd.name, 64), bold=True), Cell("unreadable", "bad")]
        )
        pane = self.query_one(Facts)
        pane.title = "this study cannot be shown"
        pane.set_title(pane.title)
        pane.focus()
        self._show_trouble()

    def _show_trouble(self) -> None:
        lines = [[Cell(plain_line(part, 400), "bad")] for part in self._trouble.message.splitlines()]
        lines += [[Cell("")], [Cell(plain_line(self._trouble.hint, 400))]] if self._trouble.hint else []
        lines += [[Cell("")], [Cell("It is looked at again every moment; esc goes back.", "muted")]]
        self.query_one(Facts).show(lines)

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return [self._source]

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Open the study, which can be read now."""
        host_of(self).open("study", sd=self.sd, replace=True)

    def trouble(self, source: FeedSource, trouble: Trouble) -> None:
        """Show why the study cannot be read."""
        self._trouble = trouble
        self._show_trouble()
