"""Starts studies: choose or write a study file, choose the options of the run."""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from hptui.core.errors import HptuiError, UserError
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.cells import one_line, plain_line
from hptui.tui.editor import edit_path
from hptui.tui.host import Host
from hptui.tui.screens.dialogs import ChoiceDialog, TextDialog

OnCreated = Callable[[tuple[str, StudyDir]], Awaitable[None]]
"""Called with the message and the study that was created."""
OTHER_FILE = "a study file elsewhere…"
"""Entry of the list that asks for a path."""
WAYS = {
    "a training script of your own, or a W&B sweep…": "command",
    "a template: a small model of characters, trained from nothing": "charlm",
    "a template: fine-tuning of a language model": "sft",
    OTHER_FILE: "",
}
"""Ways to begin -> the template that each writes; '' for a file that is there."""


def begin_study(host: Host, then: OnCreated) -> None:
    """Let the user choose or write a study file, and run it; `then` is called with the result."""
    files = {f"{path}   {about}".rstrip(): path for path, about in study_files_near(Path.cwd()).items()}

    def choose(choice: str | None) -> None:
        if choice is None:
            return
        if WAYS.get(choice):
            _from_template(host, WAYS[choice], then)
        else:
            run_from(host, files.get(choice, ""), then)

    host.push_screen(ChoiceDialog("A new study from", [*WAYS, *files], wide=True), choose)


def study_files_near(directory: Path) -> dict[str, str]:
    """Return the study files in a directory, and in `studies/` below it: relative path -> their `about`."""
    paths = [*sorted(directory.glob("*.toml")), *sorted((directory / "studies").glob("*.toml"))]
    abouts = {str(path.relative_to(directory)): _about_of(path) for path in paths}
    return {path: about for path, about in abouts.items() if about is not None}


def _about_of(path: Path) -> str | None:
    """Return what a study file says of itself, or its first comment; None if it is no study file."""
    try:
        text = path.read_text(errors="replace")[:MAX_FILE_CHARACTERS]
    except OSError:
        return None
    if "[objective" not in text:
        return None
    try:
        about = tomllib.loads(text).get("about")
    except ValueError:  # a file with a mistake is offered, too: it is checked when it is chosen
        about = ""
    first_comment = text.partition("\n")[0].lstrip("# ") if text.startswith("#") else ""
    return plain_line(about if isinstance(about, str) and about else first_comment, 300)


MAX_FILE_CHARACTERS = 100_000
"""Characters of a file that are read to find out whether it is a study."""


def run_from(host: Host, value: str, then: OnCreated) -> None:
    """Check a study file, ask for the options of the run, and start it; no `value`: ask for it."""

    def ask_options(text: str | None) -> None:
        if text:
            path = Path(text).expanduser()
            host.open("launch", study=verbs.read_file(path), then=lambda choices: start(path, choices))

    def start(path: Path, choices: Mapping[str, str] | None) -> None:
        if choices is not None:
            doing = f"starting {plain_line(path, 200)}…"
            host.run_in_background(lambda: verbs.run_file(host.home, path, choices), doing, then)

    wrong = ""
    if value:
        try:
            _check_study_file(value)
        except HptuiError as error:
            wrong = one_line(error)
        else:
            ask_options(value)
            return
    hint = "a study file (.toml); tab completes it, and it is checked"
    dialog = TextDialog(
        "New study from file", value, hint=hint, check=_check_study_file, completes=(".toml",), wrong=wrong
    )
    host.push_screen(dialog, ask_options)


def _from_template(host: Host, kind: str, then: OnCreated) -> None:
    """Write the template, open it in the editor, then ask whether to run it."""
    if kind == "command":
        hint = "a script (.py) or a sweep (.yaml): it is read, never run; tab completes"
        completes = (".py", ".yaml", ".yml")
        dialog = TextDialog("A study file for", hint=hint, check=_require_file, completes=completes)
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
            host.say(one_line(error), "bad")
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
