"""A form for a trial made by hand: the settings of a trial, or of the baseline, to be changed and queued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Checkbox, Input, Static

from hptui.model.trial import Trial, Value
from hptui.results.view import View
from hptui.tui.screens.ask import Line
from hptui.tui.screens.base import Dialog
from hptui.tui.text import plain


@dataclass(frozen=True, slots=True)
class Queued:
    """What the form says: settings as typed, a name, a note, and the trial from whose checkpoint to go on."""

    settings: dict[str, str]
    name: str
    note: str
    continues: int | None = None


class CloneScreen(Dialog["Queued | None"]):
    """Its result is what shall be queued."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("escape", "cancel", "Cancel"),
        Binding("ctrl+s", "queue", "Queue"),
        Binding("down", "move(1)", "Next", priority=True),
        Binding("up", "move(-1)", "Previous", priority=True),
    ]

    def __init__(
        self,
        view: View,
        trial: Trial | None,
        changes: Mapping[str, Value] | None = None,
        note: str = "",
        step: int | None = None,
    ) -> None:
        """`step` is that of the trial's last checkpoint, if it has left any."""
        super().__init__()
        self._note, self._step = note, step
        self._view, self._trial = view, trial
        searched = [parameter.name for parameter in view.study.space.parameters]
        params = dict(trial.params) if trial is not None else {}
        self._params = params
        names = [*params, *(name for name in searched if name not in params)]
        names = [name for name in names if name not in {one.name for one in view.study.space.derived} or name in params]
        base = view.settings(trial) if trial is not None else dict(view.base)
        self._changes = {name: _typed(value) for name, value in (changes or {}).items()}
        names += [name for name in self._changes if name not in names]
        self._values = {name: _typed(params.get(name, base.get(name))) for name in names}

    def compose(self) -> ComposeResult:
        title = f"Clone trial {self._trial.number}" if self._trial is not None else "A trial made by hand"
        ranges = {parameter.name: parameter.describe() for parameter in self._view.study.space.parameters}
        with Vertical(id="dialog"):
            yield Static(title, id="question", markup=False)
            with VerticalScroll(id="fields"):
                for index, (name, value) in enumerate(self._values.items()):
                    with Horizontal(classes="field"):
                        yield Static(plain(name, 30), classes="name", markup=False)
                        yield Line(self._changes.get(name, value), id=f"value{index}")
                        yield Static(plain(ranges.get(name, ""), 40), classes="range", markup=False)
                if self._step is not None:
                    yield Checkbox(f"go on from its checkpoint at step {self._step}", id="continues", compact=True)
                for key, text in (("others", "key=value, more settings"), ("name", "a name"), ("note", "a note")):
                    with Horizontal(classes="field"):
                        yield Static(key, classes="name", markup=False)
                        yield Line(self._note if key == "note" else "", placeholder=text, id=key)
                        yield Static("", classes="range", markup=False)
            yield Static("enter or ctrl+s queues it, esc does not", id="hint", classes="detail", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Queue", id="queue", compact=True)

    def on_mount(self) -> None:
        self.query(Line).first().focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_queue()

    def on_button_pressed(self) -> None:
        self.action_queue()

    def action_move(self, by: int) -> None:
        if by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_queue(self) -> None:
        """All that the trial had set, and what was typed; settings that stay the baseline's are left to it."""
        found: dict[str, str] = {}
        for index, (name, before) in enumerate(self._values.items()):
            text = self.query_one(f"#value{index}", Line).value.strip()
            if text and (name in self._params or text != before):
                found[name] = text
        for word in self.query_one("#others", Line).value.split():
            key, equals, value = word.partition("=")
            if not equals or not key:
                hint = self.query_one("#hint", Static)
                hint.update(plain(f"{word!r} is not of the form key=value"))
                hint.add_class("wrong")
                return
            found[key] = value
        continues = self._trial.number if self._trial is not None and self._goes_on() else None
        if continues is not None:
            # What it was set to follows from that trial; only what is changed is said.
            found = {name: text for name, text in found.items() if self._values.get(name) != text}
        name, note = self.query_one("#name", Line).value.strip(), self.query_one("#note", Line).value
        self.dismiss(Queued(found, name, note, continues))

    def _goes_on(self) -> bool:
        return any(box.value for box in self.query(Checkbox))

    def action_cancel(self) -> None:
        self.dismiss(None)


def _typed(value: Value | Any) -> str:
    """A value as it is typed in a study file."""
    import json

    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value)
