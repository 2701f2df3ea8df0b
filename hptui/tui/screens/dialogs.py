"""The general dialogs: a line to type, a choice from a list, a confirmation, the columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from hptui.core.errors import HptuiError
from hptui.tui.cells import one_line, plain_line
from hptui.tui.path_completion import completed_path
from hptui.tui.screens.screen import Dialog


class TextInput(Input):
    """An input whose cursor does not blink: a blinking one is sent twice a second over a slow line."""

    def __init__(self, value: str = "", *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(plain_line(value, limit=20_000), placeholder=placeholder, id=id, compact=True)
        self.cursor_blink = False


class TextDialog(Dialog[str | None]):
    """A dialog for one line; `check` raises `HptuiError` for a text that is not accepted."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("escape", "cancel", "Cancel"),
        Binding("tab", "complete", "Complete", priority=True),
    ]

    def __init__(
        self,
        title: str,
        value: str = "",
        *,
        hint: str = "",
        check: Callable[[str], object] | None = None,
        completes: Sequence[str] | None = None,
        wrong: str = "",
    ) -> None:
        """`completes` are the endings of the files whose paths tab completes; None: it is no path.

        `wrong` is why `value` is not accepted, shown at once.
        """
        super().__init__()
        self._wrong = wrong
        self._title, self._value, self._hint, self._check = title, value, hint, check
        self._completes = completes

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(plain_line(self._title), id="question", markup=False)
            yield TextInput(self._value)
            classes = "detail wrong" if self._wrong else "detail"
            yield Static(plain_line(self._wrong or self._hint), id="hint", classes=classes, markup=False)

    def on_mount(self) -> None:
        self.query_one(TextInput).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            if self._check is not None:
                self._check(event.value)
        except HptuiError as error:
            hint = self.query_one("#hint", Static)
            hint.update(plain_line(one_line(error)))
            hint.add_class("wrong")
            return
        self.dismiss(event.value)

    def action_complete(self) -> None:
        """Complete the path as far as it is unambiguous, and show what it can go on to."""
        if self._completes is None:
            return
        line, hint = self.query_one(TextInput), self.query_one("#hint", Static)
        line.value, candidates = completed_path(line.value, self._completes)
        line.cursor_position = len(line.value)
        names = [name.rstrip("/").rpartition("/")[2] + ("/" if name.endswith("/") else "") for name in candidates]
        hint.set_class(not names, "wrong")
        hint.update(plain_line("   ".join(names) if names else "no such file", 600))

    def action_cancel(self) -> None:
        self.dismiss(None)


TYPED = "typed"
"""The id of the option that stands for what was typed."""


class ChoiceDialog(Dialog[str | None]):
    """A dialog to choose from a list; typing narrows it down."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("escape", "cancel", "Cancel"),
        Binding("down", "move(1)", "Down", priority=True),
        Binding("up", "move(-1)", "Up", priority=True),
    ]

    def __init__(
        self, title: str, options: Sequence[str], chosen: str = "", *, wide: bool = False, other: str = ""
    ) -> None:
        """Offer `options`. With `other`, a text with `{}`, what was typed may be chosen as it stands."""
        super().__init__()
        self._title, self._options, self._chosen, self._is_wide = title, list(options), chosen, wide
        self._other = other

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog", classes="wide" if self._is_wide else ""):
            yield Static(plain_line(self._title), id="question", markup=False)
            yield TextInput(placeholder="type to narrow down")
            yield OptionList(*self._matching_options(""), compact=True, markup=False)

    def _matching_options(self, text: str) -> list[Option]:
        matches = [name for name in self._options if text.lower() in name.lower()]
        # The names that begin so stand first: others only mention the text.
        matches.sort(key=lambda name: not name.lower().startswith(text.lower()))
        options = [Option(plain_line(name), id=str(self._options.index(name))) for name in matches]
        if self._other and text.strip() and not any(f"{name} ".startswith(f"{text.strip()} ") for name in matches):
            options.append(Option(plain_line(self._other.format(text.strip())), id=TYPED))
        return options

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
        typed = self.query_one(TextInput).value.strip()
        self.dismiss(typed if option.id == TYPED else self._options[int(option.id or 0)])

    def action_move(self, by: int) -> None:
        option_list = self.query_one(OptionList)
        if option_list.option_count:
            option_list.highlighted = ((option_list.highlighted or 0) + by) % option_list.option_count

    def action_cancel(self) -> None:
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)


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


class ColumnsDialog(Dialog[list[str] | None]):
    """A list of columns to tick and to put in order. `u` restores the default ones."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("escape,q", "cancel", "Cancel"),
        Binding("enter", "take", "Take", priority=True),
        Binding("space", "tick", "Tick", priority=True),
        Binding("u", "usual", "Usual"),
        Binding("j", "down", "Down"),
        Binding("k", "up", "Up"),
        Binding("J,shift+down", "shift(1)", "Move down"),
        Binding("K,shift+up", "shift(-1)", "Move up"),
    ]

    def __init__(self, available: Sequence[str], chosen: Sequence[str], usual: Sequence[str]) -> None:
        super().__init__()
        self._names = [*chosen, *(name for name in available if name not in chosen)]
        self._chosen, self._usual = set(chosen), list(usual)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static("Columns", id="question", markup=False)
            yield OptionList(*self._prompts(), compact=True, markup=False)
            details = "space ticks, J and K move it, enter takes, u takes the usual ones"
            yield Static(details, classes="detail", markup=False)

    def on_mount(self) -> None:
        self._list.focus()
        self._list.highlighted = 0 if self._names else None

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    def _prompts(self) -> list[str]:
        # Letters tell what is ticked: there may be no colours.
        return [f"[{'x' if name in self._chosen else ' '}] {plain_line(name, 60)}" for name in self._names]

    def _show(self) -> None:
        for index, prompt in enumerate(self._prompts()):
            self._list.replace_option_prompt_at_index(index, prompt)

    @on(OptionList.OptionSelected)
    def _clicked(self) -> None:
        self.action_tick()

    def action_tick(self) -> None:
        if (index := self._list.highlighted) is not None:
            self._chosen ^= {self._names[index]}
            self._show()

    def action_shift(self, by: int) -> None:
        index = self._list.highlighted
        if index is not None and 0 <= index + by < len(self._names):
            self._names.insert(index + by, self._names.pop(index))
            self._show()
            self._list.highlighted = index + by

    def action_take(self) -> None:
        self.dismiss([name for name in self._names if name in self._chosen])

    def action_usual(self) -> None:
        self.dismiss([])

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_down(self) -> None:
        self._list.action_cursor_down()

    def action_up(self) -> None:
        self._list.action_cursor_up()
