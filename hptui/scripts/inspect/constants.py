"""Constants of a script that stand in a dictionary, a class or a call: `params = {"lr": 0.1}`, `train(lr=0.1)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.ranges import has_rule, is_searched_at_once
from hptui.scripts.inspect.syntax import calls, dotted_name, literal_value
from hptui.scripts.with_constants import (
    assigned_pairs,
    find_slots,
    is_plain,
    returned_tables,
    set_attributes,
    signature,
    slot_value,
    table_entries,
    top_level,
    variables_of,
)

MAX_DEPTH = 4
"""Dictionaries within dictionaries that are followed."""
MIN_ENTRIES = 2
"""Entries with a plain value from which a dictionary or class is taken for settings."""
NO_SETTINGS = ("labels", "classes", "names", "mapping", "vocab", "colors", "colours", "id2label", "label2id", "headers")
"""Ends of the names of dictionaries that hold no settings."""


def nested_constants(tree: ast.Module) -> dict[str, Any]:
    """Return the plain values in dictionaries and classes, by dotted name: `params.lr`, `CFG.lr`."""
    values_by_name: dict[str, Any] = {}
    set_later = _set_later(tree)
    for name, node in _tables(tree):
        by_name = {key: _standing(tree, key) for key, _ in _plain_entries(node, f"{name}.", 0) if key not in set_later}
        values = {key: value for key, value in by_name.items() if value is not UNKNOWN}
        if len(values) >= MIN_ENTRIES and not name.lower().endswith(NO_SETTINGS):
            values_by_name |= values
    attributes = {name: literal_value(line.value) for name, line in set_attributes(tree).items()}
    owners = {name.rpartition(".")[0] for name in attributes if has_rule(name.rpartition(".")[2])}
    return values_by_name | {
        name: value
        for name, value in attributes.items()
        if name.rpartition(".")[0] in owners and isinstance(value, bool | int | float)
    }


def _standing(tree: ast.Module, name: str) -> Any:
    """Return the literal that stands where a dotted name is set from; UNKNOWN without one place."""
    slots = find_slots(tree, name)
    return literal_value(slot_value(*slots[0])) if len(slots) == 1 else UNKNOWN


def _set_later(tree: ast.Module) -> set[str]:
    """Return the entries that the script sets again (`config.lr = …`).

    What is set on an instance (`config = Config()`) counts for its class.
    """
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AugAssign)]
    pairs = [
        (t, node.value) for node in assigned for t in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    classes = {dotted_name(t): dotted_name(value.func) for t, value in pairs if isinstance(value, ast.Call)}
    owners = [(dotted_name(t.value), t.attr) for t, _ in pairs if isinstance(t, ast.Attribute)]
    return {f"{classes.get(owner) or owner}.{name}" for owner, name in owners}


def argument_constants(tree: ast.Module) -> dict[str, Any]:
    """Return the plain values in calls, and defaults that they leave, by dotted name.

    Of what the script calls from libraries (`AdamW(…, lr=3e-4)`), those with the names of hyperparameters are taken.
    """
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names: dict[str, None] = {}
    for called, call in calls(tree):
        last = called.rpartition(".")[2]
        given = [word.arg for word in call.keywords if word.arg]
        arguments = [*given, *(argument.arg for argument, _, _ in signature(tree, last))] if last in own else given
        is_training = last in own and TRAINING_FUNCTION.fullmatch(last)
        is_model = any(has_rule(name) for name in given)  # LogisticRegression(C=0.1, max_iter=100)
        names |= {f"{last}.{name}": None for name in arguments if last and (is_training or is_model or has_rule(name))}
    for function in own:
        names |= {f"{function}.{name}": None for name in variables_of(tree, function) if has_rule(name)}
    by_name = {}
    for name in names:
        value = _standing(tree, name)
        if isinstance(value, bool | int | float | str | list) and not name.rpartition(".")[2].startswith("_"):
            by_name[name] = value
    return by_name


TRAINING_FUNCTION = re.compile(r"(?:.*_)?(?:train\w*|fit|finetune|fine_tune|run|main|experiment|learn)", re.IGNORECASE)
"""Names of functions whose arguments are all settings."""


def plain_constants(tree: ast.Module) -> set[str]:
    """Return the names at the top level that are assigned literals."""
    pairs = [pair for node in top_level(tree) for pair in assigned_pairs(node)]
    return {target.id for target, value in pairs if isinstance(target, ast.Name) and is_plain(value)}


def known_values(tree: ast.Module) -> dict[str, Any]:
    """Return what expressions may refer to: dictionaries and variables by name, `Config.lr` of classes."""
    values: dict[str, Any] = {}
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        for target, expression in assigned_pairs(node):
            if isinstance(target, ast.Name):
                assigned.setdefault(target.id, []).append(expression)
    for name, expressions in assigned.items():
        if len(expressions) == 1 and is_plain(expressions[0]) and (value := literal_value(expressions[0])) is not None:
            values[name] = value
    classes = {node.name: dict(entries_of_table(node)) for node in tree.body if isinstance(node, ast.ClassDef)}
    made = {name: dotted_name(e[0].func) for name, e in assigned.items() if len(e) == 1 and isinstance(e[0], ast.Call)}
    for name, entries in [*classes.items(), *((name, classes.get(made_by, {})) for name, made_by in made.items())]:
        values |= {f"{name}.{key}": value for key, value in entries.items()}
    return {**values, **literal_tables(tree)}


def all_constants(tree: ast.Module, constants: Mapping[str, Any]) -> dict[str, Any]:
    """Return the constants of a script that may be parameters; those in calls if no other is tuned first."""
    plain = plain_constants(tree)
    settings = {name: value for name, value in constants.items() if name in plain and is_setting(name, value)}
    settings |= nested_constants(tree)
    if not any(is_searched_at_once(name) for name in settings):
        settings |= argument_constants(tree)
    return settings


def is_setting(name: str, value: Any) -> bool:
    """Return whether a constant at the top level may be a parameter."""
    return not name.startswith("_") and isinstance(value, bool | int | float | str) and name != "__version__"


def literal_tables(tree: ast.Module) -> dict[str, Any]:
    """Return the values of variables that are assigned one dictionary of plain values, by name."""
    return {name: value for name, node in _tables(tree) if isinstance(value := _table_value(node, 0), dict)}


def _tables(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield dictionaries that are assigned to one name each, and classes that hold constants alone."""
    assigned: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    assigned.setdefault(target.id, []).append(node.value)
    for name, values in assigned.items():
        if len(values) == 1 and _entries(values[0]) is not None and not name.startswith("_"):
            yield name, values[0]
    for name, table in returned_tables(tree):
        if _entries(table) is not None and name not in assigned:
            yield name, table
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and (_is_dataclass(node) or (not node.bases and _holds_constants(node))):
            yield node.name, node


