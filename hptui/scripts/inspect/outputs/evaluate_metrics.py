"""What the metrics of the library evaluate compute, by the names that they are loaded by."""

from __future__ import annotations

import ast

from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.given_values import GivenValues
from hptui.scripts.inspect.syntax import dotted_name, literal_value

LOADING_CALLS = ("evaluate.load", "evaluate.combine", "load_metric", "datasets.load_metric", "load", "combine")
"""Calls that load metrics by their names."""
TASKS_OF_GLUE = {"cola": ("matthews_correlation",), "stsb": ("pearson", "spearmanr"), "mrpc": ("accuracy", "f1"),
                 "qqp": ("accuracy", "f1")}  # fmt: skip
"""What the metric of a task of GLUE computes; that of the others is accuracy."""
KEYS = {
    "seqeval": ("overall_precision", "overall_recall", "overall_f1", "overall_accuracy"),
    "rouge": ("rouge1", "rouge2", "rougeL", "rougeLsum"),
    "squad": ("exact_match", "f1"),
    "squad_v2": ("exact", "f1"),
    "sacrebleu": ("score",),
    "perplexity": ("mean_perplexity",),
    "pearsonr": ("pearsonr",),
    "xnli": ("accuracy",),
    "indic_glue": ("accuracy",),
    "competition_math": ("accuracy",),
    "mean_iou": ("mean_iou", "mean_accuracy", "overall_accuracy"),
    "chrf": ("score",),
    "ter": ("score",),
    "comet": ("mean_score",),
}
"""The keys of metrics that do not compute one value by their own name."""
ONE_BY_NAME = {"accuracy", "f1", "precision", "recall", "wer", "cer", "bleu", "google_bleu", "meteor", "exact_match",
               "matthews_correlation", "spearmanr", "roc_auc", "mse", "mae", "mape", "smape", "mase",
               "brier_score"}  # fmt: skip
"""Metrics that surely compute one value, by their own name."""


def is_known(call: ast.Call) -> bool:
    """Return whether it is known what the metrics compute that a call loads."""
    given = literal_value(call.args[0]) if call.args else None
    names = given if isinstance(given, list) else [given]
    return all(name in (*ONE_BY_NAME, *KEYS, "glue") for name in names)


def with_values(call: ast.Call, values: GivenValues) -> ast.Call:
    """Return a call with what its arguments are by default: `load("squad_v2" if args.v2 else "squad")`."""
    known = [(argument, values.of(argument)) for argument in call.args]
    return ast.Call(call.func, [a if v is UNKNOWN else ast.Constant(v) for a, v in known], call.keywords)


def computed_by_evaluate(call: ast.Call) -> ast.Dict | None:
    """Return the table that a metric computes, of the call that loads it; None for any other call."""
    if dotted_name(call.func) not in LOADING_CALLS or not call.args:
        return None
    given = [literal_value(argument) for argument in call.args]
    names = given[0] if isinstance(given[0], list) else given[:1]
    texts = [name for name in names if isinstance(name, str)]
    if not texts:
        return None
    tasks = [text for text in given[1:] if isinstance(text, str)]
    keys = [key for name in texts for key in _keys(name, tasks)]
    return ast.Dict([ast.Constant(key) for key in keys], [ast.Name(key, ast.Load()) for key in keys])


def _keys(name: str, tasks: list[str]) -> tuple[str, ...]:
    if name == "glue":
        return TASKS_OF_GLUE.get(tasks[0] if tasks else "", ("accuracy",))
    return KEYS.get(name, (name,))
