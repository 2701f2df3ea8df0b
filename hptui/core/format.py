"""Formatting of values for people: numbers, proportions with their counts, durations, memory, settings.

A metric's `format` is a key of `NAMED_FORMATS` or a format specification of Python such as `.4f`. A trainer reports
`accuracy=Proportion(6, 200)`; recorded are the metrics `accuracy`, `accuracy:k` and `accuracy:n`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from hptui.core.study import MetricSpec
from hptui.core.trial import Value
from hptui.core.values import number_text

NO_VALUE = "–"
"""Shown in place of a value that does not exist."""
FORMAT_SPECIFICATION = re.compile(r"[-+ ]?,?(\.\d{1,2})?[eEfFgGn%]|[-+ ]?,?d")
"""Format specifications that a metric's `format` may be."""


def number(value: float) -> str:
    """Format a number with four significant digits: `0.5834`, `7.98e-06`, `12,345`; integers whole."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return nonfinite_name(value)
    if value == int(value) and abs(value) < 1e4:
        return str(int(value))
    if abs(value) >= 1e4:
        return f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3e}"
    text = f"{value:.4g}"
    return f"{value:,.0f}" if "e+" in text else text  # 9999.92 is 10,000


def nonfinite_name(value: float) -> str:
    """Return the name of a non-finite value: `NaN`, `inf` or `-inf`."""
    return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def percent(value: float) -> str:
    """Format a proportion (0 to 1), with its percentage: `0.0300 (3.0%)`."""
    return f"{value:.4f} ({value:.1%})"


def share_text(share: float, digits: int = 0) -> str:
    """Format a share in per cent; one that is not nothing, or not all, is not rounded to it."""
    unit = 10.0 ** (-2 - digits)
    if 0 < share < unit / 2:
        return f"<{unit:.{digits}%}"
    return f">{1 - unit:.{digits}%}" if 1 - unit / 2 <= share < 1 - 1e-12 else f"{share:.{digits}%}"


def duration(seconds: float) -> str:
    """Format seconds: `3.2 s`, `42 s`, `~45 min`, `~2.5 h`, `~3.1 days`.

    From 90 s on the duration is rounded, and marked with `~`.
    """
    if 0.001 <= seconds < 0.095:
        return f"{seconds:.1g} s"  # not 0.0
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"~{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"~{seconds / 3600:.1f} h"
    return f"~{seconds / 86400:.1f} days"


CLOCK_FROM_S = 9.95
"""Seconds from which a clock shows no tenths: half a second is neither `0:00` nor `0:01`."""


def clock(seconds: float) -> str:
    """Format seconds to the second, for tables: `0:42`, `45:07`, `2:31:00`; few of them as `0.8 s`."""
    if 0 < seconds < CLOCK_FROM_S:
        return duration(seconds)
    total = round(seconds)
    hours, minutes = total // 3600, total % 3600 // 60
    return f"{hours}:{minutes:02}:{total % 60:02}" if hours else f"{minutes}:{total % 60:02}"


def local_time(when: str) -> str:
    """Format a time in ISO 8601 as local time: `2026-11-22 06:15:23`."""
    return datetime.fromisoformat(when).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def memory(gb: float) -> str:
    """Format GiB: `4.2 GiB`, `0.08 GiB`."""
    return f"{gb:.1f} GiB" if gb >= 1 else f"{gb:.2g} GiB"


def size(count: float) -> str:
    """Format bytes, in units of 1024."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


NAMED_FORMATS: Mapping[str, Callable[[float], str]] = {
    "percent": percent,
    "scientific": lambda value: f"{value:.2e}",
    "duration": duration,
    "minutes": lambda value: f"~{value / 60:.0f} min",
    "hours": lambda value: f"~{value / 3600:.1f} h",
    "memory": memory,
    "integer": lambda value: f"{value:,.0f}",
}
"""Formats that a metric's `format` may name."""


def is_format(text: str) -> bool:
    """Return whether a text is a valid `format` of a metric; '' is."""
    return not text or text in NAMED_FORMATS or FORMAT_SPECIFICATION.fullmatch(text) is not None


