"""How much better than all of them the best of several equally good trials is, by luck alone."""

from __future__ import annotations

import math
from functools import lru_cache

from hptui.results.analysis import blas


@lru_cache(maxsize=64)
def expected_best(count: int) -> float:
    """Return the expected best of `count` equal ones, in standard deviations above their mean."""
    blas.load()
    import numpy as np  # numpy and scipy: not at start
    from scipy import special

    # E[max] = integral of x n φ(x) Φ(x)^(n-1), which a fine grid gives to four digits.
    grid = np.linspace(-10.0, 10.0, 4001)
    density = np.exp(-0.5 * grid**2) / math.sqrt(2 * math.pi)
    return float(np.trapezoid(grid * count * density * special.ndtr(grid) ** (count - 1), grid))


def expected_best_rate(count: int, n: int, rate: float, is_high: bool) -> float:
    """Return how far the best of `count` rates lies from their common rate on average (0 to 1).

    Each is over `n` questions. Exact for independent trials: by a normal law the best of many high rates is above 1.
    """
    blas.load()
    import numpy as np  # numpy and scipy: not at start
    from scipy import special

    rate = rate if is_high else 1 - rate  # the fewest right are the most wrong
    below = special.bdtr(np.arange(n), n, rate)  # P(at most k right)
    return max(0.0, float((1 - below**count).sum()) / n - rate)
