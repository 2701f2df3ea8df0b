"""The operators and functions of the expression language, each bounded in time and memory.

Every operator takes numbers (or two texts for `+`, a text and a count for `*`) and raises an ordinary TypeError,
ValueError or ArithmeticError; `expressions` turns those into the user's words. Nothing here looks up an attribute
or runs a user's code.
"""

from __future__ import annotations

import ast
import math
import operator
import reprlib
from collections.abc import Callable
from typing import Any

MAX_BITS = 1000
"""Whole numbers stay below 2 ** 1000, so that each also fits a float."""

MAX_TEXT = 1000
"""Characters that `text * count` may produce."""

MAX_DIGITS = 20
"""`round(x, n)` computes 10 ** -n for a whole x: n is bounded like an exponent."""


class Missing(LookupError):
    """A name without a value."""


FAULTS = (TypeError, ValueError, ArithmeticError, Missing)
"""What evaluating can raise inside; outside, it is an ExpressionError."""


def bounded(result: Any, *operands: Any) -> Any:
    """The result, unless it grew too large or stopped being a real number. NaN in may be NaN out."""
    if isinstance(result, int):
        if result.bit_length() > MAX_BITS:
            raise OverflowError("the result is too large")
    elif isinstance(result, complex):
        raise ValueError("the result is not a real number")
    elif _lost(result) and not any(_lost(one) for one in operands):
        raise OverflowError("the result is not finite")
    return result


def _lost(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def shown(value: object) -> str:
    """A value for an error message, shortened."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python writes no number of more than 4300 digits
        return "a number too long to write"


def _numbers(symbol: str, *operands: Any) -> None:
    for one in operands:
        if not isinstance(one, int | float):
            raise TypeError(f"{symbol} needs numbers, got {shown(one)}")


def _plain(symbol: str, act: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(a: Any, b: Any) -> Any:
        _numbers(symbol, a, b)
        return bounded(act(a, b), a, b)

    return run


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    _numbers("+", a, b)
    return bounded(a + b, a, b)


def _multiply(a: Any, b: Any) -> Any:
    text, count = (b, a) if isinstance(b, str) else (a, b)
    if isinstance(text, str) and isinstance(count, int):
        if len(text) * count > MAX_TEXT:
            raise OverflowError("the text is too long")
        return text * count
    _numbers("*", a, b)
    return bounded(a * b, a, b)


def _power(a: Any, b: Any) -> Any:
    _numbers("**", a, b)
    whole = isinstance(a, int) and isinstance(b, int)
    if whole and (abs(a).bit_length() - 1) * b > MAX_BITS:  # what it has at least; 9 ** 9 ** 9 must not even start
        raise OverflowError("the result is too large")
    return bounded(a**b, a, b)


def _round(value: Any, digits: Any = None) -> Any:
    _numbers("round", value)
    if digits is None:
        return round(value)
    if not isinstance(digits, int) or abs(digits) > MAX_DIGITS:
        raise ValueError(f"round takes -{MAX_DIGITS} to {MAX_DIGITS} digits, got {shown(digits)}")
    return round(value, digits)


def _within(value: Any, group: Any) -> bool:
    return value in group


def _not_within(value: Any, group: Any) -> bool:
    return value not in group


Binary = Callable[[Any, Any], Any]

OPERATORS: dict[type[ast.operator], Binary] = {
    ast.Add: _add,
    ast.Sub: _plain("-", operator.sub),
    ast.Mult: _multiply,
    ast.Div: _plain("/", operator.truediv),
    ast.FloorDiv: _plain("//", operator.floordiv),
    ast.Mod: _plain("%", operator.mod),
    ast.Pow: _power,
}

COMPARISONS: dict[type[ast.cmpop], Binary] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: _within,
    ast.NotIn: _not_within,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "round": _round,
    "log2": math.log2,
    "log10": math.log10,
    "log": math.log,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
    "int": int,
    "float": float,
    "len": len,
}


def negative(value: Any) -> Any:
    """Unary minus."""
    _numbers("-", value)
    return -value


def positive(value: Any) -> Any:
    """Unary plus."""
    _numbers("+", value)
    return +value
