"""Runs a script with other values for the constants at its top level.

`python with_constants.py '{"LR": 0.1}' train.py` runs in the environment of the user's script, so it imports the
standard library alone. The script's file is not changed; line numbers, `__file__`, `sys.argv` and `__main__` are the
script's.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import types
from typing import Any

LITERAL_NODES = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.List, ast.Tuple, ast.Dict, ast.operator, ast.unaryop)


def with_values(source: bytes, path: str, values: dict[str, Any]) -> ast.Module:
    """Return the script's syntax tree with the values put in.

    Raises: SystemExit(2), after a usage error on stderr, for a constant that the script does not have.
    """
    tree = ast.parse(source, path)
    assignments: dict[str, list[Any]] = {}
    for node in tree.body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if isinstance(target, ast.Name) and is_plain(node.value):
            assignments.setdefault(target.id, []).append(node)
    for name, value in values.items():
        if name not in assignments:
            sys.stderr.write(f"error: unknown option: {path} sets no constant {name} at its top level\n")
            raise SystemExit(2)
        for node in assignments[name]:
            # Each assignment keeps its own type: a tuple here must not make one of a list further down.
            is_tuple = isinstance(node.value, ast.Tuple) and isinstance(value, list)
            replacement = ast.parse(repr(tuple(value) if is_tuple else value), mode="eval").body
            for inner in ast.walk(replacement):
                ast.copy_location(inner, node.value)
            node.value = replacement
    return tree


def is_plain(node: ast.AST) -> bool:
    """Return whether an expression is made of literals alone (`64`, `-1e-3`, `2 * 64`, `[1, 2]`)."""
    return all(isinstance(inner, (*LITERAL_NODES, ast.expr_context)) for inner in ast.walk(node))


def main() -> None:
    """Replace this program with the script."""
    values, path = json.loads(sys.argv[1]), sys.argv[2]
    with open(path, "rb") as file:
        source = file.read()
    code = compile(with_values(source, path, values), path, "exec")
    sys.argv = sys.argv[2:]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    script = types.ModuleType("__main__")
    script.__file__ = path
    sys.modules["__main__"] = script
    exec(code, script.__dict__)  # noqa: S102  it is the user's script


if __name__ == "__main__":
    main()
