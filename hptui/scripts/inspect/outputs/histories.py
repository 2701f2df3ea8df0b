"""Histories that a script prints: lists with a number for each round, of which none is the value of a metric."""

from __future__ import annotations

import ast

from hptui.scripts.inspect.outputs.sample_texts import FRACTION, TEXT, method_of
from hptui.scripts.inspect.syntax import calls, dotted_name, keyword_argument
from hptui.scripts.syntax_nodes import nodes_of

TABLES = ("evals_result_", "cv_results_")
"""Attributes of models that are tables of histories."""
METHODS = ("evals_result",)
"""Methods of models that return one."""
FITS = ("fit", "fit_generator")
"""Methods of Keras that return an object whose `history` is one."""


class Histories:
    """Knows which expressions of a script are histories, or tables of them."""

    def __init__(self, tree: ast.AST) -> None:
        assigned = [
            (name, node.value)
            for node in nodes_of(tree, ast.Assign)
            for target in node.targets
            if (name := dotted_name(target))
        ]
        self._fitted = {name for name, value in assigned if method_of(value) in FITS}
        self._tables = {
            dotted_name(given)
            for name, call in calls(tree)
            for given in (
                keyword_argument(call, "evals_result"),
                *(call.args[:1] if name.endswith("record_evaluation") else ()),
            )
            if given is not None and dotted_name(given)
        }
        self._tables |= {name for name, value in assigned if self._is_table(_root(value))}

    def sample(self, node: ast.AST) -> str:
        """Return what is printed of a history, as a list of numbers, and of a table of them.

        '' for any other expression, also for one number of a history: `history["loss"][-1]`.
        """
        root = _root(node)
        if not self._is_table(root):
            return ""
        return TEXT if root is node else f"[{FRACTION}, {FRACTION}]"

    def _is_table(self, node: ast.AST) -> bool:
        match node:
            case ast.Attribute(attr="history", value=value) if dotted_name(value) in self._fitted:
                return True
            case ast.Name() | ast.Attribute():
                name = dotted_name(node)
                return name in self._tables or name.rpartition(".")[2] in TABLES
        return method_of(node) in METHODS


def _root(node: ast.AST) -> ast.AST:
    """Return what an expression takes entries of by name: `result` of `result["valid"]["loss"]`."""
    while (
        isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
    ):
        node = node.value
    return node
