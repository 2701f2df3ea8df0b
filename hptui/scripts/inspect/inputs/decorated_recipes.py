"""Recipes whose main function a decorator gives the file of `--config`, with `key=value` words over it."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

from hptui.scripts.inspect.inputs.config_file import config_leaves, file_content, file_option
from hptui.scripts.inspect.ranges import has_rule
from hptui.scripts.inspect.syntax import InspectedScript, dotted_name
from hptui.scripts.syntax_nodes import nodes_of

MAX_FILES = 500
"""Files of settings that are looked at."""
MAX_HEAD_BYTES = 4096
"""Bytes of such a file in which its comment names the script that it is for."""
FOLDERS = ("configs", "config", "recipes/configs", "conf")
MAKER = "_component_"
"""The key of a table that names what is made of it."""


def decorated_options(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Inspect a script with `@config.parse`; None without one, or without a file that is for it."""
    decorators = [dotted_name(line) for node in nodes_of(tree, ast.FunctionDef) for line in node.decorator_list]
    if not any(name.endswith("config.parse") for name in decorators):
        return None
    script = InspectedScript("config.parse", "hydra", settings={"help": False})
    files = _files_for(path)
    if not files:
        script.notes.append(f'{path.name} takes a file of settings: put "--config" and its path behind it in command')
        return script
    leaves = [pair for pair in config_leaves(file_content(files[0]) or {}, "") if MAKER not in pair[0]]
    script.options = [file_option(name, value) for name, value in leaves]
    script.words = ["--config", Path(os.path.relpath(files[0])).as_posix()]
    script.parser = f"config.parse, and settings of {files[0].name}"
    if len(files) > 1:
        script.notes.append(f"{files[0].name} is the first of {len(files)} files of settings for {path.name}")
    return script


def _files_for(path: Path) -> list[Path]:
    """Return the files whose comments name a script, and that have something to tune."""
    places = [place / name for place in (path.parent, path.parent.parent) for name in FOLDERS]
    files = [file for place in places if place.is_dir() for file in sorted(place.rglob("*.y*ml"))[:MAX_FILES]]
    named = re.compile(rf"(?<![\w-]){re.escape(path.stem)}(?![\w-])")
    fitting = [file for file in dict.fromkeys(files) if named.search(_head(file))]
    return sorted(filter(_has_tuned, fitting), key=lambda file: len(file.parts))


def _head(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_HEAD_BYTES).decode(errors="replace")
    except OSError:
        return ""


def _has_tuned(file: Path) -> bool:
    return any(has_rule(name.rpartition(".")[2]) for name, _ in config_leaves(file_content(file) or {}, ""))
