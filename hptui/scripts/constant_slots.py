"""Where constants stand in a script: at the top level, in dictionaries and classes, in calls and functions.

It is used by `with_constants.py` in the environment of the user's script, so it imports the standard library alone.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from hptui.scripts.absent_keys import absent_key_slots
    from hptui.scripts.call_slots import given_in_calls, signature, slots_in_named_call, slots_in_signature
    from hptui.scripts.library_defaults import library_slots
    from hptui.scripts.syntax_nodes import (
        all_nodes,
        assigned_to,
        is_plain,
        last_called,
        last_parts,
        once,
        place_name,
        slot_value,
    )
    from hptui.scripts.table_slots import assigned_places, definitions, slot_in
else:  # started by the path of `with_constants.py`, where no package is
    syntax_nodes = importlib.import_module("syntax_nodes")
    all_nodes, once, is_plain = syntax_nodes.all_nodes, syntax_nodes.once, syntax_nodes.is_plain
    place_name, last_parts, slot_value = syntax_nodes.place_name, syntax_nodes.last_parts, syntax_nodes.slot_value
    assigned_to, last_called = syntax_nodes.assigned_to, syntax_nodes.last_called
    calls, tables = importlib.import_module("call_slots"), importlib.import_module("table_slots")
    given_in_calls, signature = calls.given_in_calls, calls.signature
    slots_in_named_call, slots_in_signature = calls.slots_in_named_call, calls.slots_in_signature
    library_slots = importlib.import_module("library_defaults").library_slots
    absent_key_slots = importlib.import_module("absent_keys").absent_key_slots
    assigned_places, definitions, slot_in = tables.assigned_places, tables.definitions, tables.slot_in


@once
def top_level(tree: ast.Module) -> list[ast.stmt]:
    """Return the statements at the top level, those that run only as a program included."""
    lines: list[ast.stmt] = []
    for node in tree.body:
        is_program = isinstance(node, ast.If) and ast.unparse(node.test).replace("'", '"') == '__name__ == "__main__"'
        lines += node.body if isinstance(node, ast.If) and is_program else [node]
    return lines


def assigned_pairs(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Return the targets of a line that assigns, each with its expression."""
    return [(target, slot_value(owner, key)) for target, owner, key in assigned_places(node)]


