"""The form of a run: how many trials, how many at once, on which GPUs; of a study or a file."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from hptui.core.errors import HptuiError, StudyError
from hptui.core.study import Study
from hptui.store.paths import StudyDir
from hptui.tui.cells import one_line, plain_line
from hptui.tui.screens.dialogs import TextInput
from hptui.tui.screens.screen import Dialog

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

    def __init__(self, sd: StudyDir | None = None, *, study: Study | None = None, alive: bool = False) -> None:
        """`study` is one that was read from a file and has no directory yet; else that of `sd` is read."""
        super().__init__()
        self.sd, self._study, self._alive = sd, study, alive
        self._initial_choices: Choices = {}

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            name = self.sd.name if self.sd is not None else self._study.name if self._study is not None else ""
            question = f"{name} is running: change it" if self._alive else f"Run {name}"
            yield Static(plain_line(question), id="question", markup=False)
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
            hint = "enter changes it, esc does not" if self._alive else "enter runs it, esc does not"
            yield Static(hint, id="hint", classes="detail", markup=False)

    def on_mount(self) -> None:
        from hptui.results.view import read_study

        try:
            study = self._study if self._study is not None or self.sd is None else read_study(self.sd)
            self._initial_choices = present_choices(study) if study is not None else {}
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
        for table, name in (("resources", "parallel"), ("resources", "trials_per_gpu"), ("search", "trials")):
            text = changed.get(name, "")
            if text and not _accepts(table, name, text.removeprefix("+") if name == "trials" else text):
                self._show_problem(f"{name}: {text!r} is not a number from 1")
                return
        if "," in changed.get("gpus", ""):
            changed["gpus"] = f"[{changed['gpus'].strip('[]')}]"
        self.dismiss(changed)

    def _show_problem(self, text: str) -> None:
        hint = self.query_one("#hint", Static)
        hint.update(plain_line(one_line(text), 300))
        hint.add_class("wrong")

    def action_move(self, by: int) -> None:
        if by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_cancel(self) -> None:
        self.dismiss(None)


def _accepts(table: str, name: str, text: str) -> bool:
    """Return whether a key of the study file can have a typed value."""
    from hptui.studyfile.schema import TABLES

    key = TABLES[table][name]
    try:
        key.read(key.type.from_text(text), name)
    except StudyError:
        return False
    return True


def present_choices(study: Study) -> Choices:
    """Return the study's present options, as they are typed."""
    resources = study.resources
    gpus = resources.gpus
    choices = {"parallel": str(resources.parallel), "trials_per_gpu": str(resources.trials_per_gpu)}
    choices["gpus"] = ",".join(map(str, gpus)) if isinstance(gpus, tuple) else str(gpus)
    if study.search.trials is not None and not study.stages:
        choices["trials"] = str(study.search.trials)
    return choices
