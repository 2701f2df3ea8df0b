"""Constraints as numbers: by how much a condition is missed, <= 0 exactly where it holds.

`lhs <= rhs` is missed by log(lhs / rhs) where both sides are positive, else by lhs - rhs; `and` by its worst part, `or`
by its best. Engines learn from this number how far away the border is.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from typing import Any

from hptui.model.arithmetic import COMPARISONS, FAULTS

Margin = Callable[[Mapping[str, Any]], float]
Side = Callable[[Mapping[str, Any]], Any]

TIE = 1e-9
"""What a constraint is missed by at least: a strict one at a tie, or one that rounding hides."""

_SMALLER_LEFT = (ast.Lt, ast.LtE)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def miss(kind: type[ast.cmpop], a: Any, b: Any) -> float:
    """By how much a comparison is missed: <= 0 exactly when it holds. A ratio's log where both sides are positive."""
    holds = bool(COMPARISONS[kind](a, b))
    if kind in _ORDER and isinstance(a, int | float) and isinstance(b, int | float):
        small, large = (a, b) if kind in _SMALLER_LEFT else (b, a)
        raw = _distance(small, large)
        if math.isfinite(raw):
            return min(0.0, raw) if holds else max(TIE, raw)
    return 0.0 if holds else 1.0


def _distance(small: float, large: float) -> float:
    try:
        return math.log(small) - math.log(large) if small > 0 and large > 0 else float(small - large)
    except OverflowError:
        return math.nan


def link(kind: type[ast.cmpop], one: Side, two: Side) -> Margin:
    """The margin of one comparison of two computed sides."""
    return lambda env: miss(kind, one(env), two(env))


def joined(parts: list[Margin], every: bool) -> Margin:
    """The worst part of an `and`, the best of an `or`.

    Once one has decided, a part that cannot be computed is left out: `n > 0 and 10 / n <= 5` guards its own division.
    """

    def run(env: Mapping[str, Any]) -> float:
        found: list[float] = []
        for part in parts:
            try:
                found.append(part(env))
            except FAULTS:
                if not any((one > 0) is every for one in found):
                    raise
        return max(found) if every else min(found)

    return run
