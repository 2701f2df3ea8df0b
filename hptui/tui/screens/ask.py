"""A line to type: a note, a number of trials, a file.

What is typed can be checked before it is accepted.
"""

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
from hptui.tui.text import plain_line


class TextInput(Input):
    """An input whose cursor does not blink: a blinking one is sent twice a second over a slow line."""

    def __init__(self, value: str = "", *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(plain_line(value, limit=20_000), placeholder=placeholder, id=id, compact=True)
        self.cursor_blink = False


class TextDialog(Dialog[str | None]):
    """A dialog for one line; `check` raises `HptuiError` for a text that is not accepted."""

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
            yield Static(plain_line(self._title), id="question", markup=False)
            yield TextInput(self._value)
            yield Static(plain_line(self._hint), id="hint", classes="detail", markup=False)

    def on_mount(self) -> None:
        self.query_one(TextInput).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            if self._check is not None:
                self._check(event.value)
        except HptuiError as error:
            hint = self.query_one("#hint", Static)
            hint.update(plain_line(str(error).replace("\n", " ")))
            hint.add_class("wrong")
            return
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        self.dismiss(None)


class ChoiceDialog(Dialog[str | None]):
    """A dialog to choose from a list; typing narrows it down."""

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
            yield Static(plain_line(self._title), id="question", markup=False)
            yield TextInput(placeholder="type to narrow down")
            yield OptionList(*self._matching_options(""), compact=True, markup=False)

    def _matching_options(self, text: str) -> list[Option]:
        matches = [name for name in self._options if text.lower() in name.lower()]
        return [Option(plain_line(name), id=str(self._options.index(name))) for name in matches]

    def on_mount(self) -> None:
        self.query_one(TextInput).focus()
        option_list = self.query_one(OptionList)
        if self._chosen in self._options:
            option_list.highlighted = self._options.index(self._chosen)
        elif self._options:
            option_list.highlighted = 0

    def on_input_changed(self, event: Input.Changed) -> None:
        option_list = self.query_one(OptionList)
        option_list.clear_options()
        option_list.add_options(self._matching_options(event.value))
        if option_list.option_count:
            option_list.highlighted = 0

    def on_input_submitted(self) -> None:
        option_list = self.query_one(OptionList)
        if option_list.highlighted is not None:
            self._choose(option_list.get_option_at_index(option_list.highlighted))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option)

    def _choose(self, option: Option) -> None:
        self.dismiss(self._options[int(option.id or 0)])

    def action_move(self, by: int) -> None:
        option_list = self.query_one(OptionList)
        if option_list.option_count:
            option_list.highlighted = ((option_list.highlighted or 0) + by) % option_list.option_count

    def action_cancel(self) -> None:
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)
