"""Metrics of which each value is of one episode or one fold: they are printed in every round of a loop over these."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable

from hptui.scripts.inspect.outputs.folds import SPLITTERS, called_names
from hptui.scripts.inspect.outputs.ranking import REWARDS
from hptui.scripts.inspect.syntax import calls
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

EPISODE = re.compile(r"(?:\w*_)?(?:episodes?|eps?|epi|games?)(?:_(?:i|idx|id|no|num|number|count))?", re.IGNORECASE)
FOLD = re.compile(r"(?:\w*_)?(?:folds?|k_?fold)(?:_(?:i|idx|id|no|num|number))?", re.IGNORECASE)
"""Names of the variables of loops."""
ENVIRONMENT = re.compile(r"\benvs?\w*\.(?:reset|step)\(")
"""Calls by which an agent acts, without which an episode is none."""
MAX_DEPTH = 3
"""Functions that are followed from a loop to those that it calls."""


def is_of_episodes(tree: ast.Module, printing: Collection[ast.Call], source: str) -> bool:
    """Return whether each value of a metric is of one episode: `score += reward`, printed in a loop."""
    if not printing or not ENVIRONMENT.search(ast.unparse(tree)):
        return False
    added = [ast.unparse(n.value) for n in nodes_of(tree, ast.AugAssign) if ast.unparse(n.target) == source]
    is_sum = any(not REWARDS.isdisjoint(re.findall(r"[a-z]+", text.lower())) for text in added)
    return is_sum and all_in_loops(
        tree, printing, [loop for loop in nodes_of(tree, ast.For) if _is_over(loop, EPISODE)]
    )


def is_of_folds(tree: ast.Module, printing: Collection[ast.Call]) -> bool:
    """Return whether a metric is printed for each fold of a cross-validation alone."""
    splits = any(SPLITTERS.search(name) for name in called_names(tree))
    loops = [
        loop
        for loop in nodes_of(tree, ast.For)
        if _is_over(loop, FOLD) or (splits and "split" in called_names(loop.iter))
    ]
    return bool(printing) and all_in_loops(tree, printing, loops)


def _is_over(loop: ast.For, part: re.Pattern[str]) -> bool:
    return any(part.fullmatch(node.id) for node in nodes_of(loop.target, ast.Name))


def all_in_loops(tree: ast.Module, printing: Iterable[ast.Call], loops: Iterable[ast.For]) -> bool:
    """Return whether all of some calls run in the rounds of loops, in functions that these call, too."""
    functions = {function.name: function for function in nodes_of(tree, ast.FunctionDef)}
    inside, waiting, known = set[int](), [line for loop in loops for line in loop.body], set[str]()
    for _ in range(MAX_DEPTH):
        inside |= {id(node) for line in waiting for node in all_nodes(line)}
        names = {name for line in waiting for name in called_names(line)} & functions.keys() - known
        known |= names
        waiting = [functions[name] for name in names]
    outside = [call for call in printing if id(call) not in inside]
    called_elsewhere = {name.rpartition(".")[2] for name, call in calls(tree) if id(call) not in inside}
    return not outside and known.isdisjoint(called_elsewhere)
