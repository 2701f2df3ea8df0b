"""The dialog that chooses the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from hptui.tui.screens.base import Dialog
from hptui.tui.text import plain_line


class ColumnsDialog(Dialog[list[str] | None]):
    """A list of columns to tick. `u` restores the default ones."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("escape,q", "cancel", "Cancel"),
        Binding("enter", "take", "Take", priority=True),
        Binding("u", "usual", "Usual"),
        Binding("j", "down", "Down"),
        Binding("k", "up", "Up"),
    ]

    def __init__(self, available: Sequence[str], chosen: Sequence[str], usual: Sequence[str]) -> None:
        super().__init__()
        self._names = [*chosen, *(name for name in available if name not in chosen)]
        self._chosen, self._usual = set(chosen), list(usual)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static("Columns", id="question", markup=False)
            options = [
                Selection(plain_line(name, 60).replace("[", "\\["), index, name in self._chosen)
                for index, name in enumerate(self._names)
            ]
            yield SelectionList[int](*options, compact=True)
            yield Static("space ticks, enter takes, u takes the usual ones", classes="detail", markup=False)

    def on_mount(self) -> None:
        self.query_one(SelectionList).focus()

    def action_take(self) -> None:
        selected = set(self.query_one(SelectionList).selected)
        self.dismiss([name for index, name in enumerate(self._names) if index in selected])

    def action_usual(self) -> None:
        self.dismiss([])

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_down(self) -> None:
        self.query_one(SelectionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(SelectionList).action_cursor_up()
