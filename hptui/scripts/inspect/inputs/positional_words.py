"""Scripts that read words of `sys.argv` by position."""

from __future__ import annotations

import ast
import re

from hptui.scripts.inspect.inputs.functions import plain_default
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, calls, dotted_name, literal_value, type_name
from hptui.scripts.syntax_nodes import all_nodes, assigned_to, is_plain, nodes_of

OPENS_WORD = re.compile(r"(?:open|load|read|parse|fromfile|from_file|Path)\(sys\.argv\[1\]")
"""A call that opens the file whose path is the first word."""


def argv_options(tree: ast.Module) -> InspectedScript | None:
    """Inspect a script with `lr, width = float(sys.argv[1]), int(sys.argv[2])`: words by position."""
    by_position: dict[int, ScriptOption] = {}
    named: set[int] = set()
    tried = _tried_lines(tree)
    for node in all_nodes(tree):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(target.elts, value.elts, strict=False))
        for name, expression in pairs:
            expression, default_node = _with_default(expression)
            position, kind = _argv_index(expression)
            if default_node is None and isinstance(name, ast.Name) and id(node) in tried:
                default_node = _value_otherwise(tree, name.id)
            if position and isinstance(name, ast.Name) and position not in by_position:
                default = plain_default(literal_value(default_node), kind)
                named.add(position)
                by_position[position] = ScriptOption(
                    name.id, name.id, kind, default, required=default_node is None, positional=True
                )
    for _, call in calls(tree):  # json.load(open(sys.argv[1])), train(float(sys.argv[2]))
        node = call.args[0] if call.args else call
        position, kind = _argv_index(call)
        position = position or _argv_index(node)[0]
        if position and (position not in by_position or kind != "str") and position not in named:
            word = "config" if OPENS_WORD.search(ast.unparse(tree)) and position == 1 else f"word_{position}"
            by_position[position] = ScriptOption(word, word, kind, required=True, positional=True)
    if not by_position or sorted(by_position) != list(range(1, len(by_position) + 1)):
        return None
    return InspectedScript("sys.argv", "none", [by_position[position] for position in sorted(by_position)])


def _with_default(node: ast.expr) -> tuple[ast.expr, ast.expr | None]:
    """Return what reads a word, and what stands for a word that is missing; None if nothing does.

    `float(sys.argv[1]) if len(sys.argv) > 1 else 0.5` has both.
    """
    match node:
        case ast.IfExp(test=ast.Compare(left=ast.Call(func=ast.Name(id="len"), args=[ast.expr() as words]))):
            if dotted_name(words) in ("sys.argv", "argv"):
                read_first = _argv_index(node.body)[0] > 0
                return (node.body, node.orelse) if read_first else (node.orelse, node.body)
    return node, None


def _argv_index(node: ast.AST) -> tuple[int, str]:
    kind = "str"
    if isinstance(node, ast.Call) and len(node.args) == 1:
        kind, node = type_name(node.func), node.args[0]
    if isinstance(node, ast.Subscript) and dotted_name(node.value) in ("sys.argv", "argv"):
        position = literal_value(node.slice)
        return (position, kind) if isinstance(position, int) and position > 0 else (0, "")
    return 0, ""


def _tried_lines(tree: ast.Module) -> set[int]:
    """Return the lines that run only with enough words: below `if len(sys.argv) > 3:`, or in a `try`."""
    tests = [node for node in nodes_of(tree, ast.If) if "argv" in ast.unparse(node.test)]
    tried: list[ast.If | ast.Try] = [*tests, *nodes_of(tree, ast.Try)]
    return {id(inner) for node in tried for line in node.body for inner in all_nodes(line)}


def _value_otherwise(tree: ast.Module, name: str) -> ast.expr | None:
    """Return the literal that a variable has where its word is missing; None without one, or with several."""
    values = [value for value in assigned_to(tree).get(name, ()) if isinstance(value, ast.expr) and is_plain(value)]
    return values[0] if len({ast.dump(value) for value in values}) == 1 else None
