"""Metrics that models of XGBoost print as they are fitted, of each set of data that `fit` is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hptui.scripts.inspect.given_values import GivenValues
from hptui.scripts.inspect.inputs.constants import literal_tables
from hptui.scripts.inspect.outputs.sample_texts import list_elements
from hptui.scripts.inspect.syntax import calls, dotted_name, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import nodes_of

METRICS_OF_OBJECTIVES = {
    "binary:logistic": "logloss",
    "multi:softmax": "mlogloss",
    "multi:softprob": "mlogloss",
    "reg:squarederror": "rmse",
}
"""What is measured where no metric is given."""
METRICS_OF_MODELS = {"XGBRegressor": "rmse"}
"""What is measured where no objective is given, either."""


def fitted_by_xgboost(tree: ast.Module, values: GivenValues) -> Iterator[str]:
    """Yield what `fit(…, eval_set=[…])` prints, `validation_1-logloss`, of the last set first.

    XGBoost stops early by the last one.
    """
    assigned: dict[str, list[ast.expr]] = {}
    for node in nodes_of(tree, ast.Assign):
        for target in node.targets:
            assigned.setdefault(dotted_name(target), []).append(node.value)
    metrics = _metrics(tree)
    for _, call in calls(tree):
        given = keyword_argument(call, "eval_set")
        if given is None or not _is_fit(call, assigned) or values.of(_verbose(call)) in (False, None):
            continue
        held = assigned.get(dotted_name(given), []) if dotted_name(given) else []
        parts = list_elements(held[0] if len(held) == 1 else given) or []
        for place in reversed(range(len(parts))):
            yield from (f"validation_{place}-{metric}" for metric in metrics)


def cross_validated_by_xgboost(tree: ast.Module, values: GivenValues) -> Iterator[str]:
    """Yield what `xgb.cv` prints of each round, `test-rmse`: means over the folds."""
    for name, call in calls(tree):
        if name not in ("xgb.cv", "xgboost.cv"):
            continue
        shown = [part for part in nodes_of(call, ast.Call) if part is not call]
        is_printed = any(_class_of(part) in ("print_evaluation", "EvaluationMonitor") for part in shown)
        given = keyword_argument(call, "verbose_eval")
        if not is_printed and (given is None or values.of(given) in (False, None, 0)):
            continue
        asked = keyword_argument(call, "metrics")
        literal = (
            [part.value for part in ast.walk(asked) if isinstance(part, ast.Constant)] if asked is not None else []
        )
        named = [text for text in literal if isinstance(text, str)] or _metrics(tree)
        yield from (f"{data}-{metric}" for data in ("test", "train") for metric in named)


def _is_fit(call: ast.Call, assigned: dict[str, list[ast.expr]]) -> bool:
    """Return whether a call fits a model of XGBoost, and no other that is given `eval_set`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "fit":
        return False
    made = [call.func.value, *assigned.get(dotted_name(call.func.value) or "?", [])]
    return any(isinstance(node, ast.Call) and _class_of(node).startswith("XGB") for node in made)


def _class_of(call: ast.Call) -> str:
    return dotted_name(call.func).rpartition(".")[2]


def _verbose(call: ast.Call) -> ast.expr:
    return keyword_argument(call, "verbose") or ast.Constant(True)


def _metrics(tree: ast.Module) -> list[str]:
    """Return the metrics that a script asks for, else the one of its objective or model."""
    tables = literal_tables(tree).values()
    every = [call for _, call in calls(tree)]

    def given(name: str) -> list[object]:
        return [literal_value(keyword_argument(call, name)) for call in every] + [t.get(name) for t in tables]

    asked = [text for item in given("eval_metric") for text in (item if isinstance(item, list) else [item])]
    if named := [text for text in asked if isinstance(text, str)]:
        return list(dict.fromkeys(named))
    objectives = [text for text in given("objective") if isinstance(text, str)]
    if objectives:
        return list(dict.fromkeys(METRICS_OF_OBJECTIVES[text] for text in objectives if text in METRICS_OF_OBJECTIVES))
    return list(dict.fromkeys(METRICS_OF_MODELS[name] for c in every if (name := _class_of(c)) in METRICS_OF_MODELS))
