"""Files of settings in INI, and in Python: their values by name, and their text with other values."""

from __future__ import annotations

import ast
import configparser
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hptui.core.errors import UserError
from hptui.scripts.constant_slots import top_level
from hptui.scripts.syntax_nodes import is_plain, slot_value
from hptui.scripts.table_slots import assigned_places, table_entries
from hptui.scripts.with_constants import replacement

BASES_NAME = "_base_"
"""Variable of a file in Python that names the files that it extends, from its own directory."""


def ini_read(text: str) -> dict[str, Any]:
    """Return the sections of an INI file; numbers and truth values as such."""
    parser = _ini_parser()
    parser.read_string(text)
    defaults = dict(parser.defaults())
    sections: dict[str, Any] = {"DEFAULT": {name: _typed(value) for name, value in defaults.items()}}
    for section in parser.sections():
        own = {name: value for name, value in parser.items(section, raw=True) if defaults.get(name) != value}
        sections[section] = {name: _typed(value) for name, value in own.items()}
    return {name: values for name, values in sections.items() if values or name != "DEFAULT"}


def ini_text(content: Mapping[str, Any]) -> str:
    """Return sections as the text of an INI file."""
    parser = _ini_parser()
    for section, values in content.items():
        table = values if isinstance(values, Mapping) else {}
        parser[section] = {str(name): "" if value is None else str(value) for name, value in table.items()}
    stream = io.StringIO()
    parser.write(stream)
    return stream.getvalue()


def _ini_parser() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(" #", " ;"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    return parser


def _typed(text: str) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def python_read(text: str) -> dict[str, Any]:
    """Return the plain values of a file in Python by dotted name.

    `optimizer.lr` is that of `optimizer = dict(lr=0.1)`.
    """
    return {name: value for name, value, _, _ in _places(ast.parse(text)) if not name.startswith("_")}


def _places(tree: ast.Module) -> Iterator[tuple[str, Any, Any, Any]]:
    """Yield (name, value, owner, attribute or index) of what a file in Python sets."""
    for node in top_level(tree):
        for target, owner, key in assigned_places(node):
            if isinstance(target, ast.Name):
                yield from _within(target.id, owner, key)


def _within(name: str, owner: Any, key: Any) -> Iterator[tuple[str, Any, Any, Any]]:
    node = slot_value(owner, key)
    entries = table_entries(node)
    if entries is not None:
        for entry, _, inner, place in entries:
            if isinstance(entry, str):
                yield from _within(f"{name}.{entry}", inner, place)
    elif is_plain(node):
        try:
            value = ast.literal_eval(node)
        except ValueError:  # 2 * 64
            value = eval(compile(ast.Expression(node), "", "eval"), {"__builtins__": {}})  # noqa: S307  literals alone
        yield name, list(value) if isinstance(value, tuple) else value, owner, key


def python_text(path: Path | None, changed: Mapping[str, Any]) -> str:
    """Return a file in Python with other values; files that it extends are named by their whole path.

    Raises: UserError for a name that it does not set.
    """
    assert path is not None
    tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    places = {name: (owner, key) for name, _, owner, key in _places(tree)}
    for name, value in changed.items():
        if name not in places:
            raise UserError(f"trainer.config: {path.name} sets no {name} to a plain value")
        owner, key = places[name]
        new = replacement(value, slot_value(owner, key))
        if isinstance(key, str):
            setattr(owner, key, new)
        else:
            owner[key] = new
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(getattr(target, "id", "") == BASES_NAME for target in node.targets):
            for inner in ast.walk(node.value):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    inner.value = str((path.parent / inner.value).resolve())
    return ast.unparse(tree) + "\n"
