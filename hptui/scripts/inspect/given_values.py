"""Values of expressions as a script runs by default: of options, constants and arguments with one default."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from hptui.scripts.inspect.folded import table_of
from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.syntax import dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Gt: gt,
    ast.GtE: ge,
    ast.Lt: lt,
    ast.LtE: le,
    ast.Eq: eq,
    ast.NotEq: ne,
    ast.Is: eq,
    ast.IsNot: ne,
}
MAX_DEPTH = 4
"""Variables that hold others."""


class GivenValues:
    """Knows what names of a script stand for. `defaults` are those of its options, by name."""

    def __init__(self, tree: ast.AST, defaults: Mapping[str, Any] | None = None) -> None:
        self._given: dict[str, list[ast.expr]] = {}
        for name, node in _given_expressions(tree):
            self._given.setdefault(name, []).append(node)
        self._returned = dict(_returned_expressions(tree))
        self._defaults: dict[str, Any] = {}
        for name, value in (defaults or {}).items():
            self._defaults[name.rpartition(".")[2]] = value

    def of(self, node: ast.expr | None, depth: int = 0) -> Any:
        """Return the value of an expression; UNKNOWN where the source does not show it."""
        value = literal_value(node)
        if value is not UNKNOWN or node is None:
            return value
        if isinstance(node, ast.IfExp):
            holds = self.holds(node.test, depth)
            branches = [node.body, node.orelse] if holds is None else [node.body if holds else node.orelse]
            values = [self.of(branch, depth) for branch in branches]
            return values[0] if all(value == values[0] for value in values) else UNKNOWN
        name = dotted_name(node).rpartition(".")[2]
        if name in self._defaults:
            return self._defaults[name]
        given = self._given.get(name, [])
        return self.of(given[0], depth + 1) if len(given) == 1 and depth < MAX_DEPTH else UNKNOWN

    def holds(self, test: ast.expr, depth: int = 0) -> bool | None:
        """Return whether a condition holds by default; None where the source does not show it."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.holds(operand, depth)
                return None if inner is None else not inner
            case ast.BoolOp(op=op, values=values):
                parts = [self.holds(part, depth) for part in values]
                decisive = isinstance(op, ast.Or)
                return decisive if decisive in parts else None if None in parts else not decisive
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                first, second = self.of(left, depth), self.of(right, depth)
                try:
                    return None if UNKNOWN in (first, second) else COMPARISONS[type(op)](first, second)
                except TypeError:
                    return None
        value = self.of(test, depth)
        return None if value is UNKNOWN else bool(value)

    def arguments(self, call: ast.Call) -> tuple[dict[str, ast.expr], bool]:
        """Return what a call is given by name, also in a table (`**common`), and whether that is all of it."""
        given, is_all = {word.arg: word.value for word in call.keywords if word.arg}, True
        for word in call.keywords:
            if word.arg is not None:
                continue
            held = self._given.get(dotted_name(word.value).rpartition(".")[2], [])
            table = table_of(held[0] if len(held) == 1 else word.value)
            is_all &= table is not None and None not in table.keys
            pairs = zip(table.keys, table.values, strict=True) if table is not None else ()
            named = {literal_value(key): value for key, value in pairs if key is not None}
            given |= {name: value for name, value in named.items() if isinstance(name, str) and name not in given}
        return given, is_all

    def made(self, node: ast.expr) -> ast.Call | None:
        """Return the call that makes an object; None for any other expression.

        Also where a variable holds it, and of a function that returns it.
        """
        for _ in range(MAX_DEPTH):
            if isinstance(node, ast.Call):
                inner = self._returned.get(dotted_name(node.func).rpartition(".")[2])
                if inner is None:
                    return node
                node = inner
            else:
                held = self._given.get(dotted_name(node).rpartition(".")[2], []) if dotted_name(node) else []
                own = [value for value in held if isinstance(value, ast.Call)]
                if len(own) != 1:
                    return None
                node = own[0]
        return None


def _returned_expressions(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the functions that return one thing, with its expression."""
    for function in nodes_of(tree, ast.FunctionDef):
        returned = [node.value for node in nodes_of(function, ast.Return) if node.value is not None]
        if len(returned) == 1 and isinstance(returned[0], ast.Call | ast.Name):
            yield function.name, returned[0]


def _given_expressions(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield what is assigned to names, and the defaults of functions' arguments and of fields."""
    for node in all_nodes(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((dotted_name(target).rpartition(".")[2], value) for target in targets)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                yield dotted_name(target).rpartition(".")[2], value
            case ast.FunctionDef(args=spec) | ast.AsyncFunctionDef(args=spec):
                names = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
                yield from zip(reversed(names), reversed(spec.defaults), strict=False)
                named = zip((argument.arg for argument in spec.kwonlyargs), spec.kw_defaults, strict=True)
                yield from ((name, default) for name, default in named if default is not None)
