"""Metrics that CatBoost prints as it trains: `0: learn: 0.6 test: 0.5 best: 0.5 (0)`, and `bestTest = 0.5`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hptui.core.metric_names import larger_is_better
from hptui.scripts.inspect.inputs.constants import literal_tables
from hptui.scripts.inspect.syntax import calls, imported_modules, keyword_argument, literal_value

MODELS = ("CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker")
METRICS = ("eval_metric", "loss_function", "objective")
"""Parameters that say of which metric the printed numbers are, the first that is given."""
QUIET = {"verbose": (False, 0), "silent": (True,), "logging_level": ("Silent",), "verbose_eval": (False, 0)}
"""Parameters with the values at which nothing is printed."""
NAMES = ("bestTest", "test", "learn")


def catboost_metrics(tree: ast.Module) -> list[str]:
    """Return the names that CatBoost prints for a script, those of held-out data first."""
    return list(_names(tree)) if "catboost" in imported_modules(tree) else []


def larger_in_catboost(tree: ast.Module) -> set[str]:
    """Return the names that CatBoost prints, if the metric that it shows is better when larger."""
    return {*NAMES} if "catboost" in imported_modules(tree) and larger_is_better(_metric(tree)) else set()


def _names(tree: ast.Module) -> Iterator[str]:
    fits = [
        call for name, call in calls(tree) if name.endswith(".fit") or name in ("catboost.train", "cb.train", "train")
    ]
    given = [*_given(tree)]
    if not fits or any(value in QUIET[name] for name, value in given if name in QUIET):
        return
    if any(keyword_argument(call, "eval_set") is not None for call in fits):
        yield NAMES[0]
    yield NAMES[2]


def _metric(tree: ast.Module) -> str:
    given = [*_given(tree)]
    named = (value for key in METRICS for name, value in given if name == key and isinstance(value, str))
    return next(named, "").partition(":")[0]


def _given(tree: ast.Module) -> Iterator[tuple[str, object]]:
    """Yield the parameters that models and their training are given, in calls and in tables of literals."""
    for name, call in calls(tree):
        if name.rpartition(".")[2] in (*MODELS, "fit", "train"):
            yield from ((word.arg, literal_value(word.value)) for word in call.keywords if word.arg)
    for table in literal_tables(tree).values():
        yield from ((str(name), value) for name, value in table.items())
