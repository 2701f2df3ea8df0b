"""The last messages, the newest first: what was said while nobody looked, or was too long for its line."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Static

from hptui.tui.cells import Cell, plain_line
from hptui.tui.messages import Message
from hptui.tui.screens.screen import Dialog
from hptui.tui.widgets.facts import Facts


class MessagesScreen(Dialog[None]):
    """A dialog with a message per line, folded where it is long."""

    BINDINGS = [Binding("escape,q,exclamation_mark", "cancel", "Close")]  # noqa: RUF012  Textual reads it so

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__()
        self._messages = list(messages)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="wide"):
            yield Static(f"Messages · the last {len(self._messages)}", id="question", markup=False)
            yield Facts(id="messages")
            yield Static("esc closes", classes="detail", markup=False)

    def on_mount(self) -> None:
        pane = self.query_one(Facts)
        pane.show(message_lines(self._messages))
        pane.focus()

    def action_cancel(self) -> None:
        self.dismiss(None)


def message_lines(messages: Sequence[Message]) -> list[list[Cell]]:
    """Return a line per message, the newest first."""
    if not messages:
        return [[Cell("none yet", "muted")]]
    return [
        [
            Cell(f"{time.strftime('%H:%M:%S', time.localtime(message.when))}  ", "muted"),
            Cell(plain_line(message.text), message.meaning),
        ]
        for message in reversed(messages)
    ]
