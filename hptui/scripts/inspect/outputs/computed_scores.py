"""The scores that a Trainer's `compute_metrics` surely returns: what its evaluations log besides their loss."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from hptui.scripts.inspect.given_values import GivenValues
from hptui.scripts.inspect.outputs.evaluate_metrics import computed_by_evaluate, is_known, with_values
from hptui.scripts.inspect.syntax import dotted_name, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import nodes_of

MAX_DEPTH = 6
"""Functions and variables that are followed from one table to the next."""
IS_ON = re.compile(r"xla|tpu|do_eval|do_train|evaluate", re.IGNORECASE)
"""Conditions under which metrics are computed where a script evaluates on a usual machine."""
LANGUAGE_MODELS = re.compile(r"\w*(?:For(?:Causal|Masked)LM|LMHead\w*|ForPreTraining)")
"""Classes of models of which the loss says more than how many tokens are right."""
OF_TOKENS = {"accuracy", "perplexity"}
OF_LISTS = "average"
"""The argument of a metric that computes one value of each class where it is None."""


def computed_scores(tree: ast.Module, trainers: Iterable[ast.Call], values: GivenValues) -> list[str]:
    """Return the keys that `compute_metrics` of each of these Trainers returns; [] if that is unknown."""
    functions = [keyword_argument(call, "compute_metrics") for call in trainers]
    tables = [_Functions(tree, values).returned_by(node) for node in functions]
    keys = _in_all(tables) or []
    is_of_language = any(LANGUAGE_MODELS.fullmatch(node.id) for node in nodes_of(tree, ast.Name))
    return [] if is_of_language and OF_TOKENS.issuperset(keys) else keys


class _Functions:
    """Follows functions and variables to the keys of their tables; None stands for what cannot be known."""

    def __init__(self, tree: ast.Module, values: GivenValues) -> None:
        self._values = values
        self._functions: dict[str, list[ast.FunctionDef]] = {}
        for node in nodes_of(tree, ast.FunctionDef):
            self._functions.setdefault(node.name, []).append(node)
        self._around = {id(inner): node for node in nodes_of(tree, ast.FunctionDef) for inner in _own_nodes(node)}
        self._tree = tree

    def returned_by(self, node: ast.expr | None, depth: int = 0) -> list[str] | None:
        """Return the keys of what a function returns, which an expression stands for."""
        if node is None or depth > MAX_DEPTH:
            return None
        match node:
            case ast.Lambda(body=body):
                return self._keys(body, self._tree, depth + 1)
            case ast.IfExp(test=test, body=body, orelse=other):
                holds = self._values.holds(_without_machine(test))
                return None if holds is None else self.returned_by(body if holds else other, depth + 1)
            case ast.Call(func=func, args=[first, *_]) if dotted_name(func).rpartition(".")[2] == "partial":
                return self.returned_by(first, depth + 1)
            case ast.Call(func=ast.Name(id=name)):  # a function that makes one
                made = [value for function in self._functions.get(name, []) for value in _returned(function)]
                return _in_all([self.returned_by(value, depth + 1) for value in made])
            case ast.Name(id=name) if name not in self._functions:
                assigned = self._assigned(name, self._tree)
                return self.returned_by(assigned[0], depth + 1) if len(assigned) == 1 else None
        functions = self._functions.get(dotted_name(node).rpartition(".")[2], [])
        return _in_all([self._keys(value, f, depth + 1) for f in functions for value in _returned(f)])

    def _keys(self, node: ast.expr, scope: ast.AST, depth: int) -> list[str] | None:
        """Return the keys that a table surely has; those that a condition adds are left out."""
        if depth > MAX_DEPTH:
            return None
        match node:
            case ast.Dict(keys=keys, values=parts):
                return self._of_literal(keys, parts, scope, depth)
            case ast.DictComp(key=ast.Name(id=name), generators=[loop]) if name in _first_target(loop):
                return self._keys(_gone_through(loop.iter), scope, depth + 1)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                parts_of = [self._keys(part, scope, depth + 1) for part in (left, right)]
                return [key for keys in parts_of for key in keys or []]
            case ast.Name(id=name):
                return self._of_variable(name, scope, depth)
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=words):
                return [word.arg for word in words if word.arg]
            case ast.Call(func=ast.Attribute(value=metric, attr="compute")):
                if (of_class := keyword_argument(node, OF_LISTS)) is not None and literal_value(of_class) is None:
                    return None
                return self._computed(metric, scope, depth)
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                return self.returned_by(node.func, depth + 1)
        return None

    def _of_literal(self, keys: list[ast.expr | None], parts: list[ast.expr], scope: ast.AST, depth: int) -> list[str]:
        known: list[str] = []
        for key, part in zip(keys, parts, strict=True):
            if key is None:
                known += self._keys(part, scope, depth + 1) or []
            elif isinstance(text := literal_value(key), str) and not isinstance(part, ast.List | ast.Dict):
                known.append(text)
        return known

    def _of_variable(self, name: str, scope: ast.AST, depth: int) -> list[str] | None:
        """Return the keys of a table in a variable, without those that a condition adds."""
        lines = getattr(scope, "body", [])
        values = self._assigned(name, scope)
        in_turn = [line.value for line in lines if isinstance(line, ast.Assign) and line.value in values]
        known: list[str] | None = None
        if len(in_turn) < len(values):  # in branches
            known = _in_all([self._keys(v, scope, depth + 1) for v in values if not isinstance(v, ast.DictComp)])
        for value in in_turn if known is None else ():
            is_same = isinstance(value, ast.DictComp) and dotted_name(_gone_through(value.generators[0].iter)) == name
            known = known if is_same else self._keys(value, scope, depth + 1)
        added = [_entry(line, name) for line in lines]
        return None if known is None else [*known, *(key for key in added if key)]

    def _computed(self, metric: ast.expr, scope: ast.AST, depth: int) -> list[str] | None:
        """Return the keys of what a metric of the library evaluate computes."""
        made = [metric] if isinstance(metric, ast.Call) else self._assigned(dotted_name(metric), scope)
        loads = [with_values(value, self._values) if isinstance(value, ast.Call) else None for value in made]
        computed = [computed_by_evaluate(load) if load is not None and is_known(load) else None for load in loads]
        tables = [self._of_literal(t.keys, t.values, scope, depth) if t is not None else None for t in computed]
        return _in_all(tables)

    def _assigned(self, name: str, scope: ast.AST) -> list[ast.expr]:
        """Return what is assigned to a variable in a function, else around it."""
        while True:
            nodes = list(_own_nodes(scope))
            arguments = scope.args if isinstance(scope, ast.FunctionDef) else None
            if arguments is not None and name in [a.arg for a in (*arguments.args, *arguments.kwonlyargs)]:
                return []
            assigned = [
                node.value
                for node in nodes
                if isinstance(node, ast.Assign) and any(dotted_name(target) == name for target in node.targets)
            ]
            if assigned or scope is self._tree:
                return assigned
            scope = self._around.get(id(scope), self._tree)


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function or module, but for what is inside its own functions."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def _returned(function: ast.FunctionDef) -> list[ast.expr]:
    return [node.value for node in _own_nodes(function) if isinstance(node, ast.Return) and node.value is not None]


def _in_all(tables: list[list[str] | None]) -> list[str] | None:
    """Return the keys that all tables have, in the order of the first; None if one is not known."""
    known = [keys for keys in tables if keys is not None]
    if not known or len(known) < len(tables):
        return None
    return [key for key in dict.fromkeys(known[0]) if all(key in keys for keys in known)]


def _without_machine(test: ast.expr) -> ast.expr:
    """Return a condition without its parts that hold where a script evaluates on a usual machine."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    kept = [part for part in parts if not IS_ON.search(ast.unparse(part))]
    return ast.BoolOp(ast.And(), kept) if len(kept) > 1 else kept[0] if kept else ast.Constant(True)


def _first_target(loop: ast.comprehension) -> str:
    target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
    return dotted_name(target)


def _gone_through(node: ast.expr) -> ast.expr:
    """Return the table of `table.items()`."""
    match node:
        case ast.Call(func=ast.Attribute(value=table, attr="items" | "keys")):
            return table
    return node


def _entry(line: ast.stmt, name: str) -> str:
    """Return the key that a line puts into a table; '' for any other line."""
    match line:
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=table), slice=ast.Constant(value=str() as key))]):
            return key if table == name else ""
    return ""
