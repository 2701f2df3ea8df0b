"""What a script does with files of earlier runs: it asks a question, or goes on from a model that it finds."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hptui.scripts.inspect.shown import never_called
from hptui.scripts.inspect.syntax import calls, literal_value
from hptui.scripts.syntax_nodes import all_nodes

ASKING_CALLS = ("input", "click.confirm", "click.prompt", "typer.confirm", "typer.prompt", "Prompt.ask", "Confirm.ask")
"""Calls that wait for an answer."""
TESTS_OF_FILES = ("exists", "isfile", "is_file")
MODEL_FILE = re.compile(r"[\w./-]+\.(?:pt|pth|ckpt|h5|hdf5|keras|weights|safetensors|bin|tar|pkl|pickle|joblib|npz)")
MAX_TEXT_CHARS = 200
"""Characters of a text that may be a path."""


def asks(tree: ast.AST) -> bool:
    """Return whether a script may wait for an answer."""
    unseen = {id(call) for node in never_called(tree) for _, call in calls(node)}
    return any(name in ASKING_CALLS and id(call) not in unseen for name, call in calls(tree))


def earlier_models(tree: ast.AST) -> Iterator[str]:
    """Yield the relative paths of models of which a script asks whether they are there."""
    named = {
        node.targets[0].id: text
        for node in all_nodes(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(text := literal_value(node.value), str)
    }
    for name, call in calls(tree):
        if name.rpartition(".")[2] in TESTS_OF_FILES:
            for node in all_nodes(call):
                text = named.get(node.id) if isinstance(node, ast.Name) else literal_value(node)
                if isinstance(text, str) and MODEL_FILE.fullmatch(text) and not text.startswith("/"):
                    yield text


def short_texts(tree: ast.AST) -> frozenset[str]:
    """Return the literal texts of a script that may be paths or parts of paths."""
    texts = (node.value for node in all_nodes(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return frozenset(text for text in texts if 0 < len(text) <= MAX_TEXT_CHARS and text.isprintable())
