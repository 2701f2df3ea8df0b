"""Seeds of which 0 is none to a script: `random.seed(args.seed or time.time())`, `if args.seed: …`."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from hptui.scripts.syntax_nodes import nodes_of


def untrue_at_zero(tree: ast.Module, names: Collection[str]) -> set[str]:
    """Return those of the names that a script asks whether they are true: 0 is not."""
    asked = {node.id if isinstance(node, ast.Name) else getattr(node, "attr", "") for node in _asked(tree)}
    return {name for name in names if name.rpartition(".")[2] in asked}


def _asked(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield what stands where a truth is asked for."""
    for branch in nodes_of(tree, ast.If, ast.IfExp, ast.While):
        assert isinstance(branch, ast.If | ast.IfExp | ast.While)
        yield branch.test
    for joint in nodes_of(tree, ast.BoolOp):
        yield from joint.values
    for turned in nodes_of(tree, ast.UnaryOp):
        if isinstance(turned.op, ast.Not):
            yield turned.operand
