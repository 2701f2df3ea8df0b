"""Where the trials of a new study start: in the script's directory, or each in one of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript

CODE_SUFFIXES = (".py", ".pyc", ".md", ".rst", ".toml", ".lock", ".cfg", ".sh", ".ipynb", ".in")
"""Endings of files that a training does not read."""
OWN_PLACE = "{trial_dir}"


def needs_own_place(inspected: InspectedScript) -> str:
    """Return why trials must not find the files of one another; '' if nothing says that they do."""
    if inspected.asks:
        return "may ask a question about files of an earlier run"
    if inspected.earlier_models:
        return f"goes on from {inspected.earlier_models[0]} where it finds it"
    shared = [text for text in inspected.metric_files if not text.startswith(("{", "/"))]
    return f"writes {shared[0]} in its directory" if shared else ""


def may_start_elsewhere(inspected: InspectedScript, start: Path) -> bool:
    """Return whether a script seems to read nothing in the directory where it starts."""
    defaults = [option.default for option in inspected.options if isinstance(option.default, str)]
    texts = {text for text in (*inspected.texts, *defaults) if text.strip("./ ")}
    if any(_is_there(start, text) for text in texts):
        return False
    entries = [path for path in start.iterdir() if not path.name.startswith((".", "__")) and _may_be_read(path)]
    parts = {part for text in texts for part in (text, *Path(text).parts, Path(text).stem)}
    return not any(path.name in parts or path.stem in parts for path in entries)


def _is_there(start: Path, text: str) -> bool:
    try:
        return (start / text).exists() and (start / text).suffix not in CODE_SUFFIXES
    except (OSError, ValueError):
        return False


def _may_be_read(path: Path) -> bool:
    if path.is_dir():
        return any(inner.is_file() and inner.suffix not in CODE_SUFFIXES for inner in path.iterdir())
    return path.suffix not in CODE_SUFFIXES
