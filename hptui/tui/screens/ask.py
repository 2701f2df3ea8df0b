"""A line to type: a note, a number of trials, a file. What is typed may be checked before it is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from hptui.model.errors import HptuiError
from hptui.tui.screens.base import Dialog
from hptui.tui.text import plain


class Line(Input):
    """An input that costs nothing while nobody types: its cursor does not blink."""

    def __init__(self, value: str = "", *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(plain(value, limit=20_000), placeholder=placeholder, id=id, compact=True)
        self.cursor_blink = False


class Ask(Dialog[str | None]):
    """One line; `check` raises `HptuiError` for what cannot be taken."""

    BINDINGS = [Binding("escape", "cancel", "Cancel")]  # noqa: RUF012  Textual reads it so

    def __init__(
        self,
        title: str,
        value: str = "",
        *,
        hint: str = "",
        check: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__()
        self._title, self._value, self._hint, self._check = title, value, hint, check

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(plain(self._title), id="question", markup=False)
            yield Line(self._value)
            yield Static(plain(self._hint), id="hint", classes="detail", markup=False)

    def on_mount(self) -> None:
        self.query_one(Line).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            if self._check is not None:
                self._check(event.value)
        except HptuiError as error:
            hint = self.query_one("#hint", Static)
            hint.update(plain(str(error).replace("\n", " ")))
            hint.add_class("wrong")
            return
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        self.dismiss(None)


class Pick(Dialog[str | None]):
    """One of a list; typing narrows it down."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("escape", "cancel", "Cancel"),
        Binding("down", "move(1)", "Down", priority=True),
        Binding("up", "move(-1)", "Up", priority=True),
    ]

    def __init__(self, title: str, options: Sequence[str], chosen: str = "") -> None:
        super().__init__()
        self._title, self._options, self._chosen = title, list(options), chosen

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(plain(self._title), id="question", markup=False)
            yield Line(placeholder="type to narrow down")
            yield OptionList(*self._shown(""), compact=True, markup=False)

    def _shown(self, word: str) -> list[Option]:
        fitting = [name for name in self._options if word.lower() in name.lower()]
        return [Option(plain(name), id=str(self._options.index(name))) for name in fitting]

    def on_mount(self) -> None:
        self.query_one(Line).focus()
        found = self.query_one(OptionList)
        if self._chosen in self._options:
            found.highlighted = self._options.index(self._chosen)
        elif self._options:
            found.highlighted = 0

    def on_input_changed(self, event: Input.Changed) -> None:
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options(self._shown(event.value))
        if found.option_count:
            found.highlighted = 0

    def on_input_submitted(self) -> None:
        found = self.query_one(OptionList)
        if found.highlighted is not None:
            self._take(found.get_option_at_index(found.highlighted))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._take(event.option)

    def _take(self, option: Option) -> None:
        self.dismiss(self._options[int(option.id or 0)])

    def action_move(self, by: int) -> None:
        found = self.query_one(OptionList)
        if found.option_count:
            found.highlighted = ((found.highlighted or 0) + by) % found.option_count

    def action_cancel(self) -> None:
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)
