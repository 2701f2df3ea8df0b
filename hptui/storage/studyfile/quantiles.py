"""Distributions without bounds as parameters: `normal(0, 1)` is searched as a list of equally likely values.

Every engine can search an ordered list. The outermost values are the quantiles of 0.25 % and 99.75 %.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from hptui.model.errors import StudyError, did_you_mean
from hptui.model.trial import Value
from hptui.storage.studyfile.values import show

if TYPE_CHECKING:
    from collections.abc import Callable

QUANTILE_COUNT = 200
"""Number of values of a distribution; they are its quantiles at (i + 0.5) / COUNT."""

DISTRIBUTION_PATTERN = re.compile(r"\s*(\w+)\s*\(\s*([^,()]+?)\s*,\s*([^,()]+?)\s*\)\s*")
"""Pattern of a distribution with two parameters."""
DISTRIBUTION_KINDS = ("normal", "log_normal", "beta")
"""Names of the distributions."""


def distribution_levels(text: str, step: float | None, where: str) -> tuple[tuple[Value, ...], tuple[float, ...]]:
    """Return values and weights of `normal(mean, sd)`, `log_normal(mean, sd)` or `beta(a, b)`.

    With `step`, values are rounded to its multiples, which get the weight of all values that round to them; without,
    the weights are empty: all values are equally likely.
    """
    quantile = _quantile(text, where)
    values = [float(quantile((index + 0.5) / QUANTILE_COUNT)) for index in range(QUANTILE_COUNT)]
    if not all(map(math.isfinite, values)):
        raise StudyError(f"reaches beyond what numbers can say: {text!r}", where=where, value=text)
    if step is None:
        return tuple(dict.fromkeys(_six_digits(value) for value in values)), ()
    if step <= 0:
        raise StudyError(f"must be more than 0, got {show(step)}", where=f"{where}.step", value=step)
    counts = Counter(_rounded(value, step) for value in values)
    return tuple(counts), tuple(float(count) for count in counts.values())


def _quantile(text: str, where: str) -> Callable[[float], Any]:
    match = DISTRIBUTION_PATTERN.fullmatch(text)
    hint = "for instance normal(0, 1), log_normal(-7, 1) or beta(2, 5)"
    if match is None:
        raise StudyError(f"is no distribution: {text!r}", where=where, value=text, hint=hint)
    kind, *raw = match.groups()
    if kind not in DISTRIBUTION_KINDS:
        raise StudyError(
            f"unknown distribution {kind!r}", where=where, value=text, hint=did_you_mean(kind, DISTRIBUTION_KINDS)
        )
    try:
        first, second = (float(part) for part in raw)
    except ValueError:
        raise StudyError(f"needs two numbers, got {text!r}", where=where, value=text, hint=hint) from None
    if not (math.isfinite(first) and math.isfinite(second)) or second <= 0 or (kind == "beta" and first <= 0):
        which = "both parameters" if kind == "beta" else "the second parameter"
        raise StudyError(f"{which} must be more than 0, got {text!r}", where=where, value=text, hint=hint)
    from scipy import stats

    if kind == "beta":
        return lambda share: stats.beta.ppf(share, first, second)
    transform = math.exp if kind == "log_normal" else float
    return lambda share: _transformed(transform, stats.norm.ppf(share, first, second))


def _transformed(transform: Callable[[float], float], value: Any) -> float:
    try:
        return transform(float(value))
    except OverflowError:
        return math.inf


def _six_digits(value: float) -> float:
    """Return the value with six digits: readable, and precise enough for a quantile."""
    return float(f"{value:.6g}")


def _rounded(value: float, step: float) -> Value:
    multiple = round(value / step) * step
    return int(multiple) if float(step).is_integer() else float(f"{multiple:.12g}")
