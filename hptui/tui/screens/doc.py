"""A part of the documentation that is installed with the program, rendered: what `hptui docs TOPIC.KEY` prints."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult

from hptui.core.errors import HptuiError
from hptui.tui.cells import Cell, plain_line
from hptui.tui.host import host_of
from hptui.tui.screens.source_screen import SourceScreen
from hptui.tui.widgets.bars import CellLine, KeyLine, MessageLine
from hptui.tui.widgets.markdown_pane import MarkdownPane


class DocScreen(SourceScreen):
    """What a page says about a key or section; the whole page for an empty `key`."""

    def __init__(self, topic: str, key: str, title: str) -> None:
        super().__init__()
        self._topic, self._key, self._title = topic, key, title
        self.text = ""

    def compose(self) -> ComposeResult:
        yield CellLine(id="head", classes="bar")
        yield MarkdownPane(id="body", classes="pane")
        yield MessageLine(id="answer")
        yield KeyLine(ascii=host_of(self).config.charts == "ascii")

    def on_mount(self) -> None:
        command = f"hptui docs {self._topic}{'.' if self._key else ''}{self._key}"
        left = [Cell(plain_line(self._title, 100), bold=True)]
        self.query_one("#head", CellLine).show(left, [Cell(plain_line(command, 100), "muted")])
        self.query_one(MarkdownPane).focus()
        self._read_text()

    @work(thread=True, group="doc")
    def _read_text(self) -> None:
        """Read the text: dividing a page takes longer than a frame."""
        from hptui.operations import docs

        problem = ""
        try:
            self.text = docs.about(self._topic, self._key) if self._key else docs.page(self._topic)
        except (HptuiError, OSError) as error:
            problem = f"the documentation cannot be read: {error}".replace("\n", " ")
        self.call_if_open(self._show_text, problem)

    def _show_text(self, problem: str) -> None:
        if problem:
            host_of(self).say(problem, "bad")
        elif self.is_attached:
            self.query_one(MarkdownPane).show(self.text)
