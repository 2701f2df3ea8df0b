"""Evaluations that a Trainer of a project makes in its own way: nothing of the library's is logged then."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.syntax import calls, dotted_name
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

OF_LIBRARY = re.compile(
    r"super\(.*\)\.(?:evaluate|evaluation_loop)|(?:\w+\.)*(?:evaluation_loop|prediction_loop|eval_loop)"
)
"""Calls by which a method evaluates as the library does."""


def own_evaluations(tree: ast.Module, trainers: list[tuple[str, ast.Call]]) -> list[str] | None:
    """Return what a Trainer logs that evaluates without the library; None where the library does it."""
    classes = {node.name: node for node in nodes_of(tree, ast.ClassDef)}
    made = [classes[last] for name, _ in trainers if (last := name.rpartition(".")[2]) in classes]
    methods = [(node, method) for node in made for method in node.body if _evaluates(method)]
    if not methods or len(methods) < len(trainers) or any(_by_library(method) for _, method in methods):
        return None
    return list(dict.fromkeys(name for _, method in methods for name in _logged(method)))


def _evaluates(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "evaluate"


def _by_library(method: ast.stmt) -> bool:
    return any(OF_LIBRARY.fullmatch(ast.unparse(node.func)) for node in nodes_of(method, ast.Call))


def _logged(method: ast.stmt) -> Iterator[str]:
    """Yield the keys of the tables that a method logs; of what it logs only under a condition, none."""
    module = ast.Module([method], [])
    samples, hidden = Samples(module), {id(n) for branch in nodes_of(method, ast.If) for n in all_nodes(branch)}
    for name, call in calls(method):
        if name == "self.log" and call.args and id(call) not in hidden:
            sure = _without_conditions(method, dotted_name(call.args[0]))
            yield from samples.keys(sure or call.args[0])


def _without_conditions(method: ast.stmt, name: str) -> ast.expr | None:
    """Return the table that a variable surely holds: the literal that it is first given."""
    assigned = [node for node in nodes_of(method, ast.Assign) if name and dotted_name(node.targets[0]) == name]
    tables = [node.value for node in assigned if isinstance(node.value, ast.Dict)]
    return tables[0] if len(tables) == 1 and tables[0].keys else None
