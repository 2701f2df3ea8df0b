"""Options that name a folder into which a script writes without making it: it must be there at the start."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from hptui.scripts.inspect.outputs.shown import never_called
from hptui.scripts.inspect.syntax import calls, dotted_name
from hptui.scripts.syntax_nodes import all_nodes

MAKING = re.compile(
    r"mkdir|makedirs|mkpath|save_pretrained|save_model|SummaryWriter|\w*Trainer|ModelCheckpoint|TensorBoard\w*|CSVLogger|"
    r"(?:ensure|create|make|check)_?(?:dirs?|director\w*|path|folders?)\w*|system|run|call",
    re.IGNORECASE,
)
"""Calls that make folders, or may."""
WRITING = ("save", "dump", "savefig", "open", "to_csv", "to_json", "save_weights", "savez", "savetxt", "FileHandler")
"""Calls that write a file, and fail where its folder is not there."""


def unmade_folders(tree: ast.Module, names: Collection[str]) -> set[str]:
    """Return the options to which a script joins names of files that it writes, making no folder."""
    unseen = {id(call) for node in never_called(tree) for _, call in calls(node)}
    last = [(name.rpartition(".")[2] or getattr(call.func, "attr", ""), call) for name, call in calls(tree)]
    if any(MAKING.fullmatch(called) for called, _ in last):
        return set()
    given = (part for called, call in last if called in WRITING and id(call) not in unseen for part in _arguments(call))
    first = {_first(node) for part in given for node in all_nodes(part)}
    return {name for name in names if name.rpartition(".")[2] in first}


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(word.value for word in call.keywords)]


def _first(node: ast.AST) -> str:
    """Return the last part of the name that a joined path begins with; '' for any other expression."""
    match node:
        case ast.Call(func=func, args=[first, _, *_]) if dotted_name(func).rpartition(".")[2] == "join":
            return dotted_name(first).rpartition(".")[2]
        case ast.BinOp(left=first, op=ast.Add() | ast.Div(), right=ast.Constant() | ast.JoinedStr() | ast.BinOp()):
            is_folder = isinstance(node.op, ast.Div) or ast.unparse(node.right).strip("f'\"").startswith("/")
            return dotted_name(first).rpartition(".")[2] if is_folder else ""
        case ast.JoinedStr(values=[ast.FormattedValue(value=first), ast.Constant(value=str() as text), *_]):
            return dotted_name(first).rpartition(".")[2] if text.startswith("/") else ""
    return ""
