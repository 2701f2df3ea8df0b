"""Scripts that a script starts as programs of their own: what they print is measured, too."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from hptui.scripts.inspect.syntax import calls
from hptui.scripts.syntax_nodes import nodes_of

STARTING_CALLS = {"run", "call", "check_call", "check_output", "Popen", "system"}
"""Functions of subprocess and os that start a program."""


def started_by_script(tree: ast.Module, path: Path) -> list[ast.Module]:
    """Return the syntax trees of the scripts that a script starts as programs of their own."""
    texts = {node.value for node in nodes_of(tree, ast.Constant) if isinstance(node.value, str) and ".py" in node.value}
    if not texts or not any(name.rpartition(".")[2] in STARTING_CALLS for name, _ in calls(tree)):
        return []
    names = {word for text in sorted(texts) for word in re.findall(r"[\w./-]+\.py\b", text)}
    files = [path.parent / name for name in sorted(names) if (path.parent / name).resolve() != path.resolve()]
    trees = []
    for file in files:
        try:
            trees.append(ast.parse(file.read_text(encoding="utf-8-sig")))
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue
    return trees
