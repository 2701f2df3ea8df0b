"""Which assignments of a variable at the top level reach what reads it, where it is assigned more than once.

It is used by `with_constants.py` in the environment of the user's script, so it imports the standard library alone.
"""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from hptui.scripts.constant_slots import top_level
    from hptui.scripts.scopes import ALL_NAMES, Effects, all_of_itself, functions_of, line_effects, reads
    from hptui.scripts.syntax_nodes import is_plain, once, slot_value
    from hptui.scripts.table_slots import assigned_places
else:  # started by the path of `with_constants.py`, where no package is
    scopes = importlib.import_module("scopes")
    ALL_NAMES, Effects = scopes.ALL_NAMES, scopes.Effects
    all_of_itself, reads = scopes.all_of_itself, scopes.reads
    functions_of, line_effects = scopes.functions_of, scopes.line_effects
    top_level = importlib.import_module("constant_slots").top_level
    syntax_nodes = importlib.import_module("syntax_nodes")
    is_plain, once, slot_value = syntax_nodes.is_plain, syntax_nodes.once, syntax_nodes.slot_value
    assigned_places = importlib.import_module("table_slots").assigned_places

ELSEWHERE = -1
"""Stands for a value that no line at the top level itself assigns."""


@once
def reaching_places(tree: ast.Module) -> dict[str, list[tuple[Any, Any]]]:
    """Return the places of the values that are used of each variable that a script assigns more than once.

    The list is empty where different values are used, or where the source does not show which one is: a script that
    trains with `LR = 0.1` and again after `LR = 0.01` has no one value that could be set, or be recorded. The last
    value counts where the script itself never reads the variable: others may import it.
    """
    functions = functions_of(tree)
    lines = [(line, line_effects(line, functions)) for line in top_level(tree)]
    times = Counter(name for _, effects in lines for name in effects.stored)
    several = {name for name, count in times.items() if count > 1}
    several = several.union(*(effects.stored_by_call for _, effects in lines))
    assigned = {name for line, _ in lines for name in _assigned_here(line)}
    return {name: _used_places(name, lines) for name in sorted(assigned & several)}


def _assigned_here(line: ast.stmt) -> dict[str, tuple[Any, Any]]:
    """Return the places of what a line assigns to variables, less what it computes of the same ones."""
    places = {t.id: (owner, key) for t, owner, key in assigned_places(line) if isinstance(t, ast.Name)}
    return {name: place for name, place in places.items() if not reads(slot_value(*place), name)}


def _used_places(name: str, lines: Sequence[tuple[ast.stmt, Effects]]) -> list[tuple[Any, Any]]:
    """Return the places of the values of a variable that are used; [] if they differ or are not all known."""
    places: dict[int, tuple[Any, Any]] = {}
    reaching, used, is_kept = set[int](), set[int](), False
    for number, (line, effects) in enumerate(lines):
        is_read = not effects.read.isdisjoint((name, ALL_NAMES))
        used |= reaching if is_read else set()
        own = _assigned_here(line).get(name)
        is_changed = name in effects.stored and own is None and not all_of_itself([line], name)
        if own is not None:
            places[number], reaching = own, {number}
        if is_changed or name in effects.stored_by_call:
            reaching = reaching | {ELSEWHERE}
            used |= {ELSEWHERE} if is_read else set()
        is_kept |= name in effects.kept or ALL_NAMES in effects.kept
        used |= reaching if is_kept else set()
        used |= {ELSEWHERE} if name in effects.kept_stores else set()
    used = used or reaching
    if ELSEWHERE in used:
        return []
    values = {ast.dump(slot_value(*places[number])) for number in used}
    is_one = len(used) == 1 or (len(values) == 1 and all(is_plain(slot_value(*places[number])) for number in used))
    return [places[number] for number in sorted(used)] if is_one else []
