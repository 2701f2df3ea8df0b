"""Keys of tables with a text that the function chooses which makes them: `split = "train" if train else "eval"`."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping

from hptui.scripts.inspect.folded import filled, truth
from hptui.scripts.inspect.syntax import literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

MAX_WAYS = 8
"""Ways to choose the texts in one key that are followed."""


def with_chosen_keys(table: ast.Dict, function: ast.FunctionDef, given: Mapping[str, ast.expr]) -> ast.Dict:
    """Return a table of a function with its keys in each way that their texts may be chosen.

    What a call has `given` decides where it is literal.
    """
    choices = dict(_choices(function, given))
    if not choices:
        return table
    keys: list[ast.expr | None] = []
    values: list[ast.expr] = []
    for key, value in zip(table.keys, table.values, strict=True):
        names = [name for name in choices if key is not None and name in _names(key)]
        ways = itertools.product(*(choices[name] for name in names))
        for way in itertools.islice(ways, MAX_WAYS):
            keys.append(filled(key, dict(zip(names, way, strict=True))) if key is not None and names else key)
            values.append(value)
    return ast.Dict(keys, values)


def _names(node: ast.AST) -> set[str]:
    return {inner.id for inner in all_nodes(node) if isinstance(inner, ast.Name)}


def _choices(function: ast.FunctionDef, given: Mapping[str, ast.expr]) -> Iterator[tuple[str, list[ast.expr]]]:
    """Yield the variables of a function that hold one of two literal texts, with those that they may hold."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in nodes_of(function, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                assigned.setdefault(target.id, []).append(node.value)
    known = {name: node for name, node in given.items() if isinstance(node, ast.Constant)}
    for name, values in assigned.items():
        match values:
            case [ast.IfExp(test=test, body=body, orelse=other)] if _are_texts(body, other):
                decided = truth(filled(test, known))
                yield name, [body, other] if decided is None else [body] if decided else [other]


def _are_texts(*nodes: ast.expr) -> bool:
    return all(isinstance(literal_value(node), str) for node in nodes)
