"""Where a script reads its options, `args.lr`, and which of them its functions fill in where they have no value."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping

from hptui.scripts.inspect.syntax import calls, dotted_name
from hptui.scripts.syntax_nodes import nodes_of

OWNERS = re.compile(
    r"(?:\w*_)?(?:args?|arguments|opts?|options?|flags|hparams|hps?|params|cfg|config|conf|settings)|FLAGS",
    re.IGNORECASE,
)
"""Names of what holds the options of a script."""


class Silent(dict[str, object]):
    """What options are where nobody gives them; `of_self`: fields of `self`, `of_signature`: arguments of functions."""

    def __init__(self, values: Mapping[str, object], of_self: bool, of_signature: bool) -> None:
        super().__init__(values)
        self.of_self, self.of_signature = of_self, of_signature


def option_of(node: ast.AST, silent: Collection[str]) -> str:
    """Return the option that an expression reads; '' for any other."""
    match node:
        case ast.Attribute(value=owner, attr=name) if name in silent:
            last = dotted_name(owner).rpartition(".")[2]
            is_self = last == "self" and isinstance(silent, Silent) and silent.of_self
            return name if is_self or OWNERS.fullmatch(last) else ""
        case ast.Name(id=name) if name in silent and isinstance(silent, Silent) and silent.of_signature:
            return name
    return ""


def handled_within(tree: ast.Module, absent: Collection[str]) -> set[str]:
    """Return the options that functions get which look themselves whether they have a value."""
    functions = {node.name: node for node in nodes_of(tree, ast.FunctionDef)}
    handled = set[str]()
    for name, call in calls(tree):
        function = functions.get(name.rpartition(".")[2])
        if function is None:
            continue
        names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        names = names[names[:1] == ["self"] :]
        given = [*zip(names, call.args, strict=False), *((w.arg, w.value) for w in call.keywords)]
        pairs = [(argument, option) for argument, node in given if (option := option_of(node, absent))]
        if pairs:
            looked_at = {node.id for test in _looks(function) for node in nodes_of(test, ast.Name)}
            handled |= {option for argument, option in pairs if argument in looked_at}
    return handled


def _looks(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Yield what a function asks, and what it replaces if it has no value: `path or "data"`."""
    for node in nodes_of(function, ast.If, ast.IfExp):
        assert isinstance(node, ast.If | ast.IfExp)
        yield node.test
    for joint in nodes_of(function, ast.BoolOp):
        yield from joint.values[:-1]
