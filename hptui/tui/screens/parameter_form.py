"""A form for one parameter of the search space, checked while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, Static

from hptui.core.errors import HptuiError, StudyError
from hptui.core.space import Derived, Parameter
from hptui.core.trial import Value
from hptui.core.values import value_text
from hptui.tui.cells import plain_line
from hptui.tui.screens.dialogs import TextInput
from hptui.tui.screens.screen import Dialog
from hptui.tui.space_rows import kind_of

PARAMETER_KINDS = ("float", "int", "choice", "derived", "drawn")
"""Kinds of parameters, in the order in which a key goes through them."""
FIELDS_BY_KIND: Mapping[str, tuple[tuple[str, str], ...]] = {
    "float": (
        ("low", "least value, as 1e-5"),
        ("high", "largest value"),
        ("log", "yes: each decade alike"),
        ("step", "empty: any value"),
    ),
    "int": (("low", "least value"), ("high", "largest value"), ("log", "yes: each doubling alike"), ("step", "1")),
    "choice": (("choices", "8, 16, 32 or adam, sgd"), ("ordered", "numbers are, unless no")),
    "derived": (("expr", "2 * lora_rank"),),
    "drawn": (("distribution", "normal(0, 1), log_normal(-7, 1) or beta(2, 5)"), ("step", "empty: any value")),
}
"""Kind -> fields of the form: the key of `[space]`, and a hint."""
COMMON_FIELDS = (("when", "optimizer == 'sgd'"), ("note", "why it is searched"))
"""Fields of all kinds; `when` is not one of derived values."""
ReadParameter = Callable[[str, Mapping[str, Value]], Parameter | Derived]
"""Returns the parameter of a name and an entry. Raises StudyError if it is invalid."""
Entry = tuple[str, dict[str, Value]]
"""Name of a parameter, and its entry for `[space]`."""


class ParameterForm(Dialog["Entry | None"]):
    """A form whose result is the parameter's name and its entry for `[space]`."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("escape", "cancel", "Cancel"),
        Binding("ctrl+s", "take", "Take"),
        Binding("down", "move(1)", "Next", priority=True),
        Binding("up", "move(-1)", "Previous", priority=True),
        Binding("ctrl+t", "kind", "Kind", priority=True),
    ]

    def __init__(
        self,
        name: str,
        entry: Mapping[str, Value],
        read: ReadParameter,
        *,
        about: str = "",
        strip: Callable[[Parameter], str] | None = None,
        taken: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._parameter, self._initial_entry, self._read, self._about = name, dict(entry), read, about
        self._strip, self._taken = strip, taken
        self.kind = kind_of(entry)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(
                plain_line(f"Parameter {self._parameter}" if self._parameter else "A new parameter"),
                id="question",
                markup=False,
            )
            if self._about:
                yield Static(plain_line(self._about, 400), classes="detail", markup=False)
            yield VerticalScroll(id="fields")
            yield Static("", id="where", classes="detail", markup=False)
            yield Static("", id="hint", classes="detail", markup=False)
            yield Static("^t another kind   enter takes it   esc does not", classes="detail", markup=False)

    async def on_mount(self) -> None:
        await self._show_fields(self._initial_texts(), focus="kind" if self._parameter else "name")

    def _initial_texts(self) -> dict[str, str]:
        """Return the fields of the entry as text."""
        entry = self._initial_entry
        texts = {key: _field_text(value) for key, value in entry.items() if key not in ("choices", "weights")}
        choices = entry.get("choices")
        if isinstance(choices, list):
            texts["choices"] = ", ".join(value_text(choice) for choice in choices)
        return {"name": self._parameter, **texts}

    async def _show_fields(self, texts: Mapping[str, str], focus: str = "") -> None:
        """Show the fields of this kind, with what has been typed so far."""
        fields = self.query_one("#fields", VerticalScroll)
        await fields.remove_children()
        descriptions = [] if self._parameter else [("name", "as the trainer calls it")]
        descriptions += [
            ("kind", ", ".join(PARAMETER_KINDS)),
            *FIELDS_BY_KIND[self.kind],
            *(COMMON_FIELDS if self.kind != "derived" else COMMON_FIELDS[1:]),
        ]
        shown = {**texts, "kind": self.kind}
        rows_of_fields = [
            Horizontal(
                Static(key, classes="name", markup=False),
                TextInput(shown.get(key, ""), placeholder=hint, id=f"field-{key}"),
                classes="field",
            )
            for key, hint in descriptions
        ]
        await fields.mount_all(rows_of_fields)
        self._focus_field(focus)

    def _focus_field(self, focus: str) -> None:
        line = self.query(f"#field-{focus or 'kind'}")
        if line:
            line.first(TextInput).focus()
        self._check_fields()

    @property
    def typed(self) -> dict[str, str]:
        """The text of each field."""
        return {str(line.id).removeprefix("field-"): line.value.strip() for line in self.query(TextInput)}

    def entry(self) -> Entry:
        """Return the entry as typed.

        Raises: StudyError for what cannot be read.
        """
        from hptui.core.shorthand import parse_parameter
        from hptui.studyfile.space_table import SPACE_TABLE

        texts = self.typed
        name = self._parameter or texts.get("name", "")
        if not name:
            raise StudyError("a parameter needs a name")
        if not self._parameter and name in self._taken:
            raise StudyError("is in the space already", where=f"space.{name}")
        entry: dict[str, Value] = {}
        for key, text in texts.items():
            if key in ("name", "kind") or not text:
                continue
            if key == "choices":
                parsed: Any = parse_parameter(name, "{" + text.strip("{}[]") + "}")
                entry[key] = list(parsed.choices)
                continue
            try:
                entry[key] = SPACE_TABLE[key].type.from_text(text)
            except StudyError as error:
                raise StudyError(error.problem, where=f"space.{name}.{key}") from None
        if self.kind == "int":
            entry["int"] = True
        if self.kind == "float":
            entry |= {key: float(value) for key, value in entry.items() if _is_whole_bound(key, value)}  # type: ignore[arg-type]
        if not entry.get("log", True):
            entry.pop("log")
        if entry.get("ordered"):
            entry.pop("ordered")
        given = self._initial_entry
        if "choices" in entry and entry["choices"] == given.get("choices") and given.get("weights"):
            entry["weights"] = given["weights"]
        return name, entry

    def _check_fields(self) -> None:
        """Show what the fields mean, or what is wrong with them."""
        hint, where = self.query_one("#hint", Static), self.query_one("#where", Static)
        try:
            name, entry = self.entry()
            parameter = self._read(name, entry)
        except HptuiError as error:
            hint.update(plain_line(str(error).replace("\n", " "), 300))
            hint.set_class(True, "wrong")
            where.update("")
            return
        hint.update(plain_line(f"✓ {parameter.describe()}", 300))
        hint.set_class(False, "wrong")
        where.update(
            plain_line(self._strip(parameter), 200) if self._strip and not isinstance(parameter, Derived) else ""
        )

    async def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "field-kind":
            kind = event.value.strip()
            if kind in PARAMETER_KINDS and kind != self.kind:
                await self._change_kind(kind)
                return
        self._check_fields()

    async def action_kind(self) -> None:
        await self._change_kind(PARAMETER_KINDS[(PARAMETER_KINDS.index(self.kind) + 1) % len(PARAMETER_KINDS)])

    async def _change_kind(self, kind: str) -> None:
        texts = self.typed
        if kind == "choice" and not texts.get("choices"):
            texts["choices"] = ", ".join(text for text in (texts.get("low", ""), texts.get("high", "")) if text)
        self.kind = kind
        await self._show_fields(texts, focus="kind")

    def on_input_submitted(self) -> None:
        self.action_take()

    def action_take(self) -> None:
        try:
            name, entry = self.entry()
            self._read(name, entry)
        except HptuiError:
            self._check_fields()
            return
        self.dismiss((name, entry))

    def action_move(self, by: int) -> None:
        if by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_cancel(self) -> None:
        self.dismiss(None)


def _is_whole_bound(key: str, value: Value) -> bool:
    return key in ("low", "high", "step") and isinstance(value, int) and not isinstance(value, bool)


def _field_text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else value_text(value)
