"""How many digits a column of a report shows, and the numbers as it prints them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from hptui.core.dataclass import dataclass
from hptui.core.format import duration, number

PRINTED_NUMBER = re.compile(r"[~]?([−-]?\d[\d,]*(?:\.\d+)?)(?![\d.e])")
"""A number at the beginning of a text, as reports print them."""
PRINTED_EXPONENT = re.compile(r"-?\d(?:\.\d+)?e[-+]?\d+")
"""A number with an exponent."""
USUAL_DIGITS = 4
"""Significant digits of a number with an exponent, unless values differ in later ones only."""
PRINTED_PERCENTAGE = re.compile(r"[−-]?[\d,.]+ ?%")
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
    smallest = max(min(_gaps(finite), default=size), standard_error or 0.0)
    whole = math.floor(math.log10(size)) + 1
    decimals = -math.floor(math.log10(smallest))
    if all(value == int(value) and abs(value) < 1e6 for value in finite):
        return 0
    return max(0, min(max(decimals + whole, MIN_DIGITS), MAX_DIGITS) - whole)


def _gaps(finite: Sequence[float]) -> list[float]:
    """Return the differences between neighbours, without those of rounding."""
    ordered = sorted(set(finite))
    return [high - low for low, high in pairwise(ordered) if high - low > 1e-9 * max(abs(low), abs(high))]


def exponent_digits(values: Sequence[float]) -> int:
    """Return the digits of numbers with an exponent, up to six: the smallest difference has one."""
    finite = [value for value in values if math.isfinite(value)]
    size, smallest = max(map(abs, finite), default=0.0), min(_gaps(finite), default=0.0)
    if not size or not smallest:
        return USUAL_DIGITS
    return max(USUAL_DIGITS, min(math.floor(math.log10(size)) - math.floor(math.log10(smallest)) + 1, MAX_DIGITS))


def fixed_text(value: float, decimals: int) -> str:
    """Return a number with these digits behind the point; one far from the others in its own."""
    if value and not 10.0 ** (2 - MIN_DIGITS) * 10.0**-decimals <= abs(value) < 1e7:
        text = f"{value:.{MIN_DIGITS}g}"
        return f"{value:.{MIN_DIGITS - 1}e}" if "e" in text else text  # zeros at its end are measured ones
    return f"{value:,.{decimals}f}" if abs(value) >= 1e4 else f"{value:.{decimals}f}"


@dataclass(frozen=True, slots=True)
class Digits:
    """The digits of all values of a column: behind the point, or significant ones of numbers with an exponent."""

    decimals: int | None
    exponent: int
    is_whole: bool = False
    """All values are whole numbers: a mean or bound of them is not, and has the usual digits."""

    def text(self, value: float) -> str:
        """Return a number in these digits; '' where the usual ones do."""
        if self.is_whole and value != int(value):
            return number(value)
        if self.decimals is not None:
            return fixed_text(value, self.decimals)
        return f"{value:.{self.exponent - 1}e}" if self.exponent > USUAL_DIGITS and "e" in number(value) else ""


def without_zeros(text: str) -> str:
    """Return a number with an exponent without zeros at the end of its digits: `9e+10` for `9.000e+10`."""
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}" if mark and "." in mantissa else text


def digits_of(values: Sequence[float], standard_error: float | None = None) -> Digits:
    """Return the digits of a column's values, the first of which is the best."""
    decimals = column_decimals(values, standard_error)
    is_whole = decimals == 0 and all(value == int(value) for value in values if math.isfinite(value))
    return Digits(decimals, exponent_digits(values), is_whole)


def printed_decimal(text: str) -> Decimal | None:
    """Return the number at the beginning of a text, also one with an exponent; None for no number."""
    word = text.split(" ")[0].replace("−", "-")
    return Decimal(word) if PRINTED_EXPONENT.fullmatch(word) else printed_number(text)


def change_text(before: str, after: str, exact: float) -> str:
    """Return the signed change between two numbers as they are printed; else of `exact`."""
    sign = "−" if exact < 0 else "+"
    first, second = printed_decimal(before), printed_decimal(after)
    if first is None or second is None:
        return sign + number(float(f"{abs(exact):.3g}"))
    unit = after.split(" ", 1)[1] if " " in after and not after.endswith(")") else ""
    text = f"{abs(second - first):{',' if abs(second - first) >= 10_000 else ''}f}"
    if printed_number(before) is None or printed_number(after) is None:
        digits = len((second - first).normalize().as_tuple().digits)
        text = f"{abs(float(second - first)):.{digits}g}"
    return in_points(f"{sign}{text} {unit}".rstrip())


def in_points(text: str) -> str:
    """Return a difference of percentages in points: `7.5 %` reads as a share of the old value."""
    bare = text.removesuffix("%").rstrip()
    return text if bare == text else f"{bare} point{'' if Decimal(bare.lstrip('+−').replace(',', '')) == 1 else 's'}"


def duration_change(before: str, after: str, exact: float) -> str:
    """Return the signed change between two durations: of seconds that of the numbers as they stand there."""
    printed = [printed_number(text) for text in (before, after) if text.endswith(" s")]
    first, second = printed if len(printed) == 2 else (None, None)
    size = abs(exact) if first is None or second is None else float(abs(second - first))
    return ("−" if exact < 0 else "+") + duration(size).removeprefix("~")