def _holds_constants(node: ast.ClassDef) -> bool:
    """Return whether a class is a table of settings: constants, and nothing that runs."""
    return all(isinstance(line, ast.Assign | ast.AnnAssign | ast.Expr | ast.Pass) for line in node.body)


def _is_dataclass(node: ast.ClassDef) -> bool:
    """Return whether a class is a dataclass, a named tuple, or a model of pydantic."""
    decorators = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
    names = [dotted_name(item).rpartition(".")[2] for item in (*decorators, *node.bases)]
    return not {"dataclass", "define", "BaseModel", "NamedTuple"}.isdisjoint(names)


def _entries(node: ast.AST) -> list[tuple[str, ast.expr]] | None:
    """Return the entries of a table with text keys; None for anything else."""
    entries = table_entries(node)
    if entries is None or not all(isinstance(key, str) for key, *_ in entries):
        return None
    return [(key, value) for key, value, _, _ in entries]


def _plain_entries(node: ast.AST, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    is_list = isinstance(node, ast.List)  # of tables, such as the groups of an optimizer: what else is in it is data
    for key, item in _entries(node) or ():
        if is_list and isinstance(item, ast.Dict):
            inside = _plain_entries(item, f"{prefix}{key}.", depth + 1)
            yield from ((name, value) for name, value in inside if has_rule(name.rpartition(".")[2]))
        elif _entries(item) is not None and depth < MAX_DEPTH:
            yield from _plain_entries(item, f"{prefix}{key}.", depth + 1)
        elif (
            isinstance(value := literal_value(item), bool | int | float | str)
            or (isinstance(value, list) and value and all(isinstance(part, int | float) for part in value))
        ) and not key.startswith("_"):
            yield prefix + key, value


def entries_of_table(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield the plain values of `{…}` or `dict(…)`, those of tables within it by dotted name."""
    return _plain_entries(node, "", 0)


def _table_value(node: ast.AST, depth: int) -> Mapping[str, Any] | None:
    entries = _entries(node)
    if entries is None or isinstance(node, ast.ClassDef | ast.List):
        return None
    values = {key: _table_value(item, depth + 1) or literal_value(item) for key, item in entries}
    return {key: value for key, value in values.items() if value is not UNKNOWN}
