"""Distributions without bounds as parameters: `normal(0, 1)` is searched as values that are equally likely under it.

Every engine knows how to search an ordered list. The outermost half per cent on either side is cut off.
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

COUNT = 200
"""So many values stand for a distribution; their places are (i + 0.5) / COUNT."""

FORM = re.compile(r"\s*(\w+)\s*\(\s*([^,()]+?)\s*,\s*([^,()]+?)\s*\)\s*")
KINDS = ("normal", "log_normal", "beta")


def levels(text: str, step: float | None, where: str) -> tuple[tuple[Value, ...], tuple[float, ...]]:
    """Values and weights of a distribution written as `normal(mean, sd)`, `log_normal(mean, sd)` or `beta(a, b)`.

    With `step` they are rounded to its multiples, as likely as the values that fall there. scipy does the arithmetic.
    """
    quantile = _quantile(text, where)
    found = [float(quantile((index + 0.5) / COUNT)) for index in range(COUNT)]
    if not all(map(math.isfinite, found)):
        raise StudyError(f"reaches beyond what numbers can say: {text!r}", where=where, value=text)
    if step is None:
        return tuple(dict.fromkeys(_short(value) for value in found)), ()
    if step <= 0:
        raise StudyError(f"must be more than 0, got {show(step)}", where=f"{where}.step", value=step)
    counts = Counter(_rounded(value, step) for value in found)
    return tuple(counts), tuple(float(count) for count in counts.values())


def _quantile(text: str, where: str) -> Callable[[float], Any]:
    found = FORM.fullmatch(text)
    hint = "for instance normal(0, 1), log_normal(-7, 1) or beta(2, 5)"
    if found is None:
        raise StudyError(f"is no distribution: {text!r}", where=where, value=text, hint=hint)
    kind, *raw = found.groups()
    if kind not in KINDS:
        raise StudyError(f"unknown distribution {kind!r}", where=where, value=text, hint=did_you_mean(kind, KINDS))
    try:
        one, two = (float(part) for part in raw)
    except ValueError:
        raise StudyError(f"needs two numbers, got {text!r}", where=where, value=text, hint=hint) from None
    if not (math.isfinite(one) and math.isfinite(two)) or two <= 0 or (kind == "beta" and one <= 0):
        what = "both parameters" if kind == "beta" else "the second parameter"
        raise StudyError(f"{what} must be more than 0, got {text!r}", where=where, value=text, hint=hint)
    from scipy import stats

    if kind == "beta":
        return lambda share: stats.beta.ppf(share, one, two)
    bent = math.exp if kind == "log_normal" else float
    return lambda share: _bend(bent, stats.norm.ppf(share, one, two))


def _bend(bent: Callable[[float], float], value: Any) -> float:
    try:
        return bent(float(value))
    except OverflowError:
        return math.inf


def _short(value: float) -> float:
    """Six digits are plenty for a place in a distribution, and can be read."""
    return float(f"{value:.6g}")


def _rounded(value: float, step: float) -> Value:
    found = round(value / step) * step
    return int(found) if float(step).is_integer() else float(f"{found:.12g}")
