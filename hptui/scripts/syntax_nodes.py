"""The nodes of a script's syntax tree, walked once: a look-up for each of its many names would walk it again.

It is used by `constant_slots.py`, so it imports the standard library alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T", bound=ast.AST)
R = TypeVar("R")
KEPT = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.Dict, ast.Call)
"""Nodes that keep what was looked up in them."""


def once(look_up: Callable[[T], R]) -> Callable[[T], R]:
    """Return a function that looks something up once: a module, class, function or table keeps the answer.

    What it returns is shared, so callers do not change it, and still holds after a literal was put in the place of
    another one: it names places, not values.
    """

    @wraps(look_up)
    def kept(tree: T) -> R:
        if not isinstance(tree, KEPT):
            return look_up(tree)
        answers = tree.__dict__.setdefault("_hptui_answers", Answers())
        if look_up not in answers:
            answers[look_up] = look_up(tree)
        answer: R = answers[look_up]
        return answer

    return kept


class Answers(dict[Any, Any]):
    """What was looked up in a node, by the function; a copy of the node, which may be changed, has none."""

    def __deepcopy__(self, memo: Any) -> Answers:
        return Answers()


@once
def all_nodes(tree: ast.AST) -> list[ast.AST]:
    """Return a tree's nodes in the order of `ast.walk`."""
    nodes = [tree]
    for node in nodes:  # which grow meanwhile
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                nodes.append(value)
            elif isinstance(value, list):
                nodes += [item for item in value if isinstance(item, ast.AST)]
    return nodes


def nodes_of(tree: ast.AST, *kinds: type[T]) -> Iterator[T]:
    """Yield a tree's nodes of some classes, in the order of `ast.walk`."""
    return (node for node in all_nodes(tree) if isinstance(node, kinds))


def place_name(node: ast.AST) -> str:
    """Return the dotted name of `args.lr` or `params["lr"]`; '' for what is neither."""
    if isinstance(node, ast.Attribute):
        inner = place_name(node.value) if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        return f"{inner}.{node.attr}" if inner else ast.unparse(node)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return f"{ast.unparse(node.value)}.{node.slice.value}"
    return ""


def last_parts(node: ast.AST) -> list[str]:
    """Return the name of an attribute, or the key of an entry."""
    if isinstance(node, ast.Attribute):
        return [node.attr]
    key = getattr(node.slice, "value", None) if isinstance(node, ast.Subscript) else None
    return [key] if isinstance(key, str) and key else []


def called_name(node: ast.Call, names: tuple[str, ...]) -> bool:
    """Return whether a call is one of `names`, with the module in front or without."""
    called = last_called(node)
    likely = [name for name in names if name.rpartition(".")[2] == called]
    text = ast.unparse(node.func) if likely and isinstance(node.func, ast.Attribute) else called
    return any(text == name or text.endswith(f".{name}") for name in likely)


def last_called(call: ast.Call) -> str:
    """Return the last part of the name of what is called; '' if it has none."""
    name: str = getattr(call.func, "attr", "") or getattr(call.func, "id", "")
    return name


def slot_value(owner: Any, key: Any) -> ast.expr:
    """Return the expression that stands in a place."""
    value: ast.expr = getattr(owner, key) if isinstance(key, str) else owner[key]
    return value


LITERAL_NODES = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.List, ast.Tuple, ast.Dict, ast.operator, ast.unaryop)


def is_plain(node: ast.AST) -> bool:
    """Return whether an expression is made of literals alone: `64`, `2 * 64`, `int(1e5)`, `[1, 2]`."""
    converted = [converted_number(inner) for inner in ast.walk(node)] if isinstance(node, (ast.Call, ast.BinOp)) else []
    names = {id(part) for inner in converted if inner is not None for part in (inner, inner.func)}
    kinds = (*LITERAL_NODES, ast.expr_context)
    return all(isinstance(inner, kinds) or id(inner) in names for inner in ast.walk(node))


def converted_number(node: ast.AST) -> ast.Call | None:
    """Return a node that is a call which makes a number of a literal, `int(1e5)`; else None."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in NUMBER_TYPES:
        return None
    return node if len(node.args) == 1 and not node.keywords else None


NUMBER_TYPES = {"int": int, "float": float}


@once
def assigned_to(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """Return what is assigned to each variable anywhere.

    An argument that nobody gives by default is left out: `def main(given=None): … settings = given`.
    """
    absent = {
        argument.arg
        for node in nodes_of(tree, ast.FunctionDef)
        for argument, default in zip(  # noqa: B905  Python 3.9 lacks `strict`
            reversed(node.args.args), reversed(node.args.defaults)
        )
        if isinstance(default, ast.Constant) and default.value is None
    }
    assigned: dict[str, list[ast.AST]] = {}
    for node in all_nodes(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            if isinstance(node.value, ast.Name) and node.value.id in absent:
                continue
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            for name in {target.id for target in targets if isinstance(target, ast.Name)}:
                assigned.setdefault(name, []).append(node.value)
    return assigned


class DefaultPlace:
    """The place of a value that a script leaves at a default: setting it writes the value into the script."""

    def __init__(self, node: Any, default: Any) -> None:
        self.node = node
        self._default = ast.copy_location(ast.parse(repr(default), mode="eval").body, node)

    @property
    def value(self) -> ast.expr:
        """The default."""
        return self._default

    @value.setter
    def value(self, node: ast.expr) -> None:
        self.write(node)

    def write(self, value: ast.expr) -> None:
        """Write a value into the script."""
        raise NotImplementedError
