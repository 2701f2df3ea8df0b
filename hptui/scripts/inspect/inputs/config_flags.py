"""Settings of ml_collections: the `ConfigDict` that `get_config()` of a file makes, set by `--config.lr=0.1`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.scripts.inspect.forms import READS_OF_TYPE, UNKNOWN, OptionForm, Reads
from hptui.scripts.inspect.inputs.config_file import existing_file
from hptui.scripts.inspect.inputs.constants import entries_of_table
from hptui.scripts.inspect.syntax import (
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    keyword_argument,
    literal_value,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes

DICT_NAMES = ("ConfigDict", "d", "config_dict")
MAX_CONFIG_BYTES = 1 << 20
CONFIG_FOLDERS = ("configs", "config", "")
"""Folders, next to a script, that hold its files of settings."""


def with_config_flags(script: InspectedScript, tree: ast.Module, path: Path) -> InspectedScript:
    """Return a script of absl with the settings of the file that `DEFINE_config_file` names."""
    if script.parser != "absl":
        return script
    for called, call in calls(tree):
        if called.rpartition(".")[2] != "DEFINE_config_file":
            continue
        name = literal_value(call.args[0]) if call.args else literal_value(keyword_argument(call, "name"))
        default = literal_value(call.args[1]) if call.args[1:] else literal_value(keyword_argument(call, "default"))
        if not isinstance(name, str):
            continue
        script.options = [option for option in script.options if option.name != name]
        file = existing_file(path, default) if isinstance(default, str) else None
        if file is None and (file := _likely_file(path)) is not None:
            place = file.relative_to(path.parent).as_posix()
            script.words = [*script.words, f"--{name}={place}"]
            script.notes.append(f"--{name} names a file of settings, and there is no default: {place} is a guess")
        if file is None:
            script.notes.append(f"--{name} names a file of settings, and there is no default: put it into the command")
            continue
        script.options += [_option(f"{name}.{key}", value) for key, value in _settings_of(file)]
    return script


def _likely_file(path: Path) -> Path | None:
    """Return the file of settings next to a script that is called default, or is the only one."""
    files = [file for folder in CONFIG_FOLDERS for file in sorted(path.parent.joinpath(folder).glob("*.py"))]
    files = [file for file in files if file != path and any(True for _ in _settings_of(file))]
    return next((file for file in files if file.stem == "default"), files[0] if len(files) == 1 else None)


def _option(name: str, value: Any) -> ScriptOption:
    kind = type_of(value)
    form = OptionForm(reads=READS_OF_TYPE.get(kind, Reads.PYTHON), flags=(f"--{name}",), silent=value)
    return ScriptOption(name, name, kind, value, form=replace(form, words=("false", "true")))


def _settings_of(file: Path) -> Iterator[tuple[str, Any]]:
    """Yield the settings that `get_config` assigns, by dotted name."""
    try:
        if file.stat().st_size > MAX_CONFIG_BYTES:
            return
        tree = ast.parse(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return
    function = next((n for n in all_nodes(tree) if isinstance(n, ast.FunctionDef) and n.name == "get_config"), None)
    prefixes: dict[str, str] = {}  # what a variable stands for: "" for the whole
    values: dict[str, Any] = {}
    for node in function.body if function is not None else ():
        if not isinstance(node, ast.Assign):
            continue
        made = node.value
        is_table = isinstance(made, ast.Call) and dotted_name(made.func).rpartition(".")[2] in (*DICT_NAMES, "dict")
        places = [place for target in node.targets if (place := _place(target, prefixes)) is not None]
        for target in node.targets:
            if is_table and isinstance(target, ast.Name):
                prefixes[target.id] = places[0] if places else ""
        if is_table and isinstance(made, ast.Call):
            inner = made.args[0] if made.args else made
            for place in places or [""]:
                values |= {f"{place}.{key}".strip("."): value for key, value in entries_of_table(inner)}
        for place in () if is_table else places:
            values[place] = literal_value(made)
    yield from ((key, value) for key, value in values.items() if value is not UNKNOWN and value is not None)


def _place(target: ast.expr, prefixes: dict[str, str]) -> str | None:
    """Return the dotted name of `config.model.width`; None for what is no part of a configuration."""
    first, _, rest = dotted_name(target).partition(".")
    return f"{prefixes[first]}.{rest}".strip(".") if rest and first in prefixes else None
