"""What a script seems to measure, by the names that it logs, prints and writes down."""

from __future__ import annotations

import ast
import re

from hptui.trainers.scripts.tree import calls

MEASURED = re.compile(
    r"(?:[A-Za-z]+[/_ .-])*"
    r"(?:loss|acc|accuracy|ppl|perplexity|bleu|rouge[\w]*|f1|reward|mse|mae|score|error)",
    re.IGNORECASE,
)
WORD = re.compile(r"[A-Za-z_][\w/.-]*")
SPOKEN = re.compile(
    r"(?:\b(train|training|val|valid|validation|eval|test|dev)\s+)?([A-Za-z_][\w/.-]*)\s*[:=@]?\s*(?=$|[%{\d])",
    re.IGNORECASE,
)
"""A word with its number behind it: `val loss %.4f`, `acc={acc:.2f}`."""
HELD_OUT = ("eval", "val", "dev", "test")
UPWARDS = ("acc", "bleu", "rouge", "f1", "reward", "score")
"""Names of metrics that are made large."""
LOGS = ("log", "report", "log_metric", "log_dict", "log_metrics", "add_scalar", "dump", "write")
SPEAKS = ("info", "debug", "warning", "log", "echo", "secho", "write", "set_postfix", "set_postfix_str")


def metrics(tree: ast.Module) -> list[str]:
    """Names that the script seems to measure, held-out losses first."""
    names: dict[str, None] = {}
    for name, call in calls(tree):
        last = name.rsplit(".", 1)[-1]
        if last in LOGS:
            for argument in [*call.args, *(word.value for word in call.keywords)]:
                names |= dict.fromkeys(_keys(argument))
        if last in LOGS or last in SPEAKS:
            names |= dict.fromkeys(word.arg for word in call.keywords if word.arg and MEASURED.fullmatch(word.arg))
        if last == "print":
            for argument in call.args:
                names |= dict.fromkeys(_printed(argument))
        elif last in SPEAKS:
            for argument in call.args:
                names |= dict.fromkeys(_spoken(argument))
    if any(name.rsplit(".", 1)[-1].endswith("Trainer") for name, _ in calls(tree)):
        names = {"eval_loss": None, **names}
    if not names:  # what is gathered in a dictionary is written somewhere
        names = dict.fromkeys(name for node in ast.walk(tree) if isinstance(node, ast.Dict) for name in _keys(node))
    return sorted(names, key=lambda name: (not name.lower().startswith(HELD_OUT), "loss" not in name.lower()))


def _keys(node: ast.AST) -> list[str]:
    """Keys of a dictionary, or a text, that name a metric."""
    found = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict):
            found += [key.value for key in inner.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        found.append(node.value)
    return [name for name in found if MEASURED.fullmatch(name.rsplit("/", 1)[-1]) or MEASURED.fullmatch(name)]


def _texts(node: ast.AST) -> list[str]:
    return [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)]


def _printed(node: ast.AST) -> list[str]:
    """Names of metrics in what is printed: `val_loss: 0.1`, `val loss 0.1`."""
    found = [name for text in _texts(node) for name in _said(text)]
    for text in _texts(node):
        found += [word for word in WORD.findall(text) if MEASURED.fullmatch(word.rstrip(".:-"))]
    if isinstance(node, ast.Dict):
        found += _keys(node)
    return [name.rstrip(".:-") for name in found]


def _spoken(node: ast.AST) -> list[str]:
    """The same where prose is usual: only names with a number behind them."""
    return [name for text in _texts(node) for name in _said(text)]


def _said(text: str) -> list[str]:
    found = []
    for split, name in SPOKEN.findall(text):
        whole = f"{split.lower()}_{name}" if split else name
        if MEASURED.fullmatch(name.rstrip(".:-")):
            found.append(whole.rstrip(".:-"))
    return found
