"""A pane of rendered Markdown that can be scrolled."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.widgets import Markdown

from hptui.tui.host import host_of
from hptui.tui.keys import bindings


class AsciiMarkdown(Markdown):
    """Markdown for terminals with ASCII only."""

    BULLETS = ["- ", "* ", "+ "]  # noqa: RUF012  Textual declares it so


class MarkdownPane(VerticalScroll):
    """Shows Markdown as it reads. Links are not followed: the machine may have no browser."""

    DEFAULT_CSS = """
    MarkdownPane { background: $background; }
    MarkdownPane Markdown { background: $background; }
    """
    BINDINGS = bindings("pane")

    def show(self, text: str) -> None:
        """Show another text, from its beginning."""
        self.remove_children()
        markdown = AsciiMarkdown if host_of(self).config.charts == "ascii" else Markdown
        self.mount(markdown(text, open_links=False))
        self.scroll_home(animate=False)

    def go_to_heading(self, index: int) -> None:
        """Show the heading of that number, counted from 0, at the top."""
        headings = list(self.query(", ".join(f"MarkdownH{level}" for level in range(1, 7))))
        if 0 <= index < len(headings):
            self.scroll_to_widget(headings[index], top=True, animate=False, force=True)

    def action_move(self, by: int) -> None:
        self.scroll_relative(y=by, animate=False)

    def action_edge(self, to: int) -> None:
        if to < 0:
            self.scroll_home(animate=False)
        else:
            self.scroll_end(animate=False)

    def action_page(self, share: float) -> None:
        self.action_move(int(share * self.size.height) or 1)
