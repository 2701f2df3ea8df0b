"""Starts studies: choose or write a study file, choose the options of the run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from hptui.core.errors import HptuiError, StudyError, UserError
from hptui.core.study import Study
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.cells import plain_line
from hptui.tui.editor import edit_path
from hptui.tui.host import Host
from hptui.tui.screens.dialogs import ChoiceDialog, TextDialog, TextInput
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

    def __init__(self, sd: StudyDir, *, alive: bool = False) -> None:
        super().__init__()
        self.sd, self._alive = sd, alive
        self._initial_choices: Choices = {}

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            question = f"{self.sd.name} is running: change it" if self._alive else f"Run {self.sd.name}"
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
        hint.update(plain_line(text.replace("\n", " "), 300))
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


OnCreated = Callable[[tuple[str, StudyDir]], Awaitable[None]]
"""Called with the message and the study that was created."""
OTHER_FILE = "another file…"
"""Entry of the list that asks for a path."""
TEMPLATES = {
    "charlm": "a small model of characters, trained from nothing",
    "sft": "fine-tuning of a language model",
    "command": "a training script of your own, or a W&B sweep",
}
"""Template -> its description."""


def begin_study(host: Host, then: OnCreated) -> None:
    """Let the user choose or write a study file, and run it; `then` is called with the result."""
    files = study_files_near(Path.cwd())
    templates = {f"template {name}: {description}": name for name, description in TEMPLATES.items()}

    def choose(choice: str | None) -> None:
        if choice is None:
            return
        if choice in templates:
            _from_template(host, templates[choice], then)
        else:
            run_from(host, "" if choice == OTHER_FILE else choice, then)

    host.push_screen(ChoiceDialog("A new study", [*files, OTHER_FILE, *templates]), choose)


def study_files_near(directory: Path) -> list[str]:
    """Return the study files in a directory, and in `studies/` below it, as relative paths."""
    paths = [*sorted(directory.glob("*.toml")), *sorted((directory / "studies").glob("*.toml"))]
    return [str(path.relative_to(directory)) for path in paths if _looks_like_study(path)]


def _looks_like_study(path: Path) -> bool:
    try:
        return "[objective" in path.read_text(errors="replace")[:100_000]
    except OSError:
        return False


def run_from(host: Host, value: str, then: OnCreated) -> None:
    """Ask for the study file, check it, and start it."""

    def start(text: str | None) -> None:
        if text:
            path = Path(text).expanduser()
            host.run_in_background(lambda: verbs.run_file(host.home, path), f"starting {plain_line(path, 200)}…", then)

    hint = "a study file (.toml); it is checked, made a study, and started"
    host.push_screen(TextDialog("New study from file", value, hint=hint, check=_check_study_file), start)


def _from_template(host: Host, kind: str, then: OnCreated) -> None:
    """Write the template, open it in the editor, then ask whether to run it."""
    if kind == "command":
        hint = "a script (.py) or a sweep (.yaml): it is read, never run"
        dialog = TextDialog("A study file for", hint=hint, check=_require_file)
        host.push_screen(dialog, lambda source: _write_template(host, source, then) if source else None)
    else:
        _write_template(host, kind, then)


def _write_template(host: Host, source: str, then: OnCreated) -> None:
    def write(text: str | None) -> None:
        if not text:
            return
        path = Path(text).expanduser()
        try:
            message = verbs.new(str(Path(source).expanduser()), path)
        except HptuiError as error:
            host.say(str(error).replace("\n", " "), "bad")
            return
        host.say(message)
        if edit_path(host, path):
            run_from(host, str(path), then)

    suggested = free_path(Path(f"{Path(source).stem}.toml"))
    host.push_screen(
        TextDialog("Write the study file as", str(suggested), hint="your editor opens it", check=_require_free), write
    )


def free_path(path: Path) -> Path:
    """Return the path, or the first free one with a number appended."""
    candidates = (path, *(path.with_stem(f"{path.stem}-{n}") for n in range(2, 1000)))
    return next((candidate for candidate in candidates if not candidate.exists()), path)


def _check_study_file(text: str) -> str:
    _require_file(text)
    return verbs.check_file(Path(text).expanduser())


def _require_file(text: str) -> None:
    if not Path(text).expanduser().is_file():
        raise UserError(f"there is no file {text!r}")


def _require_free(text: str) -> None:
    if Path(text).expanduser().exists():
        raise UserError(f"{text} is there already")
