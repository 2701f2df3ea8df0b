"""The safe expression language of constraints, `expr`, `when` and filters: arithmetic over named values.

A text is parsed by `ast.parse`, checked node by node against an allow-list, and turned into closures; nothing is passed
to `eval` or `compile`. There are no attributes, subscripts, lambdas, f-strings or keyword arguments, and calls only of
`operators.FUNCTIONS`. `true` and `false` are read as in TOML; lists and tuples are the same."""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from functools import lru_cache
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import ExpressionError, did_you_mean
from hptui.core.operators import (
    COMPARISONS,
    EVALUATION_ERRORS,
    FUNCTIONS,
    OPERATORS,
    Margin,
    MissingName,
    check_bounded,
    comparison_margin,
    joint_margin,
    negate,
    positive,
    short_repr,
)
from hptui.core.trial import Value

MAX_EXPRESSION_LENGTH = 500
"""Most characters of an expression."""

_SPELLINGS = {r"&&": "'and' is written for &&", r"\|\|": "'or' is written for ||", r"!(?!=)": "'not' is written for !"}
_SPELLINGS |= {r"(?<![<>=!])=(?!=)": "== is written for ="}
_WORDS = ("and", "or", "not", "in", "if", "else", "is", "True", "False")


def parse_tree(text: str) -> ast.expr:
    """Return the syntax tree of an expression, its nodes unchecked.

    Raises: ExpressionError.
    """
    if not text:
        raise ExpressionError("an expression is empty")
    if len(text) > MAX_EXPRESSION_LENGTH:
        raise ExpressionError(f"{text[:60]!r}…: {len(text)} characters, at most {MAX_EXPRESSION_LENGTH} are read")
    if not text.isprintable():  # refuses line breaks, tabs, invisible and right-to-left characters
        raise ExpressionError(f"{text!r}: an expression is one line of visible characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SyntaxWarning for '\d' or `1if x` would go to stderr
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"{text!r}: {error.msg}", hint=_syntax_hint(text)) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError(f"{text!r}: this cannot be read") from None


def _syntax_hint(text: str) -> str:
    """Return a hint at an operator of another language, or at a keyword that cannot be a name."""
    for pattern, hint in _SPELLINGS.items():
        if re.search(pattern, text):
            return hint
    words = [word for word in keyword.kwlist if word not in _WORDS and re.search(rf"\b{word}\b", text)]
    return f"{words[0]!r} cannot be a name in an expression" if words else ""


MAX_NESTING = 20
"""Bound of the nesting of an expression."""

