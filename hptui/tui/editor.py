"""Gives the terminal to the user's editor or pager, and takes back what was edited.

A study file is edited as a copy, which is checked before it replaces the file."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.app import SuspendNotSupported

from hptui.core.errors import HptuiError
from hptui.core.study import Study
from hptui.store.paths import StudyDir
from hptui.tui import verbs
from hptui.tui.host import Host


def editor_command() -> list[str]:
    """Return the command of $VISUAL, $EDITOR or vi, as words."""
    for name in ("VISUAL", "EDITOR"):
        words = shlex.split(os.environ.get(name, ""))
        if words:
            return words
    return ["vi"]


def edit_path(host: Host, path: Path) -> bool:
    """Let the user edit a file in place; return whether the editor ended without an error.

    The reason of a failure is shown.
    """
    try:
        with host.suspend():
            process = subprocess.run([*editor_command(), str(path)], check=False)
    except (SuspendNotSupported, OSError) as error:
        host.say(f"no editor can be opened here: {error or 'this terminal cannot be given away'}", "bad")
        return False
    if process.returncode != 0:
        host.say("the editor failed; nothing has changed", "warn")
    return process.returncode == 0


def open_pager(host: Host, path: Path) -> None:
    """Show a file in $PAGER, or in less, which by default does not pass terminal escapes on."""
    words = shlex.split(os.environ.get("PAGER", "")) or ["less"]
    try:
        with host.suspend():
            subprocess.run([*words, str(path)], check=False)
    except (SuspendNotSupported, OSError) as error:
        host.say(f"no pager can be opened here: {error or 'this terminal cannot be given away'}", "bad")


def edit_text(host: Host, text: str) -> str | None:
    """Return a text as the user's editor leaves it; None if it is unchanged or there was no editor."""
    descriptor, name = tempfile.mkstemp(prefix="hptui-", suffix=".txt")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    path = Path(name)
    try:
        if not edit_path(host, path):
            return None
        edited = path.read_text(errors="replace").rstrip("\n")
        return None if edited == text.rstrip("\n") else edited
    finally:
        path.unlink(missing_ok=True)


def edit_file(host: Host, sd: StudyDir, study: Study, then: Callable[[object], None]) -> None:
    """Let the user edit the study file.

    An invalid version stays in a copy next to it, whose path is shown.
    """
    source = Path(study.source)
    if not study.source or not source.is_file():
        host.say("the study file is not there any more: edit the space here", "warn")
        return
    original = source.read_bytes()
    descriptor, name = tempfile.mkstemp(prefix=f"{source.stem}-", suffix=source.suffix, dir=source.parent)
    copy = Path(name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(original)
    edited = edit_path(host, copy)
    if not edited or copy.read_bytes() == original:
        copy.unlink(missing_ok=True)
        if edited:
            host.say("nothing has changed", "warn")
        return
    try:
        verbs.check_file(copy)
    except HptuiError as error:
        why = str(error).splitlines()[0].replace(f"{copy}: ", "")
        host.say(f"not taken: {why}; your text is in {copy}", "bad")
        return

    def apply() -> str:
        if source.read_bytes() != original:
            return f"{source} has changed meanwhile; your text is in {copy}"
        # Atomic: a runner or another hptui never reads half a file.
        os.replace(copy, source)
        return verbs.apply_file(sd, source)

    host.run_in_background(apply, "taking the file…", then)
