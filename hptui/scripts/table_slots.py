"""Where entries stand in tables of a script: in dictionaries, calls such as `dict(…)`, and classes.

It is used by `with_constants.py` in the environment of the user's script, so it imports the standard library alone.
"""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from hptui.scripts.syntax_nodes import all_nodes, called_name, is_plain, once, slot_value
else:  # started by the path of `with_constants.py`, where no package is
    syntax_nodes = importlib.import_module("syntax_nodes")
    all_nodes = syntax_nodes.all_nodes
    called_name = syntax_nodes.called_name
    is_plain = syntax_nodes.is_plain
    once = syntax_nodes.once
    slot_value = syntax_nodes.slot_value


def assigned_places(node: ast.AST) -> list[tuple[ast.expr, Any, Any]]:
    """Return (target, owner, attribute or index) of what a line assigns: of `a, b = 1, 2` both."""
    if isinstance(node, ast.AnnAssign):
        return [(node.target, node, "value")] if node.value is not None else []
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return []
    [target], value = node.targets, node.value
    if isinstance(target, ast.Tuple) and isinstance(value, (ast.Tuple, ast.List)):
        pairs = list(enumerate(target.elts))
        return [(part, value.elts, index) for index, part in pairs] if len(pairs) == len(value.elts) else []
    return [(target, node, "value")]


def slot_in(table: ast.AST, name: str) -> list[tuple[Any, Any]]:
    """Return where a dotted name stands in a dictionary, `dict(…)` or class; [] if it is not there."""
    parts = name.split(".")
    places = _places_by_key(table)
    starts = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
    for _, key, owner, index in sorted(  # the last of two entries of one key counts
        (place for start in starts for place in places.get(start, ())), key=itemgetter(0), reverse=True
    ):
        if key == name:
            return [(owner, index)]
        if slots := slot_in(slot_value(owner, index), name[len(key) + 1 :]):
            return slots
    return []


@once
def _places_by_key(table: ast.AST) -> dict[str, list[tuple[int, str, Any, Any]]]:
    """Return (number, key, owner, attribute or index) of the entries of a table by their keys."""
    places: dict[str, list[tuple[int, str, Any, Any]]] = {}
    for number, (key, _, owner, index) in enumerate(table_entries(table) or ()):
        if isinstance(key, str):
            places.setdefault(key, []).append((number, key, owner, index))
    return places


NAMESPACES = ("dict", "SimpleNamespace", "Namespace", "EasyDict", "edict", "AttrDict", "DotDict", "Munch", "Box",
              "ConfigDict", "OmegaConf.create", "DictConfig")  # fmt: skip
"""Calls that make a table of their keywords, or of a dictionary."""


def table_entries(node: ast.AST) -> list[tuple[Any, ast.expr, Any, Any]] | None:
    """Return (key, value, owner, attribute or index) of each entry of a table; None for what is no table."""
    if isinstance(node, ast.Dict):
        entries: list[tuple[Any, ast.expr, Any, Any]] = []
        pairs = zip(node.keys, node.values)  # noqa: B905  Python 3.9 lacks `strict`
        for index, (key, value) in enumerate(pairs):
            entries.append((key.value if isinstance(key, ast.Constant) else None, value, node.values, index))
        return entries
    if isinstance(node, ast.List) and node.elts and all(isinstance(item, ast.Dict) for item in node.elts):
        return [(str(index), item, node.elts, index) for index, item in enumerate(node.elts)]
    if isinstance(node, ast.Call) and called_name(node, NAMESPACES):
        inner = [*node.args[:1], *(word.value for word in node.keywords if word.arg is None)]
        entries = [entry for part in inner for entry in table_entries(part) or []]
        return [*entries, *((word.arg, word.value, word, "value") for word in node.keywords if word.arg)]
    if isinstance(node, ast.ClassDef):
        lines = [line for line in node.body if isinstance(line, (ast.Assign, ast.AnnAssign)) and line.value is not None]
        inner_classes: list[Any] = [
            (line.name, line, node.body, index)
            for index, line in enumerate(node.body)
            if isinstance(line, ast.ClassDef)
        ]
        return [*(entry for line in lines for entry in class_entry(line)), *own_attributes(node), *inner_classes]
    return None


def own_attributes(node: ast.ClassDef) -> list[tuple[Any, ast.expr, Any, Any]]:
    """Return the entries that a constructor makes of literals and sets once: `self.lr = 1e-3`."""
    stored = Counter(n.attr for n in all_nodes(node) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
    makers = [line for line in node.body if isinstance(line, ast.FunctionDef) and line.name == "__init__"]
    places = [place for maker in makers for line in maker.body for place in assigned_places(line)]
    return [
        (target.attr, slot_value(owner, key), owner, key)
        for target, owner, key in places
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self" and stored[target.attr] == 1
        if is_plain(slot_value(owner, key))  # `self.lr = lr`: the argument has the value
    ]


def class_entry(line: Any) -> list[tuple[Any, ast.expr, Any, Any]]:
    """Return the entry of one line of a class; the default of `field(…)` where a dataclass has that."""
    target = line.target if isinstance(line, ast.AnnAssign) else line.targets[0]
    if not isinstance(target, ast.Name):
        return []
    if isinstance(line.value, ast.Call) and called_name(line.value, ("field", "Field")):
        for word in line.value.keywords:
            if word.arg == "default":
                return [(target.id, word.value, word, "value")]
            if word.arg == "default_factory" and isinstance(word.value, ast.Lambda):
                return [(target.id, word.value.body, word.value, "body")]
        return []
    return [(target.id, line.value, line, "value")]


@once
def definitions(tree: ast.Module) -> dict[str, list[Any]]:
    """Return the functions and classes at the top level by name."""
    definitions: dict[str, list[Any]] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            definitions.setdefault(node.name, []).append(node)
    return definitions