Env = Mapping[str, Any]
Evaluator = Callable[[Env], Any]


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression, made by `parse`. Two are equal if their texts are."""

    text: str
    names: frozenset[str] = field(compare=False, repr=False)
    condition: bool = field(compare=False, repr=False)
    """Whether it has the form of a condition: a comparison, and/or/not, a name. `model_dim % num_heads` has not."""
    _value: Evaluator = field(compare=False, repr=False)
    _margin: Margin = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[Callable[[str], Expression], tuple[str]]:
        return parse, (self.text,)

    def evaluate(self, env: Mapping[str, Value]) -> Value:
        """Return the value of the expression for the values of names in `env`.

        Raises: ExpressionError for a missing name and for what cannot be computed.
        """
        try:
            result: Value = self._value(env)
        except EVALUATION_ERRORS as fault:
            raise self._error(fault, env) from None
        return result

    def holds(self, env: Mapping[str, Value]) -> bool:
        """Return whether the expression is true in `env`."""
        return bool(self.evaluate(env))

    def margin(self, env: Mapping[str, Value]) -> float:
        """Return by how much the expression, as a constraint, is violated: <= 0 if it holds.

        It is 1 if the expression cannot be computed (a division by zero, the log of 0).
        """
        try:
            return self._margin(env)
        except (ArithmeticError, ValueError):
            return 1.0  # imputed: the distance to feasibility is unknown
        except EVALUATION_ERRORS as fault:
            raise self._error(fault, env) from None

    def _error(self, fault: Exception, env: Env) -> ExpressionError:
        if isinstance(fault, MissingName):
            return ExpressionError(f"{self.text!r}: no value for {str(fault)!r}", hint=did_you_mean(str(fault), env))
        values = ", ".join(f"{name}={short_repr(env[name])}" for name in sorted(self.names) if name in env)
        return ExpressionError(f"{self.text!r}: {fault}{f', with {values}' if values else ''}")


def parse(text: str, known: Collection[str] | None = None) -> Expression:
    """Parse an expression; with `known`, each name in it must be one of those.

    Raises: ExpressionError.
    """
    if not isinstance(text, str):
        raise ExpressionError(f"an expression is a text, got {text!r}")
    expression = _parse(text.strip())
    for name in sorted(expression.names - set(known)) if known is not None else ():
        raise ExpressionError(f"{expression.text!r}: unknown name {name!r}", hint=did_you_mean(name, known or ()))
    return expression


@lru_cache(maxsize=512)
def _parse(text: str) -> Expression:
    builder = _Builder(text, parse_tree(text))
    try:
        run, margin = builder.value(builder.tree), builder.margin(builder.tree)
    except EVALUATION_ERRORS as fault:  # a part without names, such as 9 ** 9 ** 9, is computed already here
        raise ExpressionError(f"{text!r}: {fault}") from None
    return Expression(text, frozenset(builder.names), _is_condition(builder.tree), run, margin)


def _is_condition(tree: ast.expr) -> bool:
    if isinstance(tree, ast.UnaryOp):
        return isinstance(tree.op, ast.Not)
    return isinstance(tree, ast.Compare | ast.BoolOp | ast.IfExp | ast.Name)


_ALTERNATIVES: dict[type[ast.AST], str] = {
    ast.BitXor: "a power is written **",
    ast.BitAnd: "'and' is written for &",
    ast.BitOr: "'or' is written for |",
    ast.Is: "== is written for 'is'",
    ast.IsNot: "!= is written for 'is not'",
}
_BOOLEANS = {"true": True, "false": False}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: negate,
    ast.UAdd: positive,
    ast.Not: lambda value: not value,
}


class _Builder:
    """Turns checked syntax nodes into closures over the environment. Parts without names are computed once, here."""

    def __init__(self, text: str, tree: ast.expr) -> None:
        self.text, self.tree, self.source = text, tree, text.encode()
        self.names: set[str] = set()
        self.mentions = 0
        self.depth = 0

    def value(self, node: ast.expr) -> Evaluator:
        """Return the closure that computes a node."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise ExpressionError(f"{self.text!r}: nested more than {MAX_NESTING} deep")
        run = self._value(node)
        self.depth -= 1
        return run

    def _value(self, node: ast.expr) -> Evaluator:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as constant):
                check_bounded(constant)
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
        raise self._unsupported_node(node)

    def _values(self, nodes: list[ast.expr]) -> list[Evaluator]:
        return [self.value(node) for node in nodes]

    def _checked_name(self, node: ast.Name) -> str:
        # Python normalises look-alikes (`ｌｏｇ`, `𝐥𝐨𝐠`) to ASCII names, so the source text itself must be ASCII.
        if not self.source[node.col_offset : node.end_col_offset].isascii():
            raise ExpressionError(f"{self.text!r}: names are ASCII letters, digits and _")
        if node.id.startswith("__"):
            raise ExpressionError(f"{self.text!r}: {node.id!r} cannot be named here")
        return node.id

    def _name(self, node: ast.Name) -> Evaluator:
        name = self._checked_name(node)
        if name in _BOOLEANS:
            constant = _BOOLEANS[name]
            return lambda env: constant
        self.names.add(name)
        self.mentions += 1

        def run(env: Env) -> Any:
            try:
                return env[name]
            except KeyError:
                raise MissingName(name) from None

        return run

    def _call(self, func: ast.Name, items: list[ast.expr]) -> Evaluator:
        name = self._checked_name(func)
        if name not in FUNCTIONS:
            raise ExpressionError(f"{self.text!r}: no function {name!r}", hint=did_you_mean(name, FUNCTIONS))
        function = FUNCTIONS[name]
        return self._apply(lambda *values: check_bounded(function(*values), *values), items)

    def _apply(self, function: Callable[..., Any], items: list[ast.expr]) -> Evaluator:
        mentions_before = self.mentions
        parts = self._values(items)
        run: Evaluator
        if len(parts) == 2:
            first, second = parts
            run = lambda env: function(first(env), second(env))
        else:
            run = lambda env: function(*[part(env) for part in parts])
        if self.mentions > mentions_before:
            return run
        constant = run({})
        return lambda env: constant

    def _compare(self, node: ast.Compare) -> Evaluator:
        comparisons = [COMPARISONS[kind] for kind in self._kinds(node)]
        first, *others = self._values([node.left, *node.comparators])

        def run(env: Env) -> bool:
            left = first(env)
            for comparison, part in zip(comparisons, others, strict=True):
                right = part(env)
                if not comparison(left, right):
                    return False
                left = right
            return True

        return run

    def _kinds(self, node: ast.Compare) -> list[type[ast.cmpop]]:
        for op in node.ops:
            if type(op) not in COMPARISONS:
                raise self._unsupported_node(op)
        return [type(op) for op in node.ops]

    def margin(self, node: ast.expr) -> Margin:
        """Return the closure that computes by how much a node, as a constraint, is violated."""
        match node:
            case ast.BoolOp(op=op, values=items):
                return joint_margin([self.margin(item) for item in items], isinstance(op, ast.And))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                choose, yes, no = self.value(test), self.margin(body), self.margin(orelse)
                return lambda env: yes(env) if choose(env) else no(env)
            case ast.Compare():
                return self._comparison_margin(node)
        run = self.value(node)
        return lambda env: 0.0 if run(env) else 1.0

    def _comparison_margin(self, node: ast.Compare) -> Margin:
        parts = self._values([node.left, *node.comparators])
        links = [
            comparison_margin(kind, left, right)
            for kind, left, right in zip(self._kinds(node), parts, parts[1:], strict=False)
        ]
        return links[0] if len(links) == 1 else joint_margin(links, True)

    def _unsupported_node(self, node: ast.AST) -> ExpressionError:
        inner: ast.AST = node.op if isinstance(node, ast.BinOp | ast.UnaryOp) else node
        part = ast.get_source_segment(self.text, node) if isinstance(node, ast.expr) else None
        problem = f"{part!r} is not in the language" if part else f"{type(node).__name__} is not in the language"
        return ExpressionError(f"{self.text!r}: {problem}", hint=_ALTERNATIVES.get(type(inner), ""))


def _boolean(parts: list[Evaluator], every: bool) -> Evaluator:
    """Return a closure for `and` (if `every`) or `or`.

    As in Python, its value is the operand that decided.
    """

    def run(env: Env) -> Any:
        result: Any = every
        for part in parts:
            result = part(env)
            if bool(result) is not every:
                break
        return result

    return run
