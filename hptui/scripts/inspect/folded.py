"""Expressions with others in the place of their variables, computed as far as literals allow."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping

from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.syntax import dotted_name, literal_value

TEXT_METHODS = ("replace", "lower", "upper", "strip", "lstrip", "rstrip", "format", "removeprefix", "title",
                "capitalize", "removesuffix")  # fmt: skip
"""Methods of texts that are computed."""


def filled(node: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    """Return an expression with others in the place of its variables."""
    new: ast.expr = Folding(values).visit(copy.deepcopy(node))
    return new


def truth(node: ast.expr) -> bool | None:
    """Return whether a condition holds, such as `isinstance(0.1, float)` or `"lr" in ("lr", "wd")`.

    None if the source does not show it.
    """
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            inner = truth(operand)
            return None if inner is None else not inner
        case ast.BoolOp(op=op, values=values):
            parts = [truth(part) for part in values]
            decisive = isinstance(op, ast.Or)
            return decisive if decisive in parts else None if None in parts else not decisive
        case ast.Call(func=ast.Name(id="isinstance"), args=[value, kinds]):
            return _is_instance(value, kinds.elts if isinstance(kinds, ast.Tuple) else [kinds])
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(left, op, right)
        case ast.Constant(value=bool() as value):
            return value
    return None


def _is_instance(node: ast.expr, kinds: list[ast.expr]) -> bool | None:
    value = literal_value(node)
    if value is UNKNOWN:
        return None
    names = {kind.__name__ for kind in type(value).__mro__}
    return any(dotted_name(kind) in names for kind in kinds)


def _compared(left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool | None:
    kinds = [dotted_name(part) for part in (left, right)]
    first, second = (kind or literal_value(part) for kind, part in zip(kinds, (left, right), strict=True))
    if first is UNKNOWN or second is UNKNOWN or (isinstance(op, ast.In | ast.NotIn) and not isinstance(second, list)):
        return None
    if kinds[0] and not (kinds[0] in TYPE_NAMES and (kinds[1] in TYPE_NAMES or isinstance(second, list))):
        return None  # a variable
    match op:
        case ast.Eq() | ast.Is():
            return bool(first == second)
        case ast.NotEq() | ast.IsNot():
            return bool(first != second)
        case ast.In():
            return first in second
        case ast.NotIn():
            return first not in second
    return None


TYPE_NAMES = ("bool", "int", "float", "str", "list", "tuple", "dict")


class Folding(ast.NodeTransformer):
    """Puts expressions in the place of variables, and computes what became literal by that."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Return what a variable stands for."""
        if not isinstance(node.ctx, ast.Load) or node.id not in self._values:
            return node
        return ast.copy_location(copy.deepcopy(self._values[node.id]), node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        """Return a formatted string of texts alone as a text."""
        self.generic_visit(node)
        parts = [
            part.value if isinstance(part, ast.FormattedValue) and part.format_spec is None else part
            for part in node.values
        ]
        if all(isinstance(part, ast.Constant) for part in parts):
            text = "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
            return ast.copy_location(ast.Constant(text), node)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Return `"--" + "lr"` as a text."""
        self.generic_visit(node)
        match node:
            case ast.BinOp(
                left=ast.Constant(value=str() as left), op=ast.Add(), right=ast.Constant(value=str() as end)
            ):
                return ast.copy_location(ast.Constant(left + end), node)
            case ast.BinOp(ast.Constant(value=str() as left), ast.Mod(), ast.Constant(value=value)):
                try:
                    return ast.copy_location(ast.Constant(left % value), node)
                except (TypeError, ValueError):
                    return node
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Return the text that a method of a text makes, and the name that `type(0.1)` has."""
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr=method), keywords=[]):
                given = [literal_value(argument) for argument in node.args]
                if method in TEXT_METHODS and all(isinstance(part, str) for part in given):
                    try:
                        return ast.copy_location(ast.Constant(getattr(text, method)(*given)), node)
                    except (TypeError, ValueError, IndexError, KeyError):
                        return node
            case ast.Call(func=ast.Name(id="type"), args=[value]) if (known := literal_value(value)) is not UNKNOWN:
                return ast.copy_location(ast.Name(type(known).__name__, ast.Load()), node)
            case ast.Call(func=ast.Attribute(value=ast.Dict() as table, attr="get" | "pop"), args=[key, *rest]):
                entry = entry_of(table, key)
                return entry if entry is not None else rest[0] if rest else ast.copy_location(ast.Constant(None), node)
        return _expanded(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """Return the entry of a table of literals."""
        self.generic_visit(node)
        entry = entry_of(node.value, node.slice)
        return entry if entry is not None else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """Return the branch that is taken, where the condition is known."""
        self.generic_visit(node)
        holds = truth(node.test)
        return node if holds is None else node.body if holds else node.orelse


def entry_of(table: ast.expr, key: ast.expr) -> ast.expr | None:
    """Return the expression at a key of a dictionary, or at a place of a list; None if it is not there."""
    place = literal_value(key)
    if isinstance(table, ast.Dict):
        pairs = zip(table.keys, table.values, strict=True)
        return next((value for name, value in pairs if name is not None and literal_value(name) == place), None)
    if isinstance(table, ast.Tuple | ast.List) and isinstance(place, int) and -len(table.elts) <= place:
        return table.elts[place] if place < len(table.elts) else None
    return None


def table_of(node: ast.expr) -> ast.Dict | None:
    """Return `{…}` or `dict(…)` as a dictionary; None for anything else."""
    if isinstance(node, ast.Dict):
        return node
    is_made = isinstance(node, ast.Call) and dotted_name(node.func).rpartition(".")[2] in ("dict", "OrderedDict")
    if isinstance(node, ast.Call) and is_made and len(node.args) == 1 and not node.keywords:
        return _of_pairs(node.args[0])
    if isinstance(node, ast.Call) and is_made and not node.args:
        named = [word for word in node.keywords if word.arg]
        return ast.Dict([ast.Constant(word.arg) for word in named], [word.value for word in named])
    return None


def _of_pairs(node: ast.expr) -> ast.Dict | None:
    """Return `[("a", x), ("b", y)]` as a dictionary; None for anything else."""
    entries = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    pairs = [entry.elts for entry in entries if isinstance(entry, ast.Tuple | ast.List) and len(entry.elts) == 2]
    if not pairs or len(pairs) != len(entries):
        return None
    return ast.Dict([key for key, _ in pairs], [value for _, value in pairs])


def _expanded(call: ast.Call) -> ast.Call:
    """Return a call with `*("a", "b")` and `**{"type": float}` written out."""
    args: list[ast.expr] = []
    for argument in call.args:
        inner = argument.value if isinstance(argument, ast.Starred) else None
        args += inner.elts if isinstance(inner, ast.Tuple | ast.List) else [argument]
    words: list[ast.keyword] = []
    for word in call.keywords:
        table = table_of(word.value) if word.arg is None else None
        if table is None:
            words.append(word)
            continue
        for key, value in zip(table.keys, table.values, strict=True):
            name = literal_value(key) if key is not None else None
            words.append(ast.keyword(name if isinstance(name, str) else None, value))
    call.args, call.keywords = args, words
    return call
