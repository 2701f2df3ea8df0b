"""Options of a function that takes any keyword (`def main(**kwargs)`): the fields of what it makes from them."""

from __future__ import annotations

import ast

from hptui.scripts.inspect.constants import entries_of_table
from hptui.scripts.inspect.forms import OptionForm, Reads
from hptui.scripts.inspect.syntax import ScriptOption, dotted_name, type_of


def any_keywords(tree: ast.Module, function: ast.FunctionDef) -> list[ScriptOption]:
    """Return the fields of the classes that a function makes without arguments.

    They are options where the function takes any keyword and the script sets attributes by name.
    """
    if function.args.kwarg is None or not any(_sets_by_name(node) for node in ast.walk(tree)):
        return []
    names = {
        alias.asname: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    made = [dotted_name(node.func) for node in ast.walk(function) if isinstance(node, ast.Call) and not node.args]
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    tables = [classes[name] for given in made if (name := names.get(given, given)) in classes]
    values = {name: value for table in reversed(tables) for name, value in entries_of_table(table)}
    return [
        ScriptOption(
            name, name, type_of(value), value, form=OptionForm(reads=Reads.FIRE, flags=(f"--{name}",), silent=value)
        )
        for name, value in values.items()
    ]


def _sets_by_name(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = dotted_name(node.func)
    return called == "setattr" or called.endswith("replace")
