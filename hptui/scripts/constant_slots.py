"""Where constants stand in a script: at the top level, in dictionaries and classes, in calls and functions.

It is used by `with_constants.py` in the environment of the user's script, so it imports the standard library alone.
"""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from hptui.scripts.syntax_nodes import (
        all_nodes,
        assigned_to,
        called_name,
        is_plain,
        last_called,
        last_parts,
        once,
        place_name,
        slot_value,
    )
else:  # started by the path of `with_constants.py`, where no package is
    syntax_nodes = importlib.import_module("syntax_nodes")
    all_nodes, once, is_plain = syntax_nodes.all_nodes, syntax_nodes.once, syntax_nodes.is_plain
    called_name, last_called = syntax_nodes.called_name, syntax_nodes.last_called
    place_name, last_parts, slot_value = syntax_nodes.place_name, syntax_nodes.last_parts, syntax_nodes.slot_value
    assigned_to = syntax_nodes.assigned_to


@once
def top_level(tree: ast.Module) -> list[ast.stmt]:
    """Return the statements at the top level, those that run only as a program included."""
    lines: list[ast.stmt] = []
    for node in tree.body:
        is_program = isinstance(node, ast.If) and ast.unparse(node.test).replace("'", '"') == '__name__ == "__main__"'
        lines += node.body if isinstance(node, ast.If) and is_program else [node]
    return lines


def assigned_places(node: ast.AST) -> list[tuple[ast.expr, Any, Any]]:
    """Return (target, owner, attribute or index) of what a line assigns: of `a, b = 1, 2` both."""
    if isinstance(node, ast.AnnAssign):
        return [(node.target, node, "value")] if node.value is not None else []
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return []
    [target], value = node.targets, node.value
    if isinstance(target, ast.Tuple) and isinstance(value, (ast.Tuple, ast.List)):
        pairs = list(enumerate(target.elts))
        return [(part, value.elts, index) for index, part in pairs] if len(pairs) == len(value.elts) else []
    return [(target, node, "value")]


