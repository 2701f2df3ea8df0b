"""Settings that are attributes of an object (`C.trainer.lr = 5e-4`), which `--trainer.lr=0.1` sets, as in minGPT."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, calls, dotted_name, literal_value, type_of
from hptui.scripts.syntax_nodes import all_nodes

ALL_WORDS = "sys.argv[1:]"
"""The argument of a method that reads the command line."""
READER_PARTS = ("literal_eval", "setattr", "'--'", "'='")
"""What the source of such a method has: it sets attributes to the literals behind `--name=`."""
MAX_DEPTH = 4
"""Functions within functions that make parts of the object."""


def attribute_options(tree: ast.Module) -> InspectedScript | None:
    """Inspect `config.merge_from_args(sys.argv[1:])`; None if there is no such call of a known method."""
    methods = {node.name: node for node in all_nodes(tree) if isinstance(node, ast.FunctionDef)}
    for called, call in calls(tree):
        root, _, method = called.rpartition(".")
        if not root or method not in methods or [ast.unparse(argument) for argument in call.args] != [ALL_WORDS]:
            continue
        source = ast.unparse(methods[method])
        if not all(part in source for part in READER_PARTS):
            continue
        values = dict(_Attributes(tree).of(root))
        options = [ScriptOption(name, name, type_of(value), value) for name, value in values.items()]
        # In quotes a text is a literal, too: a path without them is none.
        return InspectedScript("attributes", {"preset": "exact", "strings": "quoted"}, options) if options else None
    return None


class _Attributes:
    """Follows the functions that make an object."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._makers: dict[str, ast.FunctionDef] = {}
        for node in all_nodes(tree):
            if isinstance(node, ast.ClassDef):
                members = [member for member in node.body if isinstance(member, ast.FunctionDef)]
                self._makers |= {f"{node.name}.{member.name}": member for member in members}
        self._makers |= {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}

    def of(self, root: str) -> Iterator[tuple[str, Any]]:
        """Yield the attributes of an object by dotted name, with their values."""
        for node in all_nodes(self._tree):
            if isinstance(node, ast.Assign) and any(dotted_name(target) == root for target in node.targets):
                maker = self._maker(node.value)
                yield from self._made(maker, "", 0) if maker is not None else self._assigned(self._tree, root, "", 0)
                return

    def _maker(self, node: ast.expr) -> ast.FunctionDef | None:
        return self._makers.get(dotted_name(node.func)) if isinstance(node, ast.Call) else None

    def _made(self, maker: ast.FunctionDef, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
        """Yield the attributes of what a function returns."""
        for node in all_nodes(maker):
            if isinstance(node, ast.Return) and node.value is not None and (name := dotted_name(node.value)):
                yield from self._assigned(maker, name, prefix, depth)
                return

    def _assigned(self, scope: ast.AST, root: str, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
        lines = [node for node in all_nodes(scope) if isinstance(node, ast.Assign) and len(node.targets) == 1]
        for line in sorted(lines, key=lambda node: node.lineno):
            name = dotted_name(line.targets[0])
            if not name.startswith(f"{root}."):
                continue
            key, value = prefix + name.removeprefix(f"{root}."), literal_value(line.value)
            if (maker := self._maker(line.value)) is not None and depth < MAX_DEPTH:
                yield from self._made(maker, f"{key}.", depth + 1)
            elif value is not UNKNOWN and not isinstance(value, dict):
                yield key, value
