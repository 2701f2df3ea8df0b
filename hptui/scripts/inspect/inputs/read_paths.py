"""Paths that a script reads and never writes: a checkpoint that it begins with, whatever its name sounds like."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hptui.scripts.inspect.syntax import dotted_name
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

READING = re.compile(
    r"load\w*|restore\w*|resume\w*|from_pretrained|from_checkpoint|read\w*|hf_hub_download|imread|listdir|glob|rglob|iterdir",
    re.IGNORECASE,
)
"""Calls that read what they are given the path of."""
PATHS = {"join", "str", "Path", "abspath", "expanduser", "realpath", "fspath", "normpath"}
"""Calls that make another path of one."""
SHOWING = {
    "print",
    "info",
    "debug",
    "warning",
    "isfile",
    "exists",
    "isdir",
    "is_file",
    "ValueError",
    "FileNotFoundError",
}
"""Calls that show a path, or look whether it is there."""


def read_paths(tree: ast.Module) -> set[str]:
    """Return the last parts of names that only reading calls get, and no line that may write."""
    read, shown = dict[int, str](), set[int]()
    for call in nodes_of(tree, ast.Call):
        last = _last(call.func)
        places = [place for part in (*call.args, *(word.value for word in call.keywords)) for place in _places(part)]
        if READING.fullmatch(last):
            read |= {id(node): _last(node) for node in places}
        elif last in SHOWING:
            shown |= {id(node) for node in places}
    for branch in nodes_of(tree, ast.If, ast.Assert, ast.IfExp):
        assert isinstance(branch, ast.If | ast.Assert | ast.IfExp)
        shown |= {id(node) for node in all_nodes(branch.test)}
    named = nodes_of(tree, ast.Name, ast.Attribute)
    loaded = (node for node in named if isinstance(getattr(node, "ctx", None), ast.Load))
    others = {_last(node) for node in loaded if id(node) not in read and id(node) not in shown}
    return {*read.values()} - others


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else dotted_name(node)


def _places(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the names in an argument, also those within calls that make another path of one."""
    match node:
        case ast.Call(func=func) if _last(func) not in PATHS:
            return
        case ast.Call(args=args):
            yield from (place for part in args for place in _places(part))
        case ast.Name() | ast.Attribute():
            yield node
        case _:
            yield from (place for inner in ast.iter_child_nodes(node) for place in _places(inner))
