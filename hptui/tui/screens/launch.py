"""The form of the options with which a study is started; enter accepts it unchanged."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from hptui.model.errors import HptuiError
from hptui.model.study import Study
from hptui.storage.paths import StudyDir
from hptui.tui.screens.ask import TextInput
from hptui.tui.screens.base import Dialog
from hptui.tui.text import plain_line

Choices = dict[str, str]
"""Text by name in the study file: `trials`, and keys of `[resources]`."""


class LaunchForm(Dialog["Choices | None"]):
    """A form whose result is the options that were changed."""

    BINDINGS = [  # noqa: RUF012  Textual reads it so
        Binding("escape", "cancel", "Cancel"),
        Binding("ctrl+s", "start", "Run"),
        Binding("down", "move(1)", "Next", priority=True),
        Binding("up", "move(-1)", "Previous", priority=True),
    ]

    def __init__(self, sd: StudyDir) -> None:
        super().__init__()
        self.sd = sd
        self._initial_choices: Choices = {}

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(plain_line(f"Run {self.sd.name}"), id="question", markup=False)
            for name, hint in (
                ("trials", "in all; +5: five more"),
                ("parallel", "at once without a GPU"),
                ("gpus", "all, a number, or 0,2"),
                ("trials_per_gpu", "at once on each GPU"),
            ):
                with Horizontal(classes="field"):
                    yield Static(name, classes="name", markup=False)
                    yield TextInput(id=f"run-{name}")
                    yield Static(hint, classes="range", markup=False)
            yield Static("enter runs it, esc does not", id="hint", classes="detail", markup=False)

    def on_mount(self) -> None:
        from hptui.results.view import read_study

        try:
            self._initial_choices = present_choices(read_study(self.sd))
        except HptuiError as error:
            self._show_problem(str(error))
        for name, text in self._initial_choices.items():
            self.query_one(f"#run-{name}", TextInput).value = text
        self.query_one("#run-trials", TextInput).focus()

    def on_input_submitted(self) -> None:
        self.action_start()

    def action_start(self) -> None:
        texts = {str(line.id).removeprefix("run-"): line.value.strip() for line in self.query(TextInput)}
        changed = {name: text for name, text in texts.items() if text and text != self._initial_choices.get(name)}
        trials = changed.get("trials", "").removeprefix("+")
        for name in ("parallel", "trials_per_gpu", "trials"):
            text = trials if name == "trials" else changed.get(name, "")
            if text and (not text.isdecimal() or int(text) < 1):
                self._show_problem(f"{name}: {changed[name]!r} is not a number from 1")
                return
        if "," in changed.get("gpus", ""):
            changed["gpus"] = f"[{changed['gpus'].strip('[]')}]"
        self.dismiss(changed)

    def _show_problem(self, text: str) -> None:
        hint = self.query_one("#hint", Static)
        hint.update(plain_line(text.replace("\n", " "), 300))
        hint.add_class("wrong")

    def action_move(self, by: int) -> None:
        if by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_cancel(self) -> None:
        self.dismiss(None)


def present_choices(study: Study) -> Choices:
    """Return the study's present options, as they are typed."""
    resources = study.resources
    gpus = resources.gpus
    choices = {"parallel": str(resources.parallel), "trials_per_gpu": str(resources.trials_per_gpu)}
    choices["gpus"] = ",".join(map(str, gpus)) if isinstance(gpus, tuple) else str(gpus)
    if study.search.trials is not None and not study.stages:
        choices["trials"] = str(study.search.trials)
    return choices
