"""Operators, functions and margins of the expression language, each bounded in time and memory.

Operators raise TypeError, ValueError or ArithmeticError; `expressions` turns those into an ExpressionError. The margin
of a constraint is <= 0 exactly if it holds: for `lhs <= rhs` it is log(lhs / rhs) if both are positive, else lhs - rhs;
for `and` the largest of its parts, for `or` the smallest."""

from __future__ import annotations

import ast
import math
import operator
import reprlib
from collections.abc import Callable, Mapping
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


Margin = Callable[[Mapping[str, Any]], float]
Operand = Callable[[Mapping[str, Any]], Any]

MIN_VIOLATION = 1e-9
"""Smallest margin of a violated constraint: a strict one at a tie, or one that rounding hides."""

_SMALLER_SIDE_LEFT = (ast.Lt, ast.LtE)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def margin_of(kind: type[ast.cmpop], a: Any, b: Any) -> float:
    """Return the margin of a comparison of two values: <= 0 exactly if it holds.

    Comparisons that have no distance (==, in, texts) give 0 or 1.
    """
    holds = bool(COMPARISONS[kind](a, b))
    if kind in _ORDER and isinstance(a, int | float) and isinstance(b, int | float):
        small, large = (a, b) if kind in _SMALLER_SIDE_LEFT else (b, a)
        distance = _distance(small, large)
        if math.isfinite(distance):
            return min(0.0, distance) if holds else max(MIN_VIOLATION, distance)
    return 0.0 if holds else 1.0


def _distance(small: float, large: float) -> float:
    try:
        return math.log(small) - math.log(large) if small > 0 and large > 0 else float(small - large)
    except OverflowError:
        return math.nan


def comparison_margin(kind: type[ast.cmpop], left: Operand, right: Operand) -> Margin:
    """Return the margin of one comparison, given closures that compute its sides."""
    return lambda env: margin_of(kind, left(env), right(env))


def joint_margin(parts: list[Margin], every: bool) -> Margin:
    """Return the margin of `and` (if `every`: the largest of its parts) or `or` (the smallest).

    A part that cannot be computed is ignored if an earlier one has decided: `n > 0 and 10 / n <= 5` guards its own
    division.
    """

    def run(env: Mapping[str, Any]) -> float:
        margins: list[float] = []
        for part in parts:
            try:
                margins.append(part(env))
            except EVALUATION_ERRORS:
                if not any((margin > 0) is every for margin in margins):
                    raise
        return max(margins) if every else min(margins)

    return run
