"""Calls in loops over literals, written out: `for name, default in [("lr", 0.1)]: add_argument(f"--{name}", …)`."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from hptui.scripts.inspect.syntax import calls

MAX_ROUNDS = 100
"""Rounds of a loop that are written out."""


def unrolled_calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of a script as `calls` does, those in loops over literals once for each round."""
    loops: dict[int, ast.For] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and _rounds(node):
            loops |= {id(inner): node for inner in ast.walk(node) if isinstance(inner, ast.Call)}
    for name, call in calls(tree):
        loop = loops.get(id(call))
        for values in _rounds(loop) if loop is not None else [{}]:
            yield name, _Filled(values).visit(copy.deepcopy(call)) if values else call


def _rounds(loop: ast.For) -> list[dict[str, ast.expr]]:
    """Return what the variables of a loop stand for in each round; [] if unknown."""
    items: list[ast.expr] = []
    match loop.iter:
        case ast.Call(func=ast.Attribute(value=ast.Dict(keys=keys, values=values), attr="items")):
            items = [ast.Tuple([key, value]) for key, value in zip(keys, values, strict=True) if key is not None]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            pass
        case _:
            return []
    names = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
    rounds = []
    for item in items[:MAX_ROUNDS]:
        parts = [item] if len(names) == 1 else item.elts if isinstance(item, ast.Tuple | ast.List) else []
        if len(parts) != len(names) or not all(isinstance(name, ast.Name) for name in names):
            return []
        rounds.append({name.id: part for name, part in zip(names, parts, strict=True) if isinstance(name, ast.Name)})
    return rounds


class _Filled(ast.NodeTransformer):
    """Puts expressions in the place of variables; a formatted string of texts alone becomes a text."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.copy_location(copy.deepcopy(self._values.get(node.id, node)), node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        self.generic_visit(node)
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        if all(isinstance(part, ast.Constant) for part in parts):
            text = "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
            return ast.copy_location(ast.Constant(text), node)
        return node
