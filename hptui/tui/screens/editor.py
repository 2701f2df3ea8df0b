"""The study file in the user's own editor: on a copy, which is checked before anything is replaced."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from hptui.model.errors import HptuiError
from hptui.storage.paths import StudyDir

if TYPE_CHECKING:
    from hptui.model.study import Study
    from hptui.tui.app import HptuiApp


def editor() -> list[str]:
    """$VISUAL, $EDITOR or vi, as words."""
    for name in ("VISUAL", "EDITOR"):
        words = shlex.split(os.environ.get(name, ""))
        if words:
            return words
    return ["vi"]


def edit_path(app: HptuiApp, path: Path) -> bool:
    """Let the user edit a file in place; False, and said why, when that could not be done."""
    try:
        with app.suspend():
            ended = subprocess.run([*editor(), str(path)], check=False)
    except (SuspendNotSupported, OSError) as error:
        app.say(f"no editor can be opened here: {error or 'this terminal cannot be given away'}", "bad")
        return False
    if ended.returncode != 0:
        app.say("the editor failed; nothing has changed", "warn")
    return ended.returncode == 0


def page(app: HptuiApp, path: Path) -> None:
    """Show a file in the user's pager: $PAGER, or less, which shows no terminal escapes of the file unless told to."""
    words = shlex.split(os.environ.get("PAGER", "")) or ["less"]
    try:
        with app.suspend():
            subprocess.run([*words, str(path)], check=False)
    except (SuspendNotSupported, OSError) as error:
        app.say(f"no pager can be opened here: {error or 'this terminal cannot be given away'}", "bad")


def edit_text(app: HptuiApp, text: str) -> str | None:
    """A text as the user's editor leaves it; None when it is the same, or there was no editor."""
    handle, name = tempfile.mkstemp(prefix="hptui-", suffix=".txt")
    with os.fdopen(handle, "w") as file:
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
    """Let the user edit the study file. What cannot be right stays in a file beside, and is named."""
    from hptui.tui import verbs

    source = Path(study.source)
    if not study.source or not source.is_file():
        app.say("the study file is not there any more: edit the space here", "warn")
        return
    before = source.read_bytes()
    handle, name = tempfile.mkstemp(prefix=f"{source.stem}-", suffix=source.suffix, dir=source.parent)
    copy = Path(name)
    with os.fdopen(handle, "wb") as file:
        file.write(before)
    edited = edit_path(app, copy)
    if not edited or copy.read_bytes() == before:
        copy.unlink(missing_ok=True)
        if edited:
            app.say("nothing has changed", "warn")
        return
    try:
        verbs.check_file(copy)
    except HptuiError as error:
        app.say(f"not taken: {str(error).splitlines()[0]}; your text is in {copy}", "bad")
        return

    def take() -> str:
        if source.read_bytes() != before:
            return f"{source} has changed meanwhile; your text is in {copy}"
        os.replace(copy, source)
        return verbs.take_file(sd, source)

    app.carry_out(take, "taking the file…", then)
