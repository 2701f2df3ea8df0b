"""Generations of an evolutionary search, rebuilt from the recorded trials in the order in which they ended.

So no state but the trials is stored, and a trial that ends late never changes a complete generation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from hptui.search.history import Outcome, Told

PRUNED, BROKEN = 1.0, 3.0
"""Violations: of a pruned trial (1 to 2, the earlier the worse) and of one without any result."""

T = TypeVar("T")


def ended(told: Iterable[Told]) -> list[Told]:
    """Return the observations of ended trials, in the order in which they ended."""
    ended_observations = [
        observation for observation in told if observation.trial and observation.outcome is not Outcome.AVOID
    ]
    return sorted(
        ended_observations,
        key=lambda observation: (
            (observation.trial.ended or 0.0, observation.trial.number) if observation.trial else (0.0, 0)
        ),
    )


def full(individuals: Sequence[T], size: int) -> list[Sequence[T]]:
    """Return the complete generations; the remaining individuals belong to the one under way."""
    return [individuals[start : start + size] for start in range(0, len(individuals) - size + 1, size)]


def violation(told: Told) -> float:
    """Return 0 for a trial with a comparable result, else a number that grows with how bad it is."""
    match told.outcome:
        case Outcome.VIOLATED:
            return BROKEN + told.margin
        case Outcome.PARTIAL:
            return PRUNED + 1 - (min(told.shown[0], 1000) / 1000 if told.shown else 0)
    return told.margin + sum(margin for margin in told.limits.values() if margin > 0)
