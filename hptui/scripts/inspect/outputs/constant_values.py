"""Metrics that are always the same: a variable that gets one number and no other, `val_acc = 0.0`, is no objective."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from hptui.scripts.inspect.syntax import dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes


def always_the_same(tree: ast.AST, sources: Mapping[str, str]) -> set[str]:
    """Return the metrics whose expression is a number, or a variable that never holds another one.

    `sources` are the expressions by name.
    """
    held: dict[str, list[ast.expr | None]] = {}
    for name, value in _bound(tree):
        held.setdefault(name, []).append(value)
    return {name for name, source in sources.items() if source and _is_fixed(source.removesuffix(".item()"), held)}


def _is_fixed(source: str, held: Mapping[str, list[ast.expr | None]]) -> bool:
    """Return whether an expression is one number, or holds no other one."""
    owner, dot, last = source.rpartition(".")
    values = held.get(f".{last}" if dot and owner.replace(".", "").isidentifier() else source)
    if values is None:
        return _is_literal(source)
    return all(map(_is_number, values)) and len({literal_value(value) for value in values if value is not None}) == 1


def _is_number(node: ast.expr | None) -> bool:
    value = literal_value(node) if node is not None else None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_literal(source: str) -> bool:
    try:
        float(source)
    except ValueError:
        return False
    return True


def _bound(tree: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield each name that is bound with its value; None for what only a run shows."""
    known = set[int]()
    for node in all_nodes(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    parts = zip(_elements(target), _elements(value), strict=False)
                    same = len(_elements(target)) == len(_elements(value))
                    for part, given in parts if same else ():
                        known.add(id(part))
                        yield _key(part), given
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                known.add(id(target))
                yield _key(target), value
            case ast.arg(arg=name):
                yield name, None
    for node in all_nodes(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store) and id(node) not in known:
            yield _key(node), None


def _key(node: ast.AST) -> str:
    """Return the name for what is bound: of an attribute the last part, whatever object has it."""
    return f".{node.attr}" if isinstance(node, ast.Attribute) else dotted_name(node)


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
