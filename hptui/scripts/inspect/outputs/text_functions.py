"""Functions of a script that return a text: `format_stats({"loss": loss})`, in the place of its call."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from hptui.scripts.inspect.folded import filled
from hptui.scripts.inspect.outputs.sample_texts import held_texts, is_text, makes_text
from hptui.scripts.inspect.syntax import dotted_name
from hptui.scripts.syntax_nodes import all_nodes

METHODS = ("self", "cls")


class TextFunctions:
    """Knows the functions of a script that return one text, which is made of their arguments."""

    def __init__(self, tree: ast.AST) -> None:
        self._texts: dict[str, tuple[ast.FunctionDef, ast.expr] | None] = {}
        for node in all_nodes(tree):
            if isinstance(node, ast.FunctionDef):
                is_second, text = node.name in self._texts, _returned_text(node)
                self._texts[node.name] = (node, text) if text is not None and not is_second else None

    def text_of(self, call: ast.Call) -> ast.expr | None:
        """Return the text that a call makes, of its arguments; None for any other call."""
        name = dotted_name(call.func).rpartition(".")[2]
        known = self._texts.get(name)
        return filled(known[1], _arguments(known[0], call)) if known is not None else None


def _arguments(function: ast.FunctionDef, call: ast.Call) -> Mapping[str, ast.expr]:
    """Return the expressions of a function's arguments in a call, by name."""
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
    names = names[1:] if names[:1] and names[0] in METHODS else names
    given = dict(zip(names, call.args, strict=False))
    return {**defaults, **given, **{word.arg: word.value for word in call.keywords if word.arg}}


def _returned_text(function: ast.FunctionDef) -> ast.expr | None:
    """Return the one text that a function returns, with what its variables hold in their place."""
    returned = [node.value for node in all_nodes(function) if isinstance(node, ast.Return) and node.value is not None]
    if len(returned) != 1:
        return None
    held = dict(held_texts(function))
    [value] = returned
    own = held.get(value.id) if isinstance(value, ast.Name) else value
    return own if own is not None and (is_text(own) or makes_text(own)) else None
