"""Constants of a script that are held in a dictionary or a class: `params = {"lr": 0.1}`, `class CFG: lr = 0.1`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.syntax import dotted_name, literal_value

MAX_DEPTH = 4
"""Dictionaries within dictionaries that are followed."""
MIN_ENTRIES = 2
"""Entries with a plain value from which a dictionary or class is taken for settings."""
NO_SETTINGS = ("labels", "classes", "names", "mapping", "vocab", "colors", "colours", "id2label", "label2id", "headers")
"""Ends of the names of dictionaries that hold no settings."""


def nested_constants(tree: ast.Module) -> dict[str, Any]:
    """Return the plain values in dictionaries and classes, by dotted name: `params.lr`, `CFG.lr`."""
    values_by_name: dict[str, Any] = {}
    for name, node in _tables(tree):
        values = dict(_plain_entries(node, f"{name}.", 0))
        if len(values) >= MIN_ENTRIES and not name.lower().endswith(NO_SETTINGS):
            values_by_name |= values
    return values_by_name


def literal_tables(tree: ast.Module) -> dict[str, Any]:
    """Return the values of variables that are assigned one dictionary of plain values, by name."""
    return {name: value for name, node in _tables(tree) if isinstance(value := _table_value(node, 0), dict)}


def _tables(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield dictionaries that are assigned to one name each, and classes that hold constants alone."""
    assigned: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value)
    for name, values in assigned.items():
        if len(values) == 1 and _entries(values[0]) is not None and not name.startswith("_"):
            yield name, values[0]
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.bases and _holds_constants(node):
            yield node.name, node


def _holds_constants(node: ast.ClassDef) -> bool:
    """Return whether a class is a table of settings: constants, and nothing that runs."""
    return all(isinstance(line, ast.Assign | ast.AnnAssign | ast.Expr | ast.Pass) for line in node.body)


def _entries(node: ast.AST) -> list[tuple[str, ast.expr]] | None:
    """Return the entries of `{…}`, `dict(…)` or a class with text keys; None for anything else."""
    if isinstance(node, ast.Dict):
        keys = [literal_value(key) for key in node.keys if key is not None]
        if len(keys) < len(node.keys) or not all(isinstance(key, str) for key in keys):
            return None
        return list(zip(keys, node.values, strict=True))
    if isinstance(node, ast.Call) and dotted_name(node.func) == "dict" and not node.args:
        return [(word.arg, word.value) for word in node.keywords if word.arg]
    if isinstance(node, ast.ClassDef):
        lines = [line for line in node.body if isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None]
        targets = [line.targets[0] if isinstance(line, ast.Assign) else line.target for line in lines]
        pairs = zip(targets, lines, strict=True)
        return [(target.id, line.value) for target, line in pairs if isinstance(target, ast.Name) and line.value]
    return None


def _plain_entries(node: ast.AST, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, item in _entries(node) or ():
        if _entries(item) is not None and depth < MAX_DEPTH:
            yield from _plain_entries(item, f"{prefix}{key}.", depth + 1)
        elif isinstance(value := literal_value(item), bool | int | float | str) and not key.startswith("_"):
            yield prefix + key, value


def table_entries(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield the plain values of `{…}` or `dict(…)`, those of tables within it by dotted name."""
    return _plain_entries(node, "", 0)


def _table_value(node: ast.AST, depth: int) -> Mapping[str, Any] | None:
    entries = _entries(node)
    if entries is None or isinstance(node, ast.ClassDef):
        return None
    values = {key: _table_value(item, depth + 1) if _entries(item) else literal_value(item) for key, item in entries}
    return {key: value for key, value in values.items() if value is not UNKNOWN}