def find_slots(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where a dotted name (`params.lr`) stands, as (owner, attribute or index)."""
    first = name.partition(".")[0]
    if name in (attributes := set_attributes(tree, name.rpartition(".")[2])):
        return [(attributes[name], "value")]
    in_table = slots_in_table(tree, name)
    if in_table and not any(isinstance(node, ast.ClassDef) for node in definitions(tree).get(first, ())):
        return in_table
    given = given_in_calls(tree, name)  # `Config(lr=0.1)` overrides what stands in the class
    if given:
        return given
    slots = in_table or (slots_in_signature(tree, name) if given is None else []) or slots_in_function(tree, name)
    slots = slots or slots_in_named_call(tree, name) or attributes_in_function(tree, first).get(name, [])
    return slots or library_slots(tree, name) or absent_key_slots(tree, name)


def set_attributes(tree: ast.Module, last: str = "") -> dict[str, Any]:
    """Return what lines set once by dotted name: `args.lr = 2e-5`, `params["lr"] = 0.1`, with each line.

    The lines are those of the top level, and of functions there. With `last` only names that end so are returned.
    """
    by_part = _set_by_part(tree)
    if last not in by_part:
        stored, lines = _stored_by_part(tree), _plain_lines_by_part(tree)
        places = [place_name(node) for node in stored.get(last, ())]
        names = {place_name(line.targets[0]): line for line in lines.get(last, ())}
        by_part[last] = {name: line for name, line in names.items() if name and places.count(name) == 1}
    return by_part[last]


@once
def _set_by_part(tree: ast.Module) -> dict[str, dict[str, Any]]:
    """Return the answers of `set_attributes` for this tree until now, by the last part of the names."""
    return {}


@once
def _stored_by_part(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """Return what is assigned anywhere, by the last part of its name; all of it by ''."""
    stored: dict[str, list[ast.AST]] = {}
    for node in all_nodes(tree):
        if isinstance(getattr(node, "ctx", None), ast.Store):
            for part in ("", *last_parts(node)):
                stored.setdefault(part, []).append(node)
    return stored


@once
def _plain_lines_by_part(tree: ast.Module) -> dict[str, list[ast.Assign]]:
    """Return the lines that assign literals, at the top level and in functions there, in the same way."""
    whole = top_level(tree)
    blocks = [whole, *(node.body for node in whole if isinstance(node, ast.FunctionDef))]
    by_part: dict[str, list[ast.Assign]] = {}
    for block in blocks:
        used = set[str]()
        for line in block:
            name = place_name(line.targets[0]) if isinstance(line, ast.Assign) and is_plain(line.value) else ""
            is_used = bool(name) and not used.isdisjoint((name, name.rpartition(".")[0]))
            if isinstance(line, ast.Assign) and is_plain(line.value) and not is_used:
                for part in ("", *last_parts(line.targets[0])):
                    by_part.setdefault(part, []).append(line)
            used.update(_used_by(line))
    return by_part


def _used_by(line: ast.stmt) -> Iterator[str]:
    """Yield the entries that a line reads, `params["lr"]`, and what it trains with, `train(params)`.

    What sets such an entry later is no value of all that was trained.
    """
    for node in all_nodes(line):
        if isinstance(getattr(node, "ctx", None), ast.Load) and (name := place_name(node)):
            yield name
        if isinstance(node, ast.Call) and TRAINING_CALL.fullmatch(last_called(node)):
            given = [*node.args, *(word.value for word in node.keywords)]
            yield from (part.id for part in given if isinstance(part, ast.Name))


TRAINING_CALL = re.compile(r"(?:\w*_)?(?:train\w*|fit\w*|finetune|fine_tune|run|learn|main|experiment)")
"""Names of functions that train with the settings that they are given."""


def slots_in_function(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where a function at the top level sets the variable `lr` of `main.lr`, if it does so once."""
    return list(variables_of(tree, name.partition(".")[0]).get(name.partition(".")[2], ()))


def attributes_in_function(tree: ast.Module, function: str) -> dict[str, list[tuple[Any, Any]]]:
    """Return what a function sets once by `main.args.lr`, with the place of each value.

    What no other function sets is known by `args.lr` alone.
    """
    functions = [node for node in definitions(tree).get(function, ()) if isinstance(node, ast.FunctionDef)]
    nodes = all_nodes(functions[0]) if len(functions) == 1 else []
    times = Counter(place_name(node) for node in nodes if isinstance(getattr(node, "ctx", None), ast.Store))
    lines = [node for node in nodes if isinstance(node, ast.Assign) and len(node.targets) == 1 and is_plain(node.value)]
    named = [(place_name(line.targets[0]), line) for line in lines]
    known = set_attributes(tree)
    return {
        f"{function}.{name}": [(line, "value")]
        for name, line in named
        if name and times[name] == 1 and name not in known
    }


def variables_of(tree: ast.Module, function: str) -> dict[str, list[tuple[Any, Any]]]:
    """Return the variables that a function sets once, to a plain value, with the place of each value."""
    known = _variables_by_function(tree)
    if function not in known:
        functions = [node for node in definitions(tree).get(function, ()) if isinstance(node, ast.FunctionDef)]
        known[function] = _variables(tree, functions[0]) if len(functions) == 1 else {}
    return known[function]


@once
def _variables_by_function(tree: ast.Module) -> dict[str, dict[str, list[tuple[Any, Any]]]]:
    """Return the answers of `variables_of` for this tree until now."""
    return {}


def _variables(tree: ast.Module, function: ast.FunctionDef) -> dict[str, list[tuple[Any, Any]]]:
    assigned: dict[str, list[tuple[Any, Any]]] = {argument.arg: [] for argument, _, _ in signature(tree, function.name)}
    nodes = all_nodes(function)
    stored = [node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    times = Counter(name.id for name in stored)
    for node in nodes:
        for target, owner, key in assigned_places(node):
            is_set_once = isinstance(target, ast.Name) and times[target.id] == 1 and target.id not in assigned
            if isinstance(target, ast.Name) and is_set_once and is_plain(slot_value(owner, key)):
                assigned[target.id] = [(owner, key)]
    return {name: lines for name, lines in assigned.items() if lines}


def slots_in_table(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where a dotted name stands in a table, as (owner, attribute or index).

    The table is a dictionary that is assigned to one name once or that a function of that name returns, or a class.
    """
    first, _, rest = name.partition(".")
    tables: list[ast.AST] = [node for node in definitions(tree).get(first, ()) if isinstance(node, ast.ClassDef)]
    tables += [table for function, table in returned_tables(tree) if function == first]
    tables += assigned_to(tree).get(first, ())
    return slot_in(tables[0], rest) if len(tables) == 1 and rest else []


@once
def returned_tables(tree: ast.Module) -> list[tuple[str, ast.expr]]:
    """Return the dictionaries that functions at the top level do nothing but return, by function."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    tables: list[tuple[str, ast.expr]] = []
    for function in functions:
        lines = [line for line in function.body if not isinstance(line, ast.Expr)]  # but for its docstring
        if len(lines) == 1 and isinstance(lines[0], ast.Return) and lines[0].value is not None:
            tables.append((function.name, lines[0].value))
    return tables
