"""The evidence that a statement on one of several settings needs, under any search."""

from __future__ import annotations

import math

ODDS = 20.0
"""The data must be likelier with a setting by this factor, times the number of settings looked at."""


FEW_TRIALS, FACTOR_OF_FEW = 10, 1.25
"""With fewer trials more is needed: there the maximised likelihood was wrong too often (benchmarks/truth.md)."""


def needed(count: int, trials: int = FEW_TRIALS) -> float:
    """Return the evidence that one of `count` settings needs, on the scale of twice a log likelihood.

    A ratio of likelihoods above 20 has at most a probability of 1/20 without an effect, whatever chose the trials.

    Source: J. Ville, Étude critique de la notion de collectif, 1939.
    """
    evidence = 2 * math.log(ODDS * max(1, count))
    return evidence * FACTOR_OF_FEW if trials < FEW_TRIALS else evidence
