"""Proportions that keep the counts behind them: an accuracy of 6 in 200 says more than 0.03.

A trainer reports `accuracy=Proportion(6, 200)`; recorded are the metrics `accuracy`, `accuracy:k` and `accuracy:n`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