def assigned_pairs(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Return the targets of a line that assigns, each with its expression."""
    return [(target, slot_value(owner, key)) for target, owner, key in assigned_places(node)]


def find_slots(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where a dotted name (`params.lr`) stands, as (owner, attribute or index)."""
    first = name.partition(".")[0]
    if name in (attributes := set_attributes(tree, name.rpartition(".")[2])):
        return [(attributes[name], "value")]
    in_table = slots_in_table(tree, name)
    if in_table and not any(isinstance(node, ast.ClassDef) for node in _definitions(tree).get(first, ())):
        return in_table
    given = given_in_calls(tree, name)  # `Config(lr=0.1)` overrides what stands in the class
    if given:
        return given
    return in_table or (slots_in_signature(tree, name) if given is None else []) or slots_in_function(tree, name)


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
    lines = top_level(tree)
    lines = lines + [line for node in lines if isinstance(node, ast.FunctionDef) for line in node.body]
    by_part: dict[str, list[ast.Assign]] = {}
    for line in lines:
        if isinstance(line, ast.Assign) and is_plain(line.value):
            for part in ("", *last_parts(line.targets[0])):
                by_part.setdefault(part, []).append(line)
    return by_part


def slots_in_function(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where a function at the top level sets the variable `lr` of `main.lr`, if it does so once."""
    return list(variables_of(tree, name.partition(".")[0]).get(name.partition(".")[2], ()))


def variables_of(tree: ast.Module, function: str) -> dict[str, list[tuple[Any, Any]]]:
    """Return the variables that a function sets once, to a plain value, with the place of each value."""
    known = _variables_by_function(tree)
    if function not in known:
        functions = [node for node in _definitions(tree).get(function, ()) if isinstance(node, ast.FunctionDef)]
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
    tables: list[ast.AST] = [node for node in _definitions(tree).get(first, ()) if isinstance(node, ast.ClassDef)]
    tables += [table for function, table in returned_tables(tree) if function == first]
    tables += assigned_to(tree).get(first, ())
    return slot_in(tables[0], rest) if len(tables) == 1 and rest else []


@once
def _definitions(tree: ast.Module) -> dict[str, list[Any]]:
    """Return the functions and classes at the top level by name."""
    definitions: dict[str, list[Any]] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            definitions.setdefault(node.name, []).append(node)
    return definitions


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


def slot_in(table: ast.AST, name: str) -> list[tuple[Any, Any]]:
    """Return where a dotted name stands in a dictionary, `dict(…)` or class; [] if it is not there."""
    parts = name.split(".")
    places = _places_by_key(table)
    starts = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
    for _, key, owner, index in sorted(
        (place for start in starts for place in places.get(start, ())), key=itemgetter(0)
    ):
        if key == name:
            return [(owner, index)]
        if slots := slot_in(slot_value(owner, index), name[len(key) + 1 :]):
            return slots
    return []


@once
def _places_by_key(table: ast.AST) -> dict[str, list[tuple[int, str, Any, Any]]]:
    """Return (number, key, owner, attribute or index) of the entries of a table by their keys."""
    places: dict[str, list[tuple[int, str, Any, Any]]] = {}
    for number, (key, _, owner, index) in enumerate(table_entries(table) or ()):
        if isinstance(key, str):
            places.setdefault(key, []).append((number, key, owner, index))
    return places


NAMESPACES = ("dict", "SimpleNamespace", "Namespace", "EasyDict", "edict", "AttrDict", "DotDict", "Munch", "Box",
              "ConfigDict", "OmegaConf.create", "DictConfig")  # fmt: skip
"""Calls that make a table of their keywords, or of a dictionary."""


def table_entries(node: ast.AST) -> list[tuple[Any, ast.expr, Any, Any]] | None:
    """Return (key, value, owner, attribute or index) of each entry of a table; None for what is no table."""
    if isinstance(node, ast.Dict):
        entries: list[tuple[Any, ast.expr, Any, Any]] = []
        for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            entries.append((key.value if isinstance(key, ast.Constant) else None, value, node.values, index))
        return entries
    if isinstance(node, ast.List) and node.elts and all(isinstance(item, ast.Dict) for item in node.elts):
        return [(str(index), item, node.elts, index) for index, item in enumerate(node.elts)]
    if isinstance(node, ast.Call) and called_name(node, NAMESPACES):
        inner = [*node.args[:1], *(word.value for word in node.keywords if word.arg is None)]
        entries = [(word.arg, word.value, word, "value") for word in node.keywords if word.arg]
        for part in inner:
            entries += table_entries(part) or []
        return entries
    if isinstance(node, ast.ClassDef):
        lines = [line for line in node.body if isinstance(line, (ast.Assign, ast.AnnAssign)) and line.value is not None]
        inner_classes: list[Any] = [
            (line.name, line, node.body, index)
            for index, line in enumerate(node.body)
            if isinstance(line, ast.ClassDef)
        ]
        return [*(entry for line in lines for entry in class_entry(line)), *own_attributes(node), *inner_classes]
    return None


def own_attributes(node: ast.ClassDef) -> list[tuple[Any, ast.expr, Any, Any]]:
    """Return the entries that a constructor makes of literals and sets once: `self.lr = 1e-3`."""
    stored = Counter(n.attr for n in all_nodes(node) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store))
    makers = [line for line in node.body if isinstance(line, ast.FunctionDef) and line.name == "__init__"]
    places = [place for maker in makers for line in maker.body for place in assigned_places(line)]
    return [
        (target.attr, slot_value(owner, key), owner, key)
        for target, owner, key in places
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self" and stored[target.attr] == 1
        if is_plain(slot_value(owner, key))  # `self.lr = lr`: the argument has the value
    ]


def class_entry(line: Any) -> list[tuple[Any, ast.expr, Any, Any]]:
    """Return the entry of one line of a class; the default of `field(…)` where a dataclass has that."""
    target = line.target if isinstance(line, ast.AnnAssign) else line.targets[0]
    if not isinstance(target, ast.Name):
        return []
    if isinstance(line.value, ast.Call) and called_name(line.value, ("field", "Field")):
        for word in line.value.keywords:
            if word.arg == "default":
                return [(target.id, word.value, word, "value")]
            if word.arg == "default_factory" and isinstance(word.value, ast.Lambda):
                return [(target.id, word.value.body, word.value, "body")]
        return []
    return [(target.id, line.value, line, "value")]


def given_in_calls(tree: ast.Module, name: str) -> list[tuple[Any, Any]] | None:
    """Return where the calls of `train` give `train.lr`; [] if they differ, None if no call gives it."""
    first, _, rest = name.partition(".")
    called = _calls_by_name(tree).get(first, [])
    own = [argument.arg for argument, _, _ in signature(tree, first)]
    given: list[tuple[Any, Any]] = []
    is_hidden = False
    for call in called:
        order = own or positional_names(call)
        slots: list[tuple[Any, Any]] = [(word, "value") for word in call.keywords if word.arg == rest]
        first_part, _, inner = rest.partition(".")
        for word in call.keywords if inner else ():  # optimizer_params={"lr": 2e-5}
            slots += slot_in(word.value, inner) if word.arg == first_part else []
        if not slots and rest in order and order.index(rest) < len(call.args):
            slots = [(call.args, order.index(rest))]
        is_starred = any(isinstance(argument, ast.Starred) for argument in call.args)
        is_hidden |= not slots and (is_starred or any(word.arg is None for word in call.keywords))
        given += slots
    if not given and not is_hidden:
        return None
    is_one_value = len({ast.unparse(slot_value(*slot)) for slot in given}) == 1 and len(given) == len(called)
    return given if is_one_value and not is_hidden and is_plain(slot_value(*given[0])) else []


@once
def _calls_by_name(tree: ast.Module) -> dict[str, list[ast.Call]]:
    calls: dict[str, list[ast.Call]] = {}
    for node in all_nodes(tree):
        if isinstance(node, ast.Call):
            calls.setdefault(last_called(node), []).append(node)
    return calls


OPTIMIZERS = ("SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta")
"""Optimizers of torch and Keras, whose rate is often given by its place."""
PLACES = {"StepLR": ["optimizer", "step_size", "gamma"], "ExponentialLR": ["optimizer", "gamma"],
          "MultiStepLR": ["optimizer", "milestones", "gamma"]}  # fmt: skip


def positional_names(call: ast.Call) -> list[str]:
    """Return the names of the arguments that well-known calls of libraries take by their place."""
    name = last_called(call) or ast.unparse(call.func).rpartition(".")[2]
    if name not in OPTIMIZERS or not call.args:
        return PLACES.get(name, [])
    is_rate = is_plain(call.args[0]) and not isinstance(call.args[0], (ast.List, ast.Tuple, ast.Dict))
    return ["learning_rate"] if is_rate else ["params", "lr"]


def slots_in_signature(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where the default of an argument of a function, or of a class that is called, stands."""
    first, _, rest = name.partition(".")
    slots = [(owner, index) for argument, owner, index in signature(tree, first) if argument.arg == rest]
    return [slot for slot in slots if slot[0] is not None and is_plain(slot_value(*slot))]


def signature(tree: ast.Module, name: str) -> list[tuple[ast.arg, Any, Any]]:
    """Return the arguments of a function or class, each with the place of its default."""
    definitions = _definitions(tree).get(name, [])
    skipped = 0
    if len(definitions) == 1 and isinstance(definitions[0], ast.ClassDef):
        definitions = [n for n in definitions[0].body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        skipped = 1
    if len(definitions) != 1:
        return []
    spec = definitions[0].args
    arguments = [*spec.posonlyargs, *spec.args]
    missing = len(arguments) - len(spec.defaults)
    places = [(a, spec.defaults if n >= missing else None, n - missing) for n, a in enumerate(arguments)]
    named = [(a, spec.kw_defaults if spec.kw_defaults[n] else None, n) for n, a in enumerate(spec.kwonlyargs)]
    return [*places[skipped:], *named]
