"""What a script asks, and its texts that may be paths."""

from __future__ import annotations

import ast

from hptui.scripts.inspect.outputs.shown import never_called
from hptui.scripts.inspect.syntax import calls
from hptui.scripts.syntax_nodes import all_nodes

ASKING_CALLS = ("input", "click.confirm", "click.prompt", "typer.confirm", "typer.prompt", "Prompt.ask", "Confirm.ask",
                "getpass", "getpass.getpass")  # fmt: skip
"""Calls that wait for an answer."""
MAX_TEXT_CHARS = 200
"""Characters of a text that may be a path."""


def asks(tree: ast.AST) -> bool:
    """Return whether a script may wait for an answer."""
    unseen = {id(call) for node in never_called(tree) for _, call in calls(node)}
    return any(name in ASKING_CALLS and id(call) not in unseen for name, call in calls(tree))


def short_texts(tree: ast.AST) -> frozenset[str]:
    """Return the literal texts of a script that may be paths or parts of paths."""
    texts = (node.value for node in all_nodes(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return frozenset(text for text in texts if 0 < len(text) <= MAX_TEXT_CHARS and text.isprintable())
