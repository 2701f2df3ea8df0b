"""How values are shown to people: numbers, shares, durations, memory, settings. The store keeps them exact.

A metric's `format` is one of `NAMED`, or a format specification of Python such as `.4f`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from hptui.model.study import MetricSpec
from hptui.model.trial import Value

NOTHING = "–"
SPECIFICATION = re.compile(r"[-+ ]?,?(\.\d{1,2})?[eEfFgGn%]|[-+ ]?,?d")


def number(value: float) -> str:
    """Four significant digits, as people write them: `0.5834`, `7.98e-06`, `12,345`; integers whole."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return odd(value)
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    if abs(value) >= 1e4:
        return f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3e}"
    return f"{value:.4g}"


def odd(value: float) -> str:
    """The name of a value that is no number."""
    return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def percent(value: float) -> str:
    """A share, and the same in percent: `0.0300 (3.0%)`."""
    return f"{value:.4f} ({value:.1%})"


def duration(seconds: float) -> str:
    """`3.2 s`, `42 s`, `~45 min`, `~2.5 h`, `~3.1 days`: about, from a minute and a half on."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"~{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"~{seconds / 3600:.1f} h"
    return f"~{seconds / 86400:.1f} days"


def clock(seconds: float) -> str:
    """`0:42`, `45:07`, `2:31:00`: to the second, for tables."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def moment(when: str) -> str:
    """A time in ISO 8601 as the clock on the wall here showed it: `2026-11-22 06:15:23`."""
    return datetime.fromisoformat(when).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def memory(gb: float) -> str:
    """GiB: `4.2 GB`, `0.08 GB`."""
    return f"{gb:.1f} GB" if gb >= 1 else f"{gb:.2g} GB"


def size(count: float) -> str:
    """Bytes, for people."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TB"


NAMED: Mapping[str, Callable[[float], str]] = {
    "percent": percent,
    "scientific": lambda value: f"{value:.2e}",
    "duration": duration,
    "minutes": lambda value: f"~{value / 60:.0f} min",
    "hours": lambda value: f"~{value / 3600:.1f} h",
    "memory": memory,
    "integer": lambda value: f"{value:,.0f}",
}


def is_format(text: str) -> bool:
    """Whether a metric's `format` is one that can be shown."""
    return not text or text in NAMED or SPECIFICATION.fullmatch(text) is not None


def metric(value: float | None, spec: MetricSpec | None = None) -> str:
    """A metric's value in its own format, with its unit; `–` where there is none."""
    if value is None:
        return NOTHING
    if not math.isfinite(value):
        return odd(value)
    how = spec.format if spec else ""
    if how in NAMED:
        text = NAMED[how](value)
    elif SPECIFICATION.fullmatch(how):
        text = format(int(value) if how.endswith("d") else value, how)
    else:
        text = number(value)
    return f"{text} {spec.unit}" if spec and spec.unit else text


def setting(value: Value) -> str:
    """A setting's value, short: numbers as above, lists in brackets, texts as they are."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list):
        return f"[{', '.join(setting(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={setting(item)}" for key, item in value.items()) + "}"
    return value


def settings(params: Mapping[str, Value], separator: str = ", ") -> str:
    """`rank=32, alpha=64`."""
    return separator.join(f"{name}={setting(value)}" for name, value in params.items())
