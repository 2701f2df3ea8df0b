"""Reading a script's syntax tree: names, literals, calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

Known = dict[str, Any]
"""Constants of a script by name."""

UNKNOWN = object()
"""What `literal` gives for an expression whose value only a run would tell."""


def dotted(node: ast.AST) -> str:
    """`torch.optim.Adam` for such an expression, '' for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        above = dotted(node.value)
        return f"{above}.{node.attr}" if above else ""
    return ""


def literal(node: ast.AST | None, constants: dict[str, Any] | None = None) -> Any:
    """The value of a literal (also of `-1e-3`, `64 * 4`, a known constant's name); UNKNOWN for anything else."""
    if node is None:
        return None
    if isinstance(node, ast.Name) and constants and node.id in constants:
        return constants[node.id]
    if isinstance(node, ast.BinOp):
        return _computed(node, constants)
    try:
        found = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return UNKNOWN
    if isinstance(found, tuple | set):
        found = list(found)
    if found is None or isinstance(found, bool | int | float | str | list | dict):
        return found
    return UNKNOWN


def _computed(node: ast.BinOp, constants: dict[str, Any] | None) -> Any:
    left, right = literal(node.left, constants), literal(node.right, constants)
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in (left, right)):
        return UNKNOWN
    try:
        match node.op:
            case ast.Mult():
                return left * right
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Div():
                return left / right
            case ast.FloorDiv():
                return left // right
            case ast.Pow() if abs(right) <= 64:
                return left**right
    except (ArithmeticError, ValueError):
        pass
    return UNKNOWN


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the dotted name of what is called ('' where it has none), in the order of the source."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for node in sorted(found, key=lambda call: (call.lineno, call.col_offset)):
        yield dotted(node.func), node


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The argument given by this name."""
    return next((word.value for word in call.keywords if word.arg == name), None)


def constants(tree: ast.Module) -> dict[str, Any]:
    """Names that the top level of a script gives a plain value."""
    found: dict[str, Any] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        if isinstance(node, ast.AnnAssign):
            target = node.target
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign):
            value = literal(node.value, found)
            if value is not UNKNOWN and value is not None:
                found[target.id] = value
    return found


def type_name(node: ast.AST | None) -> str:
    """`int`, `float`, `str`, `bool` or `list` for an annotation or a converter that says so, else `any`."""
    if node is None:
        return "any"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return type_name(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return "any"
    if isinstance(node, ast.BinOp):  # int | None
        left = type_name(node.left)
        return left if left != "any" else type_name(node.right)
    if isinstance(node, ast.Subscript):
        outer = dotted(node.value).rsplit(".", 1)[-1].lower()
        if outer == "optional":
            return type_name(node.slice)
        return "list" if outer in ("list", "sequence", "tuple") else "any"
    return TYPES.get(dotted(node).rsplit(".", 1)[-1].lower(), "any")


TYPES = {"int": "int", "float": "float", "str": "str", "bool": "bool", "list": "list", "path": "str"}
"""Annotations and converters by the last part of their name."""


def type_of(value: Any) -> str:
    """The kind of a plain value."""
    for kind in (bool, int, float, str, list):
        if isinstance(value, kind):
            return kind.__name__
    return "any"
