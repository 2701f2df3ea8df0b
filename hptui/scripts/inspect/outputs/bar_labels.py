"""Progress bars as they are drawn: their label, which may name the data, before the values that a script puts there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hptui.scripts.inspect.syntax import dotted_name, keyword_argument
from hptui.scripts.metrics.lines import find_mapping
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

BARS = re.compile(r"(?:tqdm|trange|tqdm_notebook|tnrange|notebook_tqdm|track)(?:_\w+)?|ProgressBar")
"""Classes and functions that make a progress bar."""
LABELLING = ("set_description", "set_description_str")
POSTFIX = "set_postfix"
DRAWN = "45%|████▌     | 4/9 [00:01<00:02, "
"""A bar with its counter, before its values."""


class BarLabels:
    """Knows the labels of the bars of a script, by the function and the name of each."""

    def __init__(self, tree: ast.AST) -> None:
        self._labels: dict[int, ast.expr] = {}
        for scope in (tree, *nodes_of(tree, ast.FunctionDef)):  # inner functions after those around them
            labels = dict(_labels(scope))
            for call in nodes_of(scope, ast.Call) if labels else ():
                name = dotted_name(call.func)
                owner, _, method = name.rpartition(".")
                if method == POSTFIX and owner in labels:
                    self._labels[id(call)] = labels[owner]

    def with_label(self, call: ast.Call) -> ast.Call:
        """Return a call that shows values in a bar, with the label of the bar as its first argument."""
        label = self._labels.get(id(call))
        if label is None:
            return call
        text = ast.JoinedStr([ast.FormattedValue(label, -1), ast.Constant(": ")])
        return ast.copy_location(ast.Call(call.func, [text, *call.args], call.keywords), call)


def _labels(scope: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the bars of a function with their labels, in source order: a later one counts."""
    labels = list[tuple[int, str, ast.expr]]()
    for node in all_nodes(scope):
        match node:
            case (
                ast.Assign(targets=[target], value=ast.Call() as made)
                | ast.withitem(context_expr=ast.Call() as made, optional_vars=ast.expr() as target)
            ):
                is_bar = BARS.fullmatch(dotted_name(made.func).rpartition(".")[2]) is not None
                label = keyword_argument(made, "desc") or (made.args[1] if len(made.args) > 1 else None)
                labels += [(made.lineno, dotted_name(target), label)] if is_bar and label is not None else []
            case ast.Call(func=ast.Attribute(attr=method, value=owner), args=[label, *_]) if method in LABELLING:
                labels.append((node.lineno, dotted_name(owner), label))
    yield from ((name, label) for _, name, label in sorted(labels, key=lambda entry: entry[0]) if name)


def drawn_bar(line: str) -> str:
    """Return the line of a bar with its values as it shows them: `Val: 45%|… | 4/9 [00:01, acc=0.4]`."""
    values = find_mapping(line)
    if values is None:
        return line
    shown = ", ".join(f"{name}={value}" for name, value in values.items())
    return f"{line[: line.find('{')]}{DRAWN}{shown}]"
