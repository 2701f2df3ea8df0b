"""Which values are of held-out data though their names do not say it: those that are computed from such data."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

from hptui.scripts.inspect.outputs.ranking import HELD_OUT_SPLITS, TRAINING_SPLITS, words_of
from hptui.scripts.inspect.syntax import dotted_name
from hptui.scripts.syntax_nodes import nodes_of

VALIDATION = re.compile(r"(?<![a-z])(?:val|vali|valid|validation|dev|holdout|heldout|oof)(?![a-z])", re.IGNORECASE)
OTHER_DATA = re.compile(r"(?<![a-z])(?:train|training|trn|tr|test|testing)(?![a-z])", re.IGNORECASE)
"""Words in the names of data."""
NAMES = re.compile(r"[A-Za-z_]\w*")


def of_validation_data(tree: ast.Module, names: Iterable[str], sources: Mapping[str, str]) -> set[str]:
    """Return the metrics that a call computes from validation data alone: `evaluate(model, val_loader)`.

    They are some of `names`, which say no split; `sources` are their expressions by name.
    """
    asked = {name: sources[name] for name in names if name in sources and not _names_split(name)}
    if not asked:
        return set()
    validated: set[str] = set()
    for node in nodes_of(tree, ast.Assign):
        if isinstance(node.value, ast.Call) and _is_of_validation_data(node.value):
            parts = [part for target in node.targets for part in getattr(target, "elts", [target])]
            validated |= {dotted_name(part) for part in parts} - {""}
    return {name for name, source in asked.items() if validated & set(NAMES.findall(source))}


def _names_split(name: str) -> bool:
    return not {*HELD_OUT_SPLITS, *TRAINING_SPLITS}.isdisjoint(words_of(name))


def _is_of_validation_data(call: ast.Call) -> bool:
    given = " ".join(ast.unparse(part) for part in (*call.args, *(word.value for word in call.keywords)))
    return VALIDATION.search(given) is not None and OTHER_DATA.search(given) is None
