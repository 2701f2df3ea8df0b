"""Constraints as numbers: the margin by which a condition is violated, <= 0 exactly if it holds.

The margin of `lhs <= rhs` is log(lhs / rhs) if both sides are positive, else lhs - rhs; that of `and` is the largest of
its parts, of `or` the smallest. Engines learn from it how far a configuration is from being feasible.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

from hptui.model.arithmetic import COMPARISONS, EVALUATION_ERRORS

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
