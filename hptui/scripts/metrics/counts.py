"""Pairs of whole numbers behind a printed value: `accuracy: 0.77 (154/200)`, `acc 77.0% (154 of 200)`."""

from __future__ import annotations

import re
from typing import NamedTuple

from hptui.core.format import Proportion

BARE = re.compile(r"\s*/\s*(\d+)(?![\w.])")
"""The total of a value that is a pair itself: `9830/10000`."""
BEHIND = re.compile(r"\s*(%?)\s*\(\s*(\d+)\s*(?:/|(?:out )?of)\s*(\d+)\s*\)")
NUMBER_BEFORE = re.compile(r"\.(\d*)$|\d$")
MAX_NUMBER_CHARS = 32
SLACK = 1.0 + 1e-6
"""Times half a unit of the last printed digit: what a value may differ from its share."""


class CountsBehind(NamedTuple):
    """A pair in parentheses, which ends at `end`, behind a value printed with `decimals`, perhaps in per cent."""

    k: int
    n: int
    decimals: int
    is_percentage: bool
    end: int

    def read(self, value: float) -> float | None:
        """Return the value with its counts, by the scale that it is printed in; None if it is not that share."""
        if not 0 <= self.k <= self.n or not self.n:
            return None
        half, share = SLACK * 0.5 * 10.0**-self.decimals, Proportion(self.k, self.n)
        if not self.is_percentage and self.decimals and value <= 1 and abs(share - value) <= half:
            return share
        return Percentage(self.k, self.n) if abs(100 * share - value) <= half else None


class Percentage(Proportion):
    """`k` of `n` in per cent, which stays what it is: other lines may print it without counts."""

    def __new__(cls, k: int, n: int) -> Percentage:
        proportion = float.__new__(cls, 100 * k / n)
        proportion.k, proportion.n = k, n
        return proportion

    def __reduce__(self) -> tuple[type[Proportion], tuple[int, int]]:
        return Percentage, (self.k, self.n)


def counts_behind(text: str, end: int) -> CountsBehind | None:
    """Return the pair of whole numbers in parentheses behind the number that ends there, if there is one."""
    pair, number = BEHIND.match(text, end), NUMBER_BEFORE.search(text, max(0, end - MAX_NUMBER_CHARS), end)
    if pair is None or number is None:
        return None
    return CountsBehind(int(pair[2]), int(pair[3]), len(number[1] or ""), bool(pair[1]), pair.end())
