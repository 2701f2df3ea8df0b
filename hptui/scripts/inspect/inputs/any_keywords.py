"""Options of a function that takes any keyword (`def main(**kwargs)`): the fields of what it makes from them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from hptui.scripts.inspect.forms import OptionForm, Reads
from hptui.scripts.inspect.inputs.constants import entries_of_table
from hptui.scripts.inspect.syntax import ScriptOption, calls, dotted_name, type_of
from hptui.scripts.syntax_nodes import all_nodes

Signature = Callable[[ast.FunctionDef, dict[str, Any]], list[ScriptOption]]


def any_keywords(tree: ast.Module, function: ast.FunctionDef, signature: Signature) -> list[ScriptOption]:
    """Return what a function that takes any keyword does with them, as options.

    Those of the function that it hands them on to (`return train(**kwargs)`), or the fields of the classes that it
    makes without arguments, where the script sets attributes by name. `signature` reads the arguments of a function.
    """
    if function.args.kwarg is not None and (
        handed_on := _handed_on(tree, function, function.args.kwarg.arg, signature)
    ):
        return handed_on
    if function.args.kwarg is None or not any(_sets_by_name(node) for node in all_nodes(tree)):
        return []
    names = {
        alias.asname: alias.name
        for node in all_nodes(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    made = [dotted_name(node.func) for node in all_nodes(function) if isinstance(node, ast.Call) and not node.args]
    made += _given_to(tree, function, function.args.kwarg.arg)
    classes = {node.name: node for node in all_nodes(tree) if isinstance(node, ast.ClassDef)}
    tables = [classes[name] for given in made if (name := names.get(given, given)) in classes]
    values = {name: value for table in reversed(tables) for name, value in entries_of_table(table)}
    return [
        ScriptOption(
            name, name, type_of(value), value, form=OptionForm(reads=Reads.FIRE, flags=(f"--{name}",), silent=value)
        )
        for name, value in values.items()
    ]


def _given_to(tree: ast.Module, function: ast.FunctionDef, keywords: str) -> list[str]:
    """Return the classes of objects whose methods get all keywords: `opt.parse(kwargs)`."""
    owners = {
        name.rpartition(".")[0]
        for name, call in calls(function)
        if any(dotted_name(word) == keywords for word in (*call.args, *(w.value for w in call.keywords if not w.arg)))
    }
    return [
        dotted_name(node.value.func)
        for node in all_nodes(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if owners & set(map(dotted_name, node.targets)) - {""}
    ]


def _handed_on(tree: ast.Module, function: ast.FunctionDef, keywords: str, signature: Signature) -> list[ScriptOption]:
    """Return the arguments of the function that gets all keywords of another."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and node is not function}
    for name, call in calls(function):
        gets_them = any(word.arg is None and dotted_name(word.value) == keywords for word in call.keywords)
        target = functions.get(name.rpartition(".")[2])
        if gets_them and target is not None and target.args.kwarg is None:
            given = {word.arg for word in call.keywords}
            return [option for option in signature(target, {}) if option.name not in given]
    return []


def _sets_by_name(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = dotted_name(node.func)
    return called == "setattr" or called.endswith("replace")
