"""What a script seems to measure, by the names that it logs, prints and writes."""

from __future__ import annotations

import ast
import re

from hptui.scripts.inspect.syntax import calls

METRIC_NAME = re.compile(
    r"(?:[A-Za-z]+[/_ .-])*"
    r"(?:loss|acc|accuracy|ppl|perplexity|bleu|rouge[\w]*|f1|reward|mse|mae|score|error)",
    re.IGNORECASE,
)
WORD = re.compile(r"[A-Za-z_][\w/.-]*")
NAME_WITH_NUMBER = re.compile(
    r"(?:\b(train|training|val|valid|validation|eval|test|dev)\s+)?([A-Za-z_][\w/.-]*)\s*[:=@]?\s*(?=$|[%{\d])",
    re.IGNORECASE,
)
"""A word followed by its number: `val loss %.4f`, `acc={acc:.2f}`."""
HELD_OUT_SPLITS = ("eval", "val", "dev", "test")
MAXIMIZED_NAMES = ("acc", "bleu", "rouge", "f1", "reward", "score")
"""Beginnings of the names of metrics that are maximized."""
LOG_CALLS = ("log", "report", "log_metric", "log_dict", "log_metrics", "add_scalar", "dump", "write")
PROSE_CALLS = ("info", "debug", "warning", "log", "echo", "secho", "write", "set_postfix", "set_postfix_str")


def measured_metrics(tree: ast.Module) -> list[str]:
    """Return the names that the script seems to measure, held-out losses first."""
    names: dict[str, None] = {}
    for name, call in calls(tree):
        last = name.rsplit(".", 1)[-1]
        if last in LOG_CALLS:
            for argument in [*call.args, *(word.value for word in call.keywords)]:
                names |= dict.fromkeys(_keys(argument))
        if last in LOG_CALLS or last in PROSE_CALLS:
            names |= dict.fromkeys(word.arg for word in call.keywords if word.arg and METRIC_NAME.fullmatch(word.arg))
        if last == "print":
            for argument in call.args:
                names |= dict.fromkeys(_printed_metrics(argument))
        elif last in PROSE_CALLS:
            for argument in call.args:
                names |= dict.fromkeys(_metrics_in_prose(argument))
    if any(name.rsplit(".", 1)[-1].endswith("Trainer") for name, _ in calls(tree)):
        names = {"eval_loss": None, **names}
    if not names:  # last resort: a dictionary of metrics is probably written somewhere
        names = dict.fromkeys(name for node in ast.walk(tree) if isinstance(node, ast.Dict) for name in _keys(node))
    return sorted(names, key=lambda name: (not name.lower().startswith(HELD_OUT_SPLITS), "loss" not in name.lower()))


def _keys(node: ast.AST) -> list[str]:
    """Return the keys of a dictionary, or the text, that name a metric."""
    texts = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict):
            texts += [key.value for key in inner.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        texts.append(node.value)
    return [name for name in texts if METRIC_NAME.fullmatch(name.rsplit("/", 1)[-1]) or METRIC_NAME.fullmatch(name)]


def _texts(node: ast.AST) -> list[str]:
    return [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)]


def _printed_metrics(node: ast.AST) -> list[str]:
    """Return the names of metrics in printed text: `val_loss: 0.1`, `val loss 0.1`."""
    names = [name for text in _texts(node) for name in _names_with_numbers(text)]
    for text in _texts(node):
        names += [word for word in WORD.findall(text) if METRIC_NAME.fullmatch(word.rstrip(".:-"))]
    if isinstance(node, ast.Dict):
        names += _keys(node)
    return [name.rstrip(".:-") for name in names]


def _metrics_in_prose(node: ast.AST) -> list[str]:
    """Return the names of metrics in prose: only those followed by a number."""
    return [name for text in _texts(node) for name in _names_with_numbers(text)]


def _names_with_numbers(text: str) -> list[str]:
    names = []
    for split, name in NAME_WITH_NUMBER.findall(text):
        full_name = f"{split.lower()}_{name}" if split else name
        if METRIC_NAME.fullmatch(name.rstrip(".:-")):
            names.append(full_name.rstrip(".:-"))
    return names
