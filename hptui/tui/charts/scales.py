"""Axes: round numbers between two bounds, linear or logarithmic, and their text."""

from __future__ import annotations

import math
from collections.abc import Sequence


def linear_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` round numbers (1, 2, 5 times a power of ten) from `low` to `high`."""
    span = high - low
    if not (math.isfinite(span) and span > 0) or count < 1:
        return [low] if math.isfinite(low) else []
    ticks = _steps(low, high, span / count)
    return ticks if len(ticks) > 1 or count > 6 else _steps(low, high, span / count / 2.5)


def _steps(low: float, high: float, raw: float) -> list[float]:
    power = 10.0 ** math.floor(math.log10(raw))
    size = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / size - 1e-9)
    last = math.floor(high / size + 1e-9)
    return [index * size for index in range(first, last + 1)] if last - first < 1000 else [low, high]


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` numbers of a logarithmic axis: powers of ten, with 2 and 5 where there is room."""
    if not (0 < low < high < math.inf):
        return [low] if low > 0 else []
    decades = math.log10(high / low)
    if decades < 0.7:
        return [tick for tick in linear_ticks(low, high, count) if tick > 0]
    factors: Sequence[int] = (1, 2, 5) if decades * 3 <= count * 1.5 else (1,)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    stride = max(1, round(len(exponents) * len(factors) / max(1, count) / len(factors)))
    ticks = [factor * 10.0**exponent for exponent in exponents if exponent % stride == 0 for factor in factors]
    return [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]


def tick_text(value: float, span: float = 0.0) -> str:
    """Return the text of a tick, with the digits that distinguish neighbours `span` apart."""
    if not math.isfinite(value):
        return ""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e6 or size < 1e-3:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    if size >= 10_000:
        return f"{value / 1000:.4g}k"
    digits = max(0, min(4, -math.floor(math.log10(span)))) if span > 0 else 4
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if span <= 0 and "." in text else text


def time_tick_text(seconds: float) -> str:
    """Return the text of a tick of a time axis: `90s`, `5m`, `2.5h`."""
    if seconds < 120:
        return f"{seconds:.0f}s"
    if seconds < 7200:
        return f"{seconds / 60:.4g}m"
    return f"{seconds / 3600:.4g}h"
