"""Where the trials of a new study start: in the script's directory, or each in one of its own."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.dataclass import dataclass
from hptui.operations.new_automatic import automatic_value

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript

CODE_SUFFIXES = (".py", ".pyc", ".md", ".rst", ".toml", ".lock", ".cfg", ".sh", ".ipynb", ".in")
"""Endings of files that a training does not read."""
CODE_FILES = (".py", ".sh")
"""Endings of files that a script may start."""
OUTPUT_FOLDERS = {"runs", "wandb", "outputs", "output", "lightning_logs", "logs", "results", "mlruns", "multirun"}
"""Usual names of folders that trainings write to."""
ABOUT_PROJECT = ("LICENSE", "Makefile", "Dockerfile", "requirements.txt", "environment.yml", "docs", "tests",
                 "node_modules", "build", "dist")  # fmt: skip
"""Entries of a project that a training does not read."""
MAX_LINKS = 16
"""Entries of a directory up to which all that may be read are linked to, named by the script or not."""
OWN_PLACE = "{trial_dir}"


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """Why each trial starts in a directory of its own, and what is linked to there, by name."""

    reason: str
    links: dict[str, str]


def at_own_place(inspected: InspectedScript, start: Path, words: list[str], place: Path) -> list[str]:
    """Return the words that start a script; each trial has a directory of its own where it needs one."""
    own = own_place(inspected, start, words, place)
    if own is None:
        inspected.notes += _notes_of_place(inspected, place)
        return words
    inspected.settings["workdir"] = OWN_PLACE
    if own.links:
        is_same = all(name == path for name, path in own.links.items())
        inspected.settings["links"] = [*own.links] if is_same else {**own.links}
    linked = f", with links to {', '.join(own.links)}" if own.links else ""
    inspected.notes.append(f"the script {own.reason}: each trial starts in a directory of its own{linked}")
    if words[1] == "-m":
        return words
    return [words[0], f"{{study_dir}}/{Path(os.path.relpath(start / words[1], place.absolute())).as_posix()}"]


def _notes_of_place(inspected: InspectedScript, place: Path) -> list[str]:
    """Return what is doubtful about trials that all start in one directory."""
    if inspected.asks:
        return ["the script may ask a question, which nobody answers in a trial"]
    reason = needs_own_place(inspected, place)
    return [f"the script {reason}, and all trials start in one directory"] if reason else []


def own_place(inspected: InspectedScript, start: Path, words: Sequence[str], place: Path) -> OwnPlace | None:
    """Return how trials start in directories of their own; None if they start where the script does.

    `start` and `words` start the script, `place` is the directory of the study file.
    """
    reason = needs_own_place(inspected, place)
    if not reason or words[0] != "python" or (len(words) != 2 and words[1] != "-m"):
        return None
    is_installed = any(start.glob("*.dist-info"))  # other packages lie there, and this one is found anywhere
    entries = [] if is_installed else entries_read(inspected, start)
    if entries is None:
        return None
    if words[1] == "-m" and not is_installed:
        package = words[2].partition(".")[0]
        entries = list(dict.fromkeys([package if (start / package).is_dir() else f"{package}.py", *entries]))
    return OwnPlace(
        reason, {name: Path(os.path.relpath(start / name, place.absolute())).as_posix() for name in entries}
    )


def needs_own_place(inspected: InspectedScript, place: Path) -> str:
    """Return why trials must not find the files of one another; '' if nothing says that they do."""
    if inspected.asks:
        return "may ask a question about files of an earlier run"
    files = inspected.shared_files
    # `**/results.csv` of a script that knows where its own file is may stand there: its trials would not find it.
    written = [text for text in inspected.metric_files if not (files.anchored and text.startswith("**/"))]
    given = {option.default for option in inspected.options if automatic_value(option, inspected, place)}
    for paths, what in (
        (files.resumed, "goes on from {} where it finds it"),
        (files.made, "makes {}, which must not be there"),
        ([text for text in written if not text.startswith(("{", "/"))], "writes {} in its directory"),
        (files.saved, "saves {} in its directory"),
    ):
        for path in paths:
            if path not in given:
                return what.format(path)
    return ""


def entries_read(inspected: InspectedScript, start: Path) -> list[str] | None:
    """Return the entries of a directory that a script may read where it starts.

    None: it reads files above it, starts scripts that are there, or writes into a folder that it needs.
    """
    defaults = [option.default for option in inspected.options if isinstance(option.default, str)]
    given = [word.partition("=")[2] or word for word in inspected.words]
    texts = {text for text in (*inspected.texts, *defaults, *given) if text.strip("./ ")}
    if any(text.startswith("..") and _is_there(start, text) for text in texts):
        return None
    if any(text.endswith(CODE_FILES) and not text.startswith("/") and _is_there(start, text) for text in texts):
        return None
    files = inspected.shared_files
    made = {Path(text).parts[0] for text in files.made}
    written = {Path(text).parts[0] for text in (*files.resumed, *files.saved) if "*" not in Path(text).parts[0]}
    folders = {Path(text).parts[0] for text in files.folders if text.strip("./")} - written - made
    for name in written:
        if (start / name).is_dir() and name not in made | OUTPUT_FOLDERS and not _is_made(name, texts, inspected):
            return None
    parts = {part for text in texts for part in (text, *Path(text).parts, Path(text).stem)}
    skipped = {*written, *made, *OUTPUT_FOLDERS - folders, *ABOUT_PROJECT}
    read = [path for path in sorted(start.iterdir()) if path.name not in skipped and _may_be_read(path, parts)]
    if len(read) > MAX_LINKS:
        read = [path for path in read if path.name in parts or path.stem in parts]
    downloaded = [name for name in folders if not (start / name).exists()]
    return [path.name for path in read] + sorted(downloaded)


def _is_made(name: str, texts: Collection[str], inspected: InspectedScript) -> bool:
    """Return whether a script makes a folder itself, and reads nothing that is in it."""
    return name in inspected.shared_files.made_folders and not any(
        text != name and text.startswith(f"{name}/") for text in texts
    )


def _is_there(start: Path, text: str) -> bool:
    try:
        return (start / text).exists()
    except (OSError, ValueError):
        return False


def _may_be_read(path: Path, parts: Collection[str]) -> bool:
    if path.name.startswith((".", "__")):
        return False
    if path.is_dir():
        return any(inner.is_file() and inner.suffix not in CODE_SUFFIXES for inner in _below(path))
    return path.suffix not in CODE_SUFFIXES or (path.name in parts and path.suffix not in CODE_FILES)


def _below(folder: Path) -> list[Path]:
    """Return the entries of a folder, and those of the folders in it."""
    try:
        entries = list(folder.iterdir())
        return entries + [inner for entry in entries if entry.is_dir() for inner in entry.iterdir()]
    except OSError:
        return []
