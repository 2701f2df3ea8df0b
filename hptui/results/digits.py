"""How many digits a column of a report shows, and the numbers as it prints them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

PRINTED_NUMBER = re.compile(r"[~]?([−-]?\d[\d,]*(?:\.\d+)?)(?![\d.e])")
"""A number at the beginning of a text, as reports print them."""
PRINTED_PERCENTAGE = re.compile(r"[−-]?[\d,.]+%")
"""A percentage at the beginning of a text."""


def printed_number(text: str) -> Decimal | None:
    """Return the number at the beginning of a text; None for one in scientific notation, or none."""
    match = PRINTED_NUMBER.match(text)
    return Decimal(match[1].replace("−", "-").replace(",", "")) if match else None


MIN_DIGITS, MAX_DIGITS = 3, 6
"""Significant digits of the best value of a column."""


def column_decimals(values: Sequence[float], standard_error: float | None = None) -> int | None:
    """Return the digits behind the point for all values of a column, the first of which is the best.

    The smallest difference between neighbours, or the standard error if that is larger, has one digit left.
    """
    finite = [value for value in values if math.isfinite(value)]
    size = abs(next((value for value in finite if value), 0.0))
    if not size or not 1e-4 <= size < 1e6:
        return None
    ordered = sorted(set(finite))
    gaps = [high - low for low, high in pairwise(ordered) if high - low > 1e-9 * max(abs(low), abs(high))]
    smallest = max(min(gaps, default=size), standard_error or 0.0)
    whole = math.floor(math.log10(size)) + 1
    decimals = -math.floor(math.log10(smallest))
    if all(value == int(value) and abs(value) < 1e6 for value in finite):
        return 0
    return max(0, min(max(decimals + whole, MIN_DIGITS), MAX_DIGITS) - whole)


def fixed_text(value: float, decimals: int) -> str:
    """Return a number with these digits behind the point; one far from the others in its own."""
    if value and not 10.0 ** (2 - MIN_DIGITS) * 10.0**-decimals <= abs(value) < 1e7:
        return f"{value:.{MIN_DIGITS}g}"
    return f"{value:,.{decimals}f}" if abs(value) >= 1e4 else f"{value:.{decimals}f}"
