"""Operators and functions of the expression language, each bounded in time and memory.

Operators take numbers (two texts for `+`, a text and a count for `*`) and raise TypeError, ValueError or
ArithmeticError; `expressions` turns those into an ExpressionError. No attribute is looked up and no user code runs.
"""

from __future__ import annotations

import ast
import math
import operator
import reprlib
from collections.abc import Callable
from typing import Any

MAX_BITS = 1000
"""Bound of whole numbers, in bits: below 2 ** 1000 each also fits a float."""

MAX_TEXT_LENGTH = 1000
"""Bound of the length of `text * count`, in characters."""

MAX_ROUND_DIGITS = 20
"""Bound of |n| in `round(x, n)`: for a whole x, Python computes 10 ** -n."""


class MissingName(LookupError):
    """Raised during evaluation for a name that the environment lacks; its text is the name."""


EVALUATION_ERRORS = (TypeError, ValueError, ArithmeticError, MissingName)
"""Exceptions that an evaluation may raise internally; callers of `Expression` get an ExpressionError."""


def check_bounded(result: Any, *operands: Any) -> Any:
    """Return the result, or raise if it is too large, complex, or newly infinite or NaN.

    NaN and infinities pass if an operand already was one.
    """
    if isinstance(result, int):
        if result.bit_length() > MAX_BITS:
            raise OverflowError("the result is too large")
    elif isinstance(result, complex):
        raise ValueError("the result is not a real number")
    elif _is_nonfinite(result) and not any(_is_nonfinite(operand) for operand in operands):
        raise OverflowError("the result is not finite")
    return result


def _is_nonfinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def short_repr(value: object) -> str:
    """Return a value's repr for an error message, shortened."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python refuses to convert an int of more than 4300 digits
        return "a number too long to write"


def _require_numbers(symbol: str, *operands: Any) -> None:
    for operand in operands:
        if not isinstance(operand, int | float):
            raise TypeError(f"{symbol} needs numbers, got {short_repr(operand)}")


def _numeric_operator(symbol: str, compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(a: Any, b: Any) -> Any:
        _require_numbers(symbol, a, b)
        return check_bounded(compute(a, b), a, b)

    return run


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, str) and isinstance(b, str):
        return a + b
    _require_numbers("+", a, b)
    return check_bounded(a + b, a, b)


def _multiply(a: Any, b: Any) -> Any:
    text, count = (b, a) if isinstance(b, str) else (a, b)
    if isinstance(text, str) and isinstance(count, int):
        if len(text) * count > MAX_TEXT_LENGTH:
            raise OverflowError("the text is too long")
        return text * count
    _require_numbers("*", a, b)
    return check_bounded(a * b, a, b)


def _power(a: Any, b: Any) -> Any:
    _require_numbers("**", a, b)
    both_whole = isinstance(a, int) and isinstance(b, int)
    # Compare a lower bound of the result's bits before computing: 9 ** 9 ** 9 alone would exhaust memory.
    if both_whole and (abs(a).bit_length() - 1) * b > MAX_BITS:
        raise OverflowError("the result is too large")
    return check_bounded(a**b, a, b)


def _round(value: Any, digits: Any = None) -> Any:
    _require_numbers("round", value)
    if digits is None:
        return round(value)
    if not isinstance(digits, int) or abs(digits) > MAX_ROUND_DIGITS:
        raise ValueError(f"round takes -{MAX_ROUND_DIGITS} to {MAX_ROUND_DIGITS} digits, got {short_repr(digits)}")
    return round(value, digits)


def _is_inside(value: Any, group: Any) -> bool:
    return value in group


def _is_outside(value: Any, group: Any) -> bool:
    return value not in group


Binary = Callable[[Any, Any], Any]

OPERATORS: dict[type[ast.operator], Binary] = {
    ast.Add: _add,
    ast.Sub: _numeric_operator("-", operator.sub),
    ast.Mult: _multiply,
    ast.Div: _numeric_operator("/", operator.truediv),
    ast.FloorDiv: _numeric_operator("//", operator.floordiv),
    ast.Mod: _numeric_operator("%", operator.mod),
    ast.Pow: _power,
}
"""Implementation of each binary operator, by syntax node."""

COMPARISONS: dict[type[ast.cmpop], Binary] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: _is_inside,
    ast.NotIn: _is_outside,
}
"""Implementation of each comparison, by syntax node."""

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
"""Functions that an expression may call, by name."""


def negate(value: Any) -> Any:
    """Return -value; raise TypeError unless it is a number."""
    _require_numbers("-", value)
    return -value


def positive(value: Any) -> Any:
    """Return +value; raise TypeError unless it is a number."""
    _require_numbers("+", value)
    return +value
