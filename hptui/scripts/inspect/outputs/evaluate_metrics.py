"""What the metrics of the library evaluate compute, by the names that they are loaded by."""

from __future__ import annotations

import ast

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
}
"""The keys of metrics that do not compute one value by their own name."""


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
