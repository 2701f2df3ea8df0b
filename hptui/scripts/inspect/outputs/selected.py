"""By which metric a script itself keeps its best model: `if acc > best_acc`, `best = min(best, loss)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from hptui.core.dataclass import dataclass
from hptui.core.metric_names import larger_is_better, says_smaller_is_better
from hptui.scripts.inspect.syntax import dotted_name, literal_value
from hptui.scripts.metrics.pairs import canonical_name
from hptui.scripts.metrics.splits import SPLITS
from hptui.scripts.syntax_nodes import all_nodes

BEST_WORD = re.compile(r"(?:^|[^a-z])(?:best|max|min|highest|lowest|top|record)(?![a-z])|best", re.IGNORECASE)
"""Words of the variables that hold the best value so far."""
NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
GENERAL = {"self", "item", "cpu", "numpy", "mean", "float", "np", "torch", "args", "avg", "get", "round", "results",
           "metrics", "stats", "result", "metric", "score", "value", "epoch", "len", "range"}  # fmt: skip
"""Names in expressions that do not tell one metric from another."""


@dataclass(frozen=True, slots=True)
class Selection:
    """By what the best is chosen: the names in it and in the best so far, and whether larger is better."""

    names: frozenset[str]
    larger: bool


def selections(tree: ast.AST) -> list[Selection]:
    """Return by what a script chooses its best, in source order."""
    compared = [parts for node in all_nodes(tree) for parts in _chosen(node)]
    compared.sort(key=lambda parts: (parts[0].lineno, parts[0].col_offset))
    monitored = [selection for node in all_nodes(tree) if isinstance(node, ast.Call) for selection in _monitored(node)]
    named = [(names_of(ast.unparse(node)) | names_of(ast.unparse(best)), larger) for node, best, larger in compared]
    made = (Selection(frozenset(names), larger) for names, larger in named if names)
    return list(dict.fromkeys([*monitored, *made]))


def _monitored(call: ast.Call) -> Iterator[Selection]:
    """Yield by what a call keeps the best: `ModelCheckpoint(monitor="val_acc")`."""
    words = {word.arg: literal_value(word.value) for word in call.keywords}
    for key in ("monitor", "metric_for_best_model", "early_stopping_metric"):
        if isinstance(name := words.get(key), str) and name:
            is_larger = words.get("mode") == "max" or words.get("greater_is_better") is True or larger_is_better(name)
            yield Selection(frozenset({_joined(name), f"eval{_joined(name)}"}), is_larger)


def _chosen(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr, bool]]:
    """Yield what is compared with the best so far, that best, and whether it has to be larger."""
    match node:
        case ast.Compare(left=left, ops=[ast.Gt() | ast.GtE() | ast.Lt() | ast.LtE() as op], comparators=[right]):
            is_greater = isinstance(op, ast.Gt | ast.GtE)
            if _is_best(right) and not _is_best(left):
                yield left, right, is_greater
            elif _is_best(left) and not _is_best(right):
                yield right, left, not is_greater
            elif (extreme := _extreme(right)) and extreme == ("max" if is_greater else "min"):
                yield left, right, is_greater
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]) if extreme := _extreme(right):
            yield left, right, extreme == "max"
        case ast.Call(func=ast.Name(id="max" | "min" as name), args=[first, second]):
            if _is_best(first) != _is_best(second):
                yield (second, first, name == "max") if _is_best(first) else (first, second, name == "max")


def _extreme(node: ast.expr) -> str:
    """Return whether an expression is the largest or smallest of a list: `max(history)`; '' for any other."""
    match node:
        case ast.Call(func=ast.Name(id="max" | "min" as name), args=[ast.Name() | ast.Attribute()], keywords=[]):
            return name
    return ""


def _is_best(node: ast.expr) -> bool:
    named = node
    while isinstance(named, ast.Subscript) and not dotted_name(named):  # best[1]["val_acc"]
        named = named.value
    return BEST_WORD.search(dotted_name(named).rpartition(".")[2]) is not None


def names_of(source: str) -> set[str]:
    """Return the names and keys in an expression that tell metrics apart, as metrics are written."""
    return {_joined(name) for name in NAME.findall(TABLE.sub("", source)) if len(name) > 1} - GENERAL


TABLE = re.compile(r"[A-Za-z_][A-Za-z_0-9]*(?=\[[\"'])")
"""The name of a table in `scores["miou"]`, which all its entries share."""


def _joined(name: str) -> str:
    """Return a name without its separators: `Acc@1` and `acc1` are one."""
    return canonical_name(name).replace("_", "")


def smallest_score_is_best(chosen: Iterable[Selection]) -> bool:
    """Return whether a script keeps the smallest of what it calls a score: `if score < best_score`."""
    directions = {s.larger for s in chosen if any(name.endswith(("score", "scores")) for name in s.names)}
    return directions == {False}


def _contradicts(name: str, selection: Selection) -> bool:
    """Return whether a name says the opposite of a choice: `val_loss = 1 - f1` of the largest F1."""
    is_loss = says_smaller_is_better(canonical_name(name).split("_"))
    return is_loss if selection.larger else larger_is_better(name)


NO_QUANTITY = ("best", "max", "min", "save", "saved", "saving", "new")
"""Words of a name that do not say which quantity it is: `Save Best Score`."""


def by_selection(names: Iterable[str], sources: Mapping[str, str], chosen: Iterable[Selection]) -> dict[str, bool]:
    """Return the metrics that a script chooses by, each with whether larger is better.

    `sources` are the expressions of metrics by name.
    """
    directions: dict[str, bool] = {}
    names, chosen = list(names), list(chosen)
    for selection in chosen:
        meant = [
            name
            for name in names
            if _joined(name) in selection.names or selection.names & names_of(sources.get(name, ""))
        ]
        for name in [name for name in meant if not _contradicts(name, selection)] or meant:
            directions.setdefault(name, selection.larger)
    directions = directions or _by_direction(names, {selection.larger for selection in chosen})
    for name, larger in list(directions.items()):  # `val_loss` is shown more often than `best_val_loss`
        plain = "".join(part for part in canonical_name(name).split("_") if part not in NO_QUANTITY)
        same = next((other for other in names if other not in directions and _joined(other) == plain), None)
        if same is not None:
            directions = {key: value for key, value in directions.items() if key != name} | {same: larger}
    return directions


def _by_direction(names: Iterable[str], larger: set[bool]) -> dict[str, bool]:
    """Return the held-out metrics of the direction by which a script chooses without naming them."""
    if larger != {True}:
        return {}
    splits = {*SPLITS} - {"train"}
    held_out = [name for name in names if not splits.isdisjoint(canonical_name(name).split("_"))]
    return {name: True for name in held_out if larger_is_better(name)}


FAMILIES = ({"acc", "accuracy", "top1", "acc1", "top"}, {"loss"}, {"f1"}, {"auc", "auroc"}, {"iou", "miou"}, {"dice"},
            {"map", "ap"}, {"reward", "return"}, {"mae"}, {"rmse", "mse"})  # fmt: skip
"""Words that name one quantity."""


def by_family(names: Iterable[str], tree: ast.AST) -> list[str]:
    """Return names of metrics with those of the quantity by which a script keeps its best before others."""
    chosen = " ".join(name for selection in selections(tree) for name in selection.names)
    families = [family for family in FAMILIES if any(word in chosen for word in family)]
    words = set().union(*families)
    return sorted(dict.fromkeys(names), key=lambda name: words.isdisjoint(canonical_name(name).split("_")))
