"""Rates that keep what they were counted from: an accuracy of 6 in 200 is more than 0.03.

A trainer reports `accuracy=Ratio(6, 200)`; on record are the points `accuracy`, `accuracy:k` and `accuracy:n`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

HITS, TOTAL = ":k", ":n"


class Ratio(float):
    """`k` of `n`, as a float: NaN where nothing was counted. `ValueError` unless 0 <= k <= n."""

    k: int
    n: int

    def __new__(cls, k: int, n: int) -> Ratio:
        if not 0 <= k <= n:
            raise ValueError(f"{k} of {n} is no share")
        ratio = super().__new__(cls, k / n if n else float("nan"))
        ratio.k, ratio.n = int(k), int(n)
        return ratio

    def __reduce__(self) -> tuple[type[Ratio], tuple[int, int]]:
        return Ratio, (self.k, self.n)


def spread(metrics: Mapping[str, float]) -> dict[str, float]:
    """The same metrics as plain numbers, each ratio followed by its counts."""
    plain: dict[str, float] = {}
    for name, value in metrics.items():
        plain[name] = float(value)
        if isinstance(value, Ratio):
            plain[name + HITS], plain[name + TOTAL] = float(value.k), float(value.n)
    return plain


def is_count(name: str) -> bool:
    """Whether a metric's name is that of a count behind another one, which tables and charts leave out."""
    return name.endswith((HITS, TOTAL))


def shown(names: Iterable[str]) -> list[str]:
    """The names of metrics that people look at, in order."""
    return [name for name in names if not is_count(name)]


def counted(metrics: Mapping[str, float], name: str) -> tuple[int, int] | None:
    """`k` and `n` behind a metric, where both are on record and make sense."""
    k, n = metrics.get(name + HITS), metrics.get(name + TOTAL)
    if k is None or n is None or not (k == k and n == n) or not 0 <= k <= n < float("inf") or n == 0:
        return None
    return int(k), int(n)
