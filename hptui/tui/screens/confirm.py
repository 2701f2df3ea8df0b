"""A question before something is destroyed. `n`, escape and enter on No all leave things as they are."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from hptui.tui.screens.base import Dialog
from hptui.tui.text import plain_line


class ConfirmDialog(Dialog[bool]):
    """A dialog with Yes and No; No has the focus."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape,q", "answer(False)", "No"),
        Binding("left,h,right,l,tab", "other", "Other", priority=True),
    ]

    def __init__(self, question: str, details: Sequence[str] = (), yes: str = "Yes") -> None:
        super().__init__()
        self._question, self._details, self._yes = question, details, yes

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(plain_line(self._question), id="question", markup=False)
            for detail in self._details:
                yield Static(plain_line(detail), classes="detail", markup=False)
            with Horizontal(id="buttons"):
                yield Button("No (n)", id="no", compact=True)
                yield Button(f"{self._yes} (y)", id="yes", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    def action_answer(self, sure: bool) -> None:
        self.dismiss(sure)

    def action_other(self) -> None:
        self.query_one("#yes" if self.focused is self.query_one("#no") else "#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")
