"""Metrics that LightGBM prints as it trains, of sets of data that a script gives no names."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from hptui.scripts.inspect.outputs.sample_texts import list_elements
from hptui.scripts.inspect.syntax import calls, dotted_name, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import nodes_of

OF_TRAINING = "training"
"""What LightGBM calls the data that it trains with, where that is among the sets that it measures."""
PRINTING = ("log_evaluation", "print_evaluation", "early_stopping")
"""Callbacks that print what is measured."""
DEFAULT_METRICS = {"LGBMRegressor": "l2", "LGBMClassifier": "binary_logloss"}
"""What models measure where no metric is given; a classifier of several classes has another one."""


def unnamed_sets_of_lightgbm(tree: ast.Module, metrics: Sequence[str]) -> Iterator[str]:
    """Yield what `lgb.train` and `fit` print of sets without names, `valid_0 auc`, held-out ones first.

    `metrics` are those that the script asks for.
    """
    assigned: dict[str, list[ast.expr]] = {}
    for node in nodes_of(tree, ast.Assign):
        for target in node.targets:
            assigned.setdefault(dotted_name(target), []).append(node.value)
    for name, call in calls(tree):
        last = name.rpartition(".")[2]
        if not _prints(tree, call):
            continue
        if last == "train" and name.partition(".")[0] in ("lgb", "lightgbm"):
            asked: Sequence[str] = metrics
            data, sets = _argument(call, 1, "train_set"), keyword_argument(call, "valid_sets")
            if keyword_argument(call, "valid_names") is not None:
                continue
        elif last == "fit" and (model := _model_of(call, assigned)):
            default = DEFAULT_METRICS.get(model)
            asked = metrics or ([default] if default else [])
            data, sets = _argument(call, 0, "X"), keyword_argument(call, "eval_set")
            if keyword_argument(call, "eval_names") is not None:
                continue
        else:
            continue
        for set_name in _names(data, sets, assigned):
            yield from (f"{set_name} {metric}" for metric in asked)


def _names(data: ast.expr | None, sets: ast.expr | None, assigned: dict[str, list[ast.expr]]) -> list[str]:
    """Return what LightGBM calls the sets: by their places, but for the one that it trains with."""
    if sets is None:
        return []
    held = assigned.get(dotted_name(sets) or "?", [])
    given = held[0] if len(held) == 1 else sets
    parts = [given] if isinstance(given, ast.Tuple) else list_elements(given) or [given]  # eval_set=(X, y)
    firsts = [part.elts[0] if isinstance(part, ast.Tuple) and part.elts else part for part in parts]
    same = ast.unparse(data) if data is not None else ""
    names = [OF_TRAINING if ast.unparse(part) == same else f"valid_{place}" for place, part in enumerate(firsts)]
    return sorted(names, key=lambda name: (name == OF_TRAINING, names.index(name) * -1))


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    return call.args[place] if len(call.args) > place else keyword_argument(call, name)


def _model_of(call: ast.Call, assigned: dict[str, list[ast.expr]]) -> str:
    """Return the class of LightGBM whose model is fitted; '' for another one."""
    if not isinstance(call.func, ast.Attribute):
        return ""
    made = [call.func.value, *assigned.get(dotted_name(call.func.value) or "?", [])]
    classes = [dotted_name(node.func).rpartition(".")[2] for node in made if isinstance(node, ast.Call)]
    return next((name for name in classes if name.startswith("LGBM")), "")


def _prints(tree: ast.Module, call: ast.Call) -> bool:
    """Return whether a call prints what it measures: by an argument of older versions, or a callback."""
    for name in ("verbose_eval", "verbose"):
        if (given := keyword_argument(call, name)) is not None and literal_value(given) not in (False, 0, -1, None):
            return True
    callbacks = keyword_argument(call, "callbacks")
    used = {dotted_name(node.func).rpartition(".")[2] for node in nodes_of(tree, ast.Call)}
    shown = {dotted_name(n.func).rpartition(".")[2] for n in nodes_of(callbacks, ast.Call)} if callbacks else set()
    return callbacks is not None and not (shown or used).isdisjoint(PRINTING)
