"""The one safe language of constraints, `expr`, `when` and filters: arithmetic and comparisons over named values.

A text is parsed once by `ast.parse`, checked node by node against a whitelist, and turned into closures; nothing is
ever passed to `eval` or `compile`. There are no attributes, subscripts, lambdas, f-strings or keyword arguments, and
calls only of the functions in `arithmetic.FUNCTIONS`. `true` and `false` are read as in TOML. Lists and tuples are
the same thing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hptui.model.arithmetic import (
    COMPARISONS,
    FAULTS,
    FUNCTIONS,
    OPERATORS,
    Missing,
    bounded,
    negative,
    positive,
    shown,
)
from hptui.model.errors import ExpressionError, did_you_mean
from hptui.model.margins import Margin, joined, link
from hptui.model.syntax import tree_of
from hptui.model.trial import Value

MAX_DEPTH = 20

Env = Mapping[str, Any]
Run = Callable[[Env], Any]


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed text; made by `parse`. Two are equal when their texts are."""

    text: str
    names: frozenset[str] = field(compare=False, repr=False)
    condition: bool = field(compare=False, repr=False)
    """Whether it reads as a condition: a comparison, and/or/not, a name. `model_dim % num_heads` does not."""
    _value: Run = field(compare=False, repr=False)
    _margin: Margin = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[Callable[[str], Expression], tuple[str]]:
        return parse, (self.text,)

    def evaluate(self, env: Mapping[str, Value]) -> Value:
        """Its value where names have the values in `env`."""
        try:
            result: Value = self._value(env)
        except FAULTS as fault:
            raise self._error(fault, env) from None
        return result

    def holds(self, env: Mapping[str, Value]) -> bool:
        """Whether it is true in `env`."""
        return bool(self.evaluate(env))

    def margin(self, env: Mapping[str, Value]) -> float:
        """As a constraint: <= 0 where it holds, else by how much it is missed.

        Where it cannot be computed (a division by zero, the log of 0) it is missed by 1.
        """
        try:
            return self._margin(env)
        except (ArithmeticError, ValueError):
            return 1.0
        except FAULTS as fault:
            raise self._error(fault, env) from None

    def _error(self, fault: Exception, env: Env) -> ExpressionError:
        if isinstance(fault, Missing):
            return ExpressionError(f"{self.text!r}: no value for {str(fault)!r}", hint=did_you_mean(str(fault), env))
        values = ", ".join(f"{name}={shown(env[name])}" for name in sorted(self.names) if name in env)
        return ExpressionError(f"{self.text!r}: {fault}{f', with {values}' if values else ''}")


def parse(text: str, known: Collection[str] | None = None) -> Expression:
    """Check a text and make it ready to evaluate; with `known`, every name in it must be one of those."""
    if not isinstance(text, str):
        raise ExpressionError(f"an expression is a text, got {text!r}")
    expression = _parse(text.strip())
    for name in sorted(expression.names - set(known)) if known is not None else ():
        raise ExpressionError(f"{expression.text!r}: unknown name {name!r}", hint=did_you_mean(name, known or ()))
    return expression


@lru_cache(maxsize=512)
def _parse(text: str) -> Expression:
    builder = _Builder(text, tree_of(text))
    try:
        run, margin = builder.value(builder.tree), builder.margin(builder.tree)
    except FAULTS as fault:  # raised by a constant part, such as 9 ** 9 ** 9
        raise ExpressionError(f"{text!r}: {fault}") from None
    return Expression(text, frozenset(builder.names), _is_condition(builder.tree), run, margin)


def _is_condition(tree: ast.expr) -> bool:
    if isinstance(tree, ast.UnaryOp):
        return isinstance(tree.op, ast.Not)
    return isinstance(tree, ast.Compare | ast.BoolOp | ast.IfExp | ast.Name)


_INSTEAD: dict[type[ast.AST], str] = {
    ast.BitXor: "a power is written **",
    ast.BitAnd: "'and' is written for &",
    ast.BitOr: "'or' is written for |",
    ast.Is: "== is written for 'is'",
    ast.IsNot: "!= is written for 'is not'",
}
_BOOLEANS = {"true": True, "false": False}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: negative,
    ast.UAdd: positive,
    ast.Not: lambda value: not value,
}


