"""A new study: from a file that is there, or from a template that the user's editor opens first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.model.errors import HptuiError, UserError
from hptui.storage.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.screens.ask import Ask, Pick
from hptui.tui.screens.editor import edit_path
from hptui.tui.text import plain

if TYPE_CHECKING:
    from hptui.tui.app import HptuiApp

Made = Callable[[tuple[str, StudyDir]], Awaitable[None]]
ANOTHER = "another file…"
TEMPLATES = {
    "charlm": "a small model of characters, trained from nothing",
    "sft": "fine-tuning of a language model",
    "command": "a training script of your own, or a W&B sweep",
}


def begin(app: HptuiApp, made: Made) -> None:
    """Have a study file chosen or written, and run it."""
    files = nearby(Path.cwd())
    templates = {f"template {name}: {about}": name for name, about in TEMPLATES.items()}

    def take(choice: str | None) -> None:
        if choice is None:
            return
        if choice in templates:
            _from_template(app, templates[choice], made)
        else:
            run_from(app, "" if choice == ANOTHER else choice, made)

    app.push_screen(Pick("A new study", [*files, ANOTHER, *templates]), take)


def nearby(here: Path) -> list[str]:
    """Study files in this directory, and in `studies/` below it."""
    found = [*sorted(here.glob("*.toml")), *sorted((here / "studies").glob("*.toml"))]
    return [str(path.relative_to(here)) for path in found if _is_study(path)]


def _is_study(path: Path) -> bool:
    try:
        return "[objective" in path.read_text(errors="replace")[:100_000]
    except OSError:
        return False


def run_from(app: HptuiApp, value: str, made: Made) -> None:
    """Ask for the study file, check it, and start it."""

    def take(text: str | None) -> None:
        if text:
            path = Path(text).expanduser()
            app.carry_out(lambda: verbs.run_file(app.home, path), f"starting {plain(path, 200)}…", made)

    hint = "a study file (.toml); it is checked, made a study, and started"
    app.push_screen(Ask("New study from file", value, hint=hint, check=_checked), take)


def _from_template(app: HptuiApp, kind: str, made: Made) -> None:
    """Write the template, let it be edited, then ask whether to run it."""
    if kind == "command":
        hint = "a script (.py) or a sweep (.yaml): it is read, never run"
        ask = Ask("A study file for", hint=hint, check=_is_there)
        app.push_screen(ask, lambda source: _write(app, source, made) if source else None)
    else:
        _write(app, kind, made)


def _write(app: HptuiApp, source: str, made: Made) -> None:
    def take(text: str | None) -> None:
        if not text:
            return
        path = Path(text).expanduser()
        try:
            said = verbs.new(str(Path(source).expanduser()), path)
        except HptuiError as error:
            app.say(str(error).replace("\n", " "), "bad")
            return
        app.say(said)
        if edit_path(app, path):
            run_from(app, str(path), made)

    start = free(Path(f"{Path(source).stem}.toml"))
    app.push_screen(Ask("Write the study file as", str(start), hint="your editor opens it", check=_is_free), take)


def free(path: Path) -> Path:
    """The path, or the next one of its kind that is not taken."""
    places = (path, *(path.with_stem(f"{path.stem}-{n}") for n in range(2, 1000)))
    return next((place for place in places if not place.exists()), path)


def _checked(text: str) -> str:
    _is_there(text)
    return verbs.check_file(Path(text).expanduser())


def _is_there(text: str) -> None:
    if not Path(text).expanduser().is_file():
        raise UserError(f"there is no file {text!r}")


def _is_free(text: str) -> None:
    if Path(text).expanduser().exists():
        raise UserError(f"{text} is there already")
