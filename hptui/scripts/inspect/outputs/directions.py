"""Whether what a script calls a score is an error: what the value is computed by says it, where its name does not."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from hptui.core.metric_names import larger_is_better
from hptui.scripts.inspect.outputs.ranking import is_any_score, is_minimized, words_of
from hptui.scripts.inspect.syntax import dotted_name
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

MAX_DEPTH = 5
"""Variables and functions that are followed from one to the next."""
NEGATED = ("neg_", "negative_")
"""Beginnings of the names of errors that scikit-learn has turned around."""
PLAIN_WORDS = {"score", "scores", "scorer", "metric", "metrics", "value"}
"""Words of names that do not say which score it is."""


def errors_called_scores(tree: ast.Module, sources: Mapping[str, str]) -> set[str]:
    """Return the scores that are errors: `score = mean_absolute_error(y, p)`, printed as `CV score: 0.3`.

    `sources` are the expressions of metrics by name.
    """
    asked = {name: source for name, source in sources.items() if is_any_score(name)}
    if not asked:
        return set()
    makers = _Makers(tree)
    return {name for name, source in asked.items() if makers.is_error(source)}


class _Makers:
    """Follows expressions to the calls and keys that their values come from."""

    def __init__(self, tree: ast.Module) -> None:
        self._assigned: dict[str, list[ast.expr]] = {}
        for node in nodes_of(tree, ast.Assign):
            for target in node.targets:
                parts = target.elts if isinstance(target, ast.Tuple) else [target]
                for part in parts:
                    self._assigned.setdefault(dotted_name(part), []).append(node.value)
        for called in nodes_of(tree, ast.Call):  # scores.append(score)
            match called:
                case ast.Call(func=ast.Attribute(value=owner, attr="append"), args=[item]) if dotted_name(owner):
                    self._assigned.setdefault(dotted_name(owner), []).append(item)
        self._returned = {
            function.name: [line.value for line in nodes_of(function, ast.Return) if line.value is not None]
            for function in nodes_of(tree, ast.FunctionDef)
        }

    def is_error(self, source: str) -> bool:
        """Return whether all that is known of an expression says that a smaller value is better."""
        try:
            node = ast.parse(source, mode="eval").body
        except SyntaxError:
            return False
        nodes = list(self._reached(node))
        names = [name for inner in nodes for name in _makers_named(inner)]
        turned = any(map(_turns_around, nodes))
        if any(name.startswith(NEGATED) for name in names):
            return turned
        smaller = [name for name in names if is_minimized(name)]
        return bool(smaller) and not turned and not any(map(_is_larger_better, names))

    def _reached(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes of an expression, and of what its variables and functions are made of."""
        waiting, seen = [(node, 0)], set[str]()
        while waiting:
            whole, depth = waiting.pop()
            for inner in all_nodes(whole):
                yield inner
                name = dotted_name(inner.func) if isinstance(inner, ast.Call) else dotted_name(inner)
                if name and name not in seen and depth < MAX_DEPTH:
                    seen.add(name)
                    made: Iterable[ast.expr] = (
                        self._returned.get(name, []) if isinstance(inner, ast.Call) else self._assigned.get(name, [])
                    )
                    waiting += [(part, depth + 1) for part in made]


def _is_larger_better(name: str) -> bool:
    words = [word for word in words_of(name) if word not in PLAIN_WORDS]
    return not is_minimized(name) and larger_is_better("_".join(words))


def _makers_named(node: ast.AST) -> list[str]:
    """Return the names that say what a node computes or looks up: a function, a key."""
    match node:
        case ast.Call(func=func):
            return [dotted_name(func).rpartition(".")[2]] if dotted_name(func) else []
        case ast.Constant(value=str() as text) if text.isidentifier():
            return [text]
    return []


def _turns_around(node: ast.AST) -> bool:
    """Return whether a node makes the larger of two values the smaller one: `-x`, `1 - x`, `1 / x`."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return not isinstance(operand, ast.Constant) or operand.value == 1 or isinstance(operand.value, float)
        case ast.BinOp(left=ast.Constant(), op=ast.Sub() | ast.Div()):
            return True
        case ast.Call(func=func):
            return dotted_name(func).rpartition(".")[2] in ("abs", "negative", "reciprocal")
    return False
