"""Starts studies: choose or write a study file, edit it in the user's editor, choose the options of the run.

A study file is edited as a copy, which is checked before it replaces the file."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from hptui.core.errors import HptuiError, StudyError, UserError
from hptui.core.study import Study
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.cells import plain_line
from hptui.tui.screens.dialogs import ChoiceDialog, TextDialog, TextInput
from hptui.tui.screens.screen import Dialog

if TYPE_CHECKING:
    from hptui.tui.app import HptuiApp


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


def editor_command() -> list[str]:
    """Return the command of $VISUAL, $EDITOR or vi, as words."""
    for name in ("VISUAL", "EDITOR"):
        words = shlex.split(os.environ.get(name, ""))
        if words:
            return words
    return ["vi"]


def edit_path(app: HptuiApp, path: Path) -> bool:
    """Let the user edit a file in place; return whether the editor ended without an error.

    The reason of a failure is shown.
    """
    try:
        with app.suspend():
            process = subprocess.run([*editor_command(), str(path)], check=False)
    except (SuspendNotSupported, OSError) as error:
        app.say(f"no editor can be opened here: {error or 'this terminal cannot be given away'}", "bad")
        return False
    if process.returncode != 0:
        app.say("the editor failed; nothing has changed", "warn")
    return process.returncode == 0


def open_pager(app: HptuiApp, path: Path) -> None:
    """Show a file in $PAGER, or in less, which by default does not pass terminal escapes on."""
    words = shlex.split(os.environ.get("PAGER", "")) or ["less"]
    try:
        with app.suspend():
            subprocess.run([*words, str(path)], check=False)
    except (SuspendNotSupported, OSError) as error:
        app.say(f"no pager can be opened here: {error or 'this terminal cannot be given away'}", "bad")


def edit_text(app: HptuiApp, text: str) -> str | None:
    """Return a text as the user's editor leaves it; None if it is unchanged or there was no editor."""
    descriptor, name = tempfile.mkstemp(prefix="hptui-", suffix=".txt")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    path = Path(name)
    try:
        if not edit_path(app, path):
            return None
        edited = path.read_text(errors="replace").rstrip("\n")
        return None if edited == text.rstrip("\n") else edited
    finally:
        path.unlink(missing_ok=True)


def edit_file(app: HptuiApp, sd: StudyDir, study: Study, then: Callable[[object], None]) -> None:
    """Let the user edit the study file.

    An invalid version stays in a copy next to it, whose path is shown.
    """
    from hptui.tui import verbs

    source = Path(study.source)
    if not study.source or not source.is_file():
        app.say("the study file is not there any more: edit the space here", "warn")
        return
    original = source.read_bytes()
    descriptor, name = tempfile.mkstemp(prefix=f"{source.stem}-", suffix=source.suffix, dir=source.parent)
    copy = Path(name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(original)
    edited = edit_path(app, copy)
    if not edited or copy.read_bytes() == original:
        copy.unlink(missing_ok=True)
        if edited:
            app.say("nothing has changed", "warn")
        return
    try:
        verbs.check_file(copy)
    except HptuiError as error:
        app.say(f"not taken: {str(error).splitlines()[0]}; your text is in {copy}", "bad")
        return

    def apply() -> str:
        if source.read_bytes() != original:
            return f"{source} has changed meanwhile; your text is in {copy}"
        # Atomic: a runner or another hptui never reads half a file.
        os.replace(copy, source)
        return verbs.apply_file(sd, source)

    app.run_in_background(apply, "taking the file…", then)


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


def begin_study(app: HptuiApp, then: OnCreated) -> None:
    """Let the user choose or write a study file, and run it; `made` is called with the result."""
    files = study_files_near(Path.cwd())
    templates = {f"template {name}: {description}": name for name, description in TEMPLATES.items()}

    def choose(choice: str | None) -> None:
        if choice is None:
            return
        if choice in templates:
            _from_template(app, templates[choice], then)
        else:
            run_from(app, "" if choice == OTHER_FILE else choice, then)

    app.push_screen(ChoiceDialog("A new study", [*files, OTHER_FILE, *templates]), choose)


def study_files_near(directory: Path) -> list[str]:
    """Return the study files in a directory, and in `studies/` below it, as relative paths."""
    paths = [*sorted(directory.glob("*.toml")), *sorted((directory / "studies").glob("*.toml"))]
    return [str(path.relative_to(directory)) for path in paths if _looks_like_study(path)]


def _looks_like_study(path: Path) -> bool:
    try:
        return "[objective" in path.read_text(errors="replace")[:100_000]
    except OSError:
        return False


def run_from(app: HptuiApp, value: str, then: OnCreated) -> None:
    """Ask for the study file, check it, and start it."""

    def start(text: str | None) -> None:
        if text:
            path = Path(text).expanduser()
            app.run_in_background(lambda: verbs.run_file(app.home, path), f"starting {plain_line(path, 200)}…", then)

    hint = "a study file (.toml); it is checked, made a study, and started"
    app.push_screen(TextDialog("New study from file", value, hint=hint, check=_check_study_file), start)


def _from_template(app: HptuiApp, kind: str, then: OnCreated) -> None:
    """Write the template, open it in the editor, then ask whether to run it."""
    if kind == "command":
        hint = "a script (.py) or a sweep (.yaml): it is read, never run"
        dialog = TextDialog("A study file for", hint=hint, check=_require_file)
        app.push_screen(dialog, lambda source: _write_template(app, source, then) if source else None)
    else:
        _write_template(app, kind, then)


def _write_template(app: HptuiApp, source: str, then: OnCreated) -> None:
    def write(text: str | None) -> None:
        if not text:
            return
        path = Path(text).expanduser()
        try:
            message = verbs.new(str(Path(source).expanduser()), path)
        except HptuiError as error:
            app.say(str(error).replace("\n", " "), "bad")
            return
        app.say(message)
        if edit_path(app, path):
            run_from(app, str(path), then)

    suggested = free_path(Path(f"{Path(source).stem}.toml"))
    app.push_screen(
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