ALL_DIGITS = 1e16
"""From this value on the last digits of a number without an exponent mean nothing."""
MAX_DIGITS = 24
"""Characters of a metric in its own format, beyond which such a number is shown with an exponent."""


def metric(value: float | None, spec: MetricSpec | None = None) -> str:
    """Format a metric's value as its `[metrics]` entry says, with its unit; `–` for None."""
    if value is None:
        return NO_VALUE
    if not math.isfinite(value):
        return nonfinite_name(value)
    spec_format = spec.format if spec else ""
    if spec_format in NAMED_FORMATS:
        text = NAMED_FORMATS[spec_format](value)
    elif FORMAT_SPECIFICATION.fullmatch(spec_format):
        text = format(int(value) if spec_format.endswith("d") else value, spec_format)
    else:
        text = number(value)
    if abs(value) >= ALL_DIGITS and len(text) > MAX_DIGITS:
        text = number(value)
    return f"{text} {spec.unit}" if spec and spec.unit else text


def short_metric(value: float, spec: MetricSpec | None = None) -> str:
    """Format a metric in few characters: a proportion as a percentage without its counts."""
    if spec is not None and spec.format == "percent" and math.isfinite(value):
        return f"{value:.1%}"
    return metric(value, spec)


def setting(value: Value) -> str:
    """Format a setting's value: `2e-4`, `0.05`, lists in brackets, texts unquoted."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value) and abs(value) < 1e4:
        return number_text(float(f"{value:.4g}"))
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e6:
        return str(int(value))
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list):
        return f"[{', '.join(setting(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={setting(item)}" for key, item in value.items()) + "}"
    return value


def settings(params: Mapping[str, Value], separator: str = ", ") -> str:
    """Format settings in one line: `rank=32, alpha=64`."""
    return separator.join(f"{name}={setting(value)}" for name, value in params.items()).replace("\n", "⏎")


HITS_SUFFIX, TOTAL_SUFFIX = ":k", ":n"
"""Suffixes of the metrics that hold the two counts of a proportion."""


class Proportion(float):
    """A float `k / n` with its counts; NaN if n is 0.

    Raises: ValueError unless 0 <= k <= n.
    """

    k: int
    n: int

    def __new__(cls, k: int, n: int) -> Proportion:
        if not 0 <= k <= n:
            raise ValueError(f"{k} of {n} is no share")
        proportion = super().__new__(cls, k / n if n else float("nan"))
        proportion.k, proportion.n = int(k), int(n)
        return proportion

    # Pickling a float subclass passes the float, not (k, n).
    def __reduce__(self) -> tuple[type[Proportion], tuple[int, int]]:
        return Proportion, (self.k, self.n)


def names_of_counts(metric: str) -> tuple[str, str]:
    """Return the names of the metrics that hold the counts of a proportion."""
    return metric + HITS_SUFFIX, metric + TOTAL_SUFFIX


def with_counts(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics as plain floats, each proportion followed by its two counts."""
    plain: dict[str, float] = {}
    for name, value in metrics.items():
        plain[name] = float(value)
        if isinstance(value, Proportion):
            plain[name + HITS_SUFFIX], plain[name + TOTAL_SUFFIX] = float(value.k), float(value.n)
    return plain


def is_count(name: str) -> bool:
    """Return whether a metric is a count of a proportion, which tables and charts leave out."""
    return name.endswith((HITS_SUFFIX, TOTAL_SUFFIX))


def visible_metrics(names: Iterable[str]) -> list[str]:
    """Return the metrics to show: `names` in order, without counts of proportions."""
    return [name for name in names if not is_count(name)]


def recorded_counts(metrics: Mapping[str, float], name: str) -> tuple[int, int] | None:
    """Return the recorded counts (k, n) of a metric; None if missing or inconsistent."""
    k, n = metrics.get(name + HITS_SUFFIX), metrics.get(name + TOTAL_SUFFIX)
    if k is None or n is None or not (k == k and n == n) or not 0 <= k <= n < float("inf") or n == 0:
        return None
    return int(k), int(n)
