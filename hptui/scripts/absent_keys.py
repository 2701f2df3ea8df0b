"""Keys that a dictionary for boosted trees leaves at their defaults: `params = {"max_depth": 4}` has an eta of 0.3.

It is used by `constant_slots.py` in the environment of the user's script, so it imports the standard library alone.
"""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from hptui.scripts.library_defaults import (
        CATBOOST,
        LIGHTGBM,
        XGBOOST,
        all_names,
        full_name,
        is_searched_itself,
        set_keys,
        sets_rates,
    )
    from hptui.scripts.syntax_nodes import DefaultPlace, assigned_to, nodes_of, once
    from hptui.scripts.table_slots import table_entries
else:  # started by the path of `with_constants.py`, where no package is
    libraries, nodes = importlib.import_module("library_defaults"), importlib.import_module("syntax_nodes")
    CATBOOST, LIGHTGBM, XGBOOST = libraries.CATBOOST, libraries.LIGHTGBM, libraries.XGBOOST
    all_names, full_name = libraries.all_names, libraries.full_name
    set_keys, sets_rates = libraries.set_keys, libraries.sets_rates
    is_searched_itself = libraries.is_searched_itself
    DefaultPlace, assigned_to = nodes.DefaultPlace, nodes.assigned_to
    nodes_of, once = nodes.nodes_of, nodes.once
    table_entries = importlib.import_module("table_slots").table_entries

OF_XGBOOST: dict[str, Any] = {"eta": 0.3, "max_depth": 6, "subsample": 1.0}
OF_LIGHTGBM: dict[str, Any] = {"learning_rate": 0.1, "num_leaves": 31}
FUNCTIONS = {
    **dict.fromkeys(("xgboost.train", "xgboost.cv"), OF_XGBOOST),
    **dict.fromkeys(("lightgbm.train", "lightgbm.cv"), OF_LIGHTGBM),
}
"""Functions whose first argument is the dictionary, with its defaults that people tune."""
CLASSES = {
    **{f"xgboost.{name}": defaults for name, defaults in XGBOOST.items()},
    **{f"lightgbm.{name}": defaults for name, defaults in LIGHTGBM.items()},
    **{f"catboost.{name}": defaults for name, defaults in CATBOOST.items()},
}
"""Classes that are made of the dictionary alone: `XGBClassifier(**params)`."""
OTHER_BOOSTERS = {"gblinear", "rf", "random_forest", "dart"}
"""Kinds of models that have other settings, or take these otherwise."""


def absent_key_slots(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where `params.eta` would stand in a dictionary that does not have it; [] for any other name."""
    first, _, key = name.partition(".")
    defaults = absent_keys(tree).get(first, {})
    return [(_AbsentKey(assigned_to(tree)[first][0], key, defaults[key]), "value")] if key in defaults else []


@once
def absent_keys(tree: ast.Module) -> dict[str, dict[str, Any]]:
    """Return the keys that dictionaries leave at their defaults, by the variables of these.

    What may be added to a dictionary on its way is not absent, so those that a function is given are left out.
    """
    taken = {a.arg for node in nodes_of(tree, ast.arguments) for a in (*node.posonlyargs, *node.args, *node.kwonlyargs)}
    by_table: dict[str, dict[str, Any]] = {}
    for call in nodes_of(tree, ast.Call):
        name, defaults, beside = _given_to(tree, call)
        tables = assigned_to(tree).get(name, [])
        if not defaults or len(tables) != 1 or name in taken or _is_changed(tree, name):
            continue
        keys = _keys(tables[0])
        if keys is not None:
            given = all_names({*keys, *beside, *set_keys(tree), *(("eta",) if sets_rates(tree) else ())})
            absent = {key: value for key, value in defaults.items() if key not in given}
            by_table[name] = absent if by_table.get(name, absent) == absent else {}
    return by_table


def _given_to(tree: ast.Module, call: ast.Call) -> tuple[str, dict[str, Any], list[str]]:
    """Return the variable of the dictionary that a call is given, the defaults, and its other keywords."""
    full = full_name(tree, call.func)
    beside = [word.arg for word in call.keywords if word.arg]
    if full in FUNCTIONS:
        named = [word.value for word in call.keywords if word.arg == "params"]
        table = call.args[0] if call.args else named[0] if named else None
        return (table.id, FUNCTIONS[full], beside) if isinstance(table, ast.Name) else ("", {}, [])
    unpacked = [word.value for word in call.keywords if word.arg is None]
    is_model = full in CLASSES and not is_searched_itself(tree)
    if is_model and not call.args and len(unpacked) == 1 and isinstance(unpacked[0], ast.Name):
        return unpacked[0].id, CLASSES[full], beside
    return "", {}, []


def _keys(table: ast.AST) -> set[str] | None:
    """Return the keys of a table that is written out; None for any other, and for other kinds of models."""
    entries = table_entries(table)
    if entries is None or not isinstance(table, (ast.Dict, ast.Call)):
        return None
    if not all(isinstance(key, str) for key, *_ in entries):  # {**common, "eta": 0.1}
        return None
    if isinstance(table, ast.Call) and (table.args or any(word.arg is None for word in table.keywords)):
        return None
    kinds = {getattr(value, "value", None) for _, value, _, _ in entries}
    return {key for key, *_ in entries} if kinds.isdisjoint(OTHER_BOOSTERS) else None


def _is_changed(tree: ast.Module, name: str) -> bool:
    """Return whether a method changes the dictionary of a variable."""
    methods = [node for node in nodes_of(tree, ast.Attribute) if isinstance(node.value, ast.Name)]
    owners = {node.value.id for node in methods if node.attr in ("update", "setdefault", "pop", "clear")}  # type: ignore[attr-defined]
    merged = [node.target for node in nodes_of(tree, ast.AugAssign)]
    return name in owners or any(isinstance(target, ast.Name) and target.id == name for target in merged)


class _AbsentKey(DefaultPlace):
    """The place of a key that a dictionary does not have: setting it adds the key."""

    def __init__(self, table: Any, key: str, default: Any) -> None:
        super().__init__(table, default)
        self._key = key

    def write(self, value: ast.expr) -> None:
        if isinstance(self.node, ast.Call):
            self.node.keywords.append(ast.copy_location(ast.keyword(self._key, value), self.node))
        else:
            self.node.keys.append(ast.copy_location(ast.Constant(self._key), self.node))
            self.node.values.append(value)
