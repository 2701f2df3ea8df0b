"""Generations of an evolutionary search, replayed from the recorded trials in the order in which they ended.

So nothing but the trials need be kept, and a trial that ends late never changes a generation that is complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from hptui.search.history import Outcome, Told

PRUNED, BROKEN = 1.0, 3.0
"""Violations: of a trial that was cut short (1 to 2, the earlier the worse) and of one without any result."""

T = TypeVar("T")


def ended(told: Iterable[Told]) -> list[Told]:
    """What ended and said something, as it ended."""
    done = [one for one in told if one.trial and one.outcome is not Outcome.AVOID]
    return sorted(done, key=lambda one: (one.trial.ended or 0.0, one.trial.number) if one.trial else (0.0, 0))


def full(individuals: Sequence[T], size: int) -> list[Sequence[T]]:
    """The complete generations; what is left over belongs to the one under way."""
    return [individuals[start : start + size] for start in range(0, len(individuals) - size + 1, size)]


def violation(told: Told) -> float:
    """0 for a trial with a result to be compared, else how bad it is."""
    match told.outcome:
        case Outcome.VIOLATED:
            return BROKEN + told.margin
        case Outcome.PARTIAL:
            return PRUNED + 1 - (min(told.shown[0], 1000) / 1000 if told.shown else 0)
    return told.margin + sum(margin for margin in told.limits.values() if margin > 0)