class _Builder:
    """Turns checked nodes into closures over the environment. Parts without names are computed here, once."""

    def __init__(self, text: str, tree: ast.expr) -> None:
        self.text, self.tree, self.source = text, tree, text.encode()
        self.names: set[str] = set()
        self.mentions = 0
        self.depth = 0

    def value(self, node: ast.expr) -> Run:
        """The closure that computes a node."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"{self.text!r}: nested more than {MAX_DEPTH} deep")
        run = self._value(node)
        self.depth -= 1
        return run

    def _value(self, node: ast.expr) -> Run:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as constant):
                bounded(constant)
                return lambda env: constant
            case ast.Name():
                return self._name(node)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                parts = self._values(items)
                return lambda env: [part(env) for part in parts]
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return self._apply(_UNARY[type(op)], [operand])
            case ast.BinOp(op=op, left=left, right=right) if type(op) in OPERATORS:
                return self._apply(OPERATORS[type(op)], [left, right])
            case ast.Call(func=ast.Name() as func, args=items, keywords=[]):
                return self._call(func, items)
            case ast.Compare():
                return self._compare(node)
            case ast.BoolOp(op=op, values=items):
                return _boolean(self._values(items), isinstance(op, ast.And))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                choose, yes, no = self._values([test, body, orelse])
                return lambda env: yes(env) if choose(env) else no(env)
        raise self._refused(node)

    def _values(self, nodes: list[ast.expr]) -> list[Run]:
        return [self.value(node) for node in nodes]

    def _spelled(self, node: ast.Name) -> str:
        # Python folds look-alikes (`ｌｏｇ`, `𝐥𝐨𝐠`) into ASCII names; the source itself must be ASCII there.
        if not self.source[node.col_offset : node.end_col_offset].isascii():
            raise ExpressionError(f"{self.text!r}: names are ASCII letters, digits and _")
        if node.id.startswith("__"):
            raise ExpressionError(f"{self.text!r}: {node.id!r} cannot be named here")
        return node.id

    def _name(self, node: ast.Name) -> Run:
        name = self._spelled(node)
        if name in _BOOLEANS:
            constant = _BOOLEANS[name]
            return lambda env: constant
        self.names.add(name)
        self.mentions += 1

        def run(env: Env) -> Any:
            try:
                return env[name]
            except KeyError:
                raise Missing(name) from None

        return run

    def _call(self, func: ast.Name, items: list[ast.expr]) -> Run:
        name = self._spelled(func)
        if name not in FUNCTIONS:
            raise ExpressionError(f"{self.text!r}: no function {name!r}", hint=did_you_mean(name, FUNCTIONS))
        act = FUNCTIONS[name]
        return self._apply(lambda *values: bounded(act(*values), *values), items)

    def _apply(self, act: Callable[..., Any], items: list[ast.expr]) -> Run:
        before = self.mentions
        parts = self._values(items)
        run: Run
        if len(parts) == 2:
            one, two = parts
            run = lambda env: act(one(env), two(env))
        else:
            run = lambda env: act(*[part(env) for part in parts])
        if self.mentions > before:
            return run
        constant = run({})
        return lambda env: constant

    def _compare(self, node: ast.Compare) -> Run:
        acts = [COMPARISONS[kind] for kind in self._kinds(node)]
        first, *rest = self._values([node.left, *node.comparators])

        def run(env: Env) -> bool:
            left = first(env)
            for act, part in zip(acts, rest, strict=True):
                right = part(env)
                if not act(left, right):
                    return False
                left = right
            return True

        return run

    def _kinds(self, node: ast.Compare) -> list[type[ast.cmpop]]:
        for op in node.ops:
            if type(op) not in COMPARISONS:
                raise self._refused(op)
        return [type(op) for op in node.ops]

    def margin(self, node: ast.expr) -> Margin:
        """The closure that says by how much a node is missed as a constraint."""
        match node:
            case ast.BoolOp(op=op, values=items):
                return joined([self.margin(item) for item in items], isinstance(op, ast.And))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                choose, yes, no = self.value(test), self.margin(body), self.margin(orelse)
                return lambda env: yes(env) if choose(env) else no(env)
            case ast.Compare():
                return self._missed(node)
        run = self.value(node)
        return lambda env: 0.0 if run(env) else 1.0

    def _missed(self, node: ast.Compare) -> Margin:
        parts = self._values([node.left, *node.comparators])
        links = [link(kind, one, two) for kind, one, two in zip(self._kinds(node), parts, parts[1:], strict=False)]
        return links[0] if len(links) == 1 else joined(links, True)

    def _refused(self, node: ast.AST) -> ExpressionError:
        inner: ast.AST = node.op if isinstance(node, ast.BinOp | ast.UnaryOp) else node
        part = ast.get_source_segment(self.text, node) if isinstance(node, ast.expr) else None
        what = f"{part!r} is not in the language" if part else f"{type(node).__name__} is not in the language"
        return ExpressionError(f"{self.text!r}: {what}", hint=_INSTEAD.get(type(inner), ""))


def _boolean(parts: list[Run], every: bool) -> Run:
    """`and` (every) or `or`, as in Python: the value that decided."""

    def run(env: Env) -> Any:
        result: Any = every
        for part in parts:
            result = part(env)
            if bool(result) is not every:
                break
        return result

    return run
