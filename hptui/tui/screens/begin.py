"""Starts a new study: from an existing study file, or from a template that the user's editor opens first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.model.errors import HptuiError, UserError
from hptui.storage.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.screens.ask import ChoiceDialog, TextDialog
from hptui.tui.screens.editor import edit_path
from hptui.tui.text import plain_line

if TYPE_CHECKING:
    from hptui.tui.app import HptuiApp

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
