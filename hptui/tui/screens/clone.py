"""The form of a trial made by hand: the settings of a trial, or of the baseline, to be changed and queued."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Checkbox, Input, Static

from hptui.core.trial import Trial, Value
from hptui.results.view import View
from hptui.tui.cells import plain_line
from hptui.tui.screens.dialogs import TextInput
from hptui.tui.screens.screen import Dialog
from hptui.tui.screens.steering import TrialDraft


class CloneForm(Dialog[TrialDraft | None]):
    """A form whose result is the trial to queue."""

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
        """Make the form. `step` is that of the trial's last checkpoint, None if it has none."""
        super().__init__()
        self._note, self._step = note, step
        self._view, self._trial = view, trial
        searched = [parameter.name for parameter in view.study.space.parameters]
        params = dict(trial.params) if trial is not None else {}
        self._params = params
        names = [*params, *(name for name in searched if name not in params)]
        names = [
            name
            for name in names
            if name not in {derived.name for derived in view.study.space.derived} or name in params
        ]
        baseline = view.settings(trial) if trial is not None else dict(view.base)
        self._changes = {name: _typed_text(value) for name, value in (changes or {}).items()}
        names += [name for name in self._changes if name not in names]
        self._initial_texts = {name: _typed_text(params.get(name, baseline.get(name))) for name in names}

    def compose(self) -> ComposeResult:
        title = f"Clone trial {self._trial.number}" if self._trial is not None else "A trial made by hand"
        ranges = {parameter.name: parameter.describe() for parameter in self._view.study.space.parameters}
        with Vertical(id="dialog"):
            yield Static(title, id="question", markup=False)
            with VerticalScroll(id="fields"):
                for index, (name, value) in enumerate(self._initial_texts.items()):
                    with Horizontal(classes="field"):
                        yield Static(plain_line(name, 30), classes="name", markup=False)
                        yield TextInput(self._changes.get(name, value), id=f"value{index}")
                        yield Static(plain_line(ranges.get(name, ""), 40), classes="range", markup=False)
                if self._step is not None:
                    yield Checkbox(f"go on from its checkpoint at step {self._step}", id="continues", compact=True)
                for key, text in (("others", "key=value, more settings"), ("name", "a name"), ("note", "a note")):
                    with Horizontal(classes="field"):
                        yield Static(key, classes="name", markup=False)
                        yield TextInput(self._note if key == "note" else "", placeholder=text, id=key)
                        yield Static("", classes="range", markup=False)
            yield Static("enter or ctrl+s queues it, esc does not", id="hint", classes="detail", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Queue", id="queue", compact=True)

    def on_mount(self) -> None:
        self.query(TextInput).first().focus()

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
        """Queue what the trial had set and what was typed; settings left at the baseline are omitted."""
        settings: dict[str, str] = {}
        for index, (name, initial) in enumerate(self._initial_texts.items()):
            text = self.query_one(f"#value{index}", TextInput).value.strip()
            if text and (name in self._params or text != initial):
                settings[name] = text
        for assignment in self.query_one("#others", TextInput).value.split():
            key, separator, value = assignment.partition("=")
            if not separator or not key:
                hint = self.query_one("#hint", Static)
                hint.update(plain_line(f"{assignment!r} is not of the form key=value"))
                hint.add_class("wrong")
                return
            settings[key] = value
        continues = self._trial.number if self._trial is not None and self._is_continuation() else None
        if continues is not None:
            # The settings follow from the continued trial; only changes are passed on.
            settings = {name: text for name, text in settings.items() if self._initial_texts.get(name) != text}
        name, note = self.query_one("#name", TextInput).value.strip(), self.query_one("#note", TextInput).value
        self.dismiss(TrialDraft(settings, name, note, continues))

    def _is_continuation(self) -> bool:
        return any(box.value for box in self.query(Checkbox))

    def action_cancel(self) -> None:
        self.dismiss(None)


def _typed_text(value: Value | Any) -> str:
    """Return a value as it is typed in a study file."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value)
