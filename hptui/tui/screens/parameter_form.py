"""What the space editor asks: a form for one parameter, checked while it is typed; a new one; a constraint."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, Static

from hptui.core.errors import HptuiError, StudyError
from hptui.core.expressions import parse
from hptui.core.shorthand import parse_parameter
from hptui.core.space import Derived, Parameter
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.core.values import value_text
from hptui.tui.cells import one_line, plain_line
from hptui.tui.host import Host
from hptui.tui.screens.dialogs import ChoiceDialog, TextDialog, TextInput
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
Histogram = Callable[[Parameter], str]
"""Returns where the best trials stand in the range of a parameter, in a line."""
ReadParameter = Callable[[str, Mapping[str, Value]], Parameter | Derived]
"""Returns the parameter of a name and an entry. Raises StudyError if it is invalid."""
Entry = tuple[str, dict[str, Value]]
"""Name of a parameter, and its entry for `[space]`."""
USUAL_RANGE = re.compile(r"([\d.e+-]+) to ([\d.e+-]+)( log)?")
"""How a trainer writes the usual range of a setting: `1e-5 to 1e-2 log`."""
OTHER_NAME = "another name…"
"""Entry of the list of settings that asks for a name."""


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
        study: Study,
        parameter: str,
        entry: Mapping[str, Value],
        *,
        description: str = "",
        histogram: Histogram | None = None,
        taken: Sequence[str] = (),
    ) -> None:
        """Make the form. `parameter` is '' for one whose name is typed, too; names in `taken` are then refused."""
        from hptui.operations.space import entry_reader

        super().__init__()
        self._parameter, self._initial_entry, self._read = parameter, dict(entry), entry_reader(study)
        self._description, self._histogram, self._taken = description, histogram, taken
        self.kind = kind_of(entry)
        self._typed_before: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(
                plain_line(f"Parameter {self._parameter}" if self._parameter else "A new parameter"),
                id="question",
                markup=False,
            )
            if self._description:
                yield Static(plain_line(self._description, 400), classes="detail", markup=False)
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
            hint.update(plain_line(one_line(error), 300))
            hint.set_class(True, "wrong")
            where.update("")
            return
        hint.update(plain_line(f"✓ {parameter.describe()}", 300))
        hint.set_class(False, "wrong")
        histogram = ""
        if self._histogram is not None and not isinstance(parameter, Derived):
            histogram = self._histogram(parameter)
        where.update(plain_line(histogram, 200))

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
        # What was typed for another kind comes back with that kind.
        self._typed_before |= self.typed
        texts = dict(self._typed_before)
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


def add_parameter(
    host: Host,
    study: Study,
    taken: Sequence[str],
    histogram: Histogram,
    then: Callable[[Entry | None], None],
) -> None:
    """Let the user choose a setting of the trainer, or another name, and open the form with a first entry.

    `then` is called with the form's result. Settings in `taken` are in the space already.
    """
    from hptui.operations.space import settings_to_search

    settings = [(name, help_) for name, help_ in settings_to_search(study) if name not in taken]

    def open_form(name: str, entry: Mapping[str, Value], description: str = "") -> None:
        form = ParameterForm(study, name, entry, description=description, histogram=histogram, taken=taken)
        host.push_screen(form, then)

    def choose(choice: str | None) -> None:
        if choice is not None:
            name, _, description = choice.strip().partition(" — ")
            open_form("" if choice == OTHER_NAME else name, _default_entry(study, name), description)

    if settings:
        choices = [*(f"{name} — {text}" for name, text in settings), OTHER_NAME]
        host.push_screen(ChoiceDialog("Add a parameter", choices, other="a parameter named {}"), choose)
    else:
        open_form("", {"low": 0.0, "high": 1.0})


def edit_constraint(
    host: Host, study: Study, names: Collection[str], text: str, then: Callable[[str | None], None]
) -> None:
    """Let the user edit a constraint in a line, '' for a new one; `then` is called with its text.

    It may use `names` and the settings of the trainer.
    """
    from hptui.operations.space import settings_to_search

    allowed_names = {*names, *(name for name, _ in settings_to_search(study))}

    def check(constraint: str) -> None:
        if constraint.strip():
            parse(constraint, allowed_names)

    hint = "for instance lora_rank * batch_size <= 128; empty takes it away"
    host.push_screen(TextDialog("A constraint", text, hint=hint, check=check), then)


def _default_entry(study: Study, name: str) -> dict[str, Value]:
    """Return a first entry for a setting: its usual range, or one around the trainer's value."""
    from hptui.operations.script_space import first_entry, script_options
    from hptui.trainers import registry

    option = script_options(study).get(name) if study.trainer.kind == "command" else None
    if option is not None and (entry := first_entry(name, option)):
        return entry
    field = (registry.schema(study.trainer.kind, study.directory) or {}).get(name)
    default = option.default if option is not None else field.default if field is not None else None
    value = study.trainer.settings.get(name, default)
    if field is not None and field.choices:
        return {"choices": list(field.choices)}
    if isinstance(value, bool):
        return {"choices": [False, True]}
    if field is not None and (usual := USUAL_RANGE.fullmatch(field.typical)):
        return _usual_entry(*usual.groups(), whole=isinstance(value, int))
    if isinstance(value, int) and value > 0:
        return {"low": max(1, value // 2), "high": value * 2, "int": True}
    if isinstance(value, float) and value > 0:
        return {"low": float(f"{value / 10:.2g}"), "high": float(f"{value * 10:.2g}"), "log": True}
    if isinstance(value, str) and value:
        return {"choices": [value]}
    return {"low": 0.0, "high": 1.0}


def _usual_entry(low: str, high: str, scale: str | None, *, whole: bool) -> dict[str, Value]:
    """Return the entry of a usual range."""
    if whole:
        return {"low": int(low), "high": int(high), "int": True}
    return {"low": float(low), "high": float(high), "log": scale is not None}
