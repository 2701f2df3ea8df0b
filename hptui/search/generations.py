"""Generations of an evolutionary search, rebuilt from the recorded trials in the order in which they ended.

So no state but the trials is stored, and a trial that ends late never changes a complete generation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from hptui.search.history import Observation, ObservationKind

PRUNED_VIOLATION, NO_RESULT_VIOLATION = 1.0, 3.0
"""Violations: of a pruned trial (1 to 2, the earlier the worse) and of one without any result."""

T = TypeVar("T")


def ended_trials(observations: Iterable[Observation]) -> list[Observation]:
    """Return the observations of ended trials, in the order in which they ended."""
    ended_observations = [
        observation
        for observation in observations
        if observation.trial and observation.kind is not ObservationKind.AVOID
    ]
    return sorted(
        ended_observations,
        key=lambda observation: (
            (observation.trial.ended or 0.0, observation.trial.number) if observation.trial else (0.0, 0)
        ),
    )


def complete_generations(individuals: Sequence[T], size: int) -> list[Sequence[T]]:
    """Return the complete generations; the remaining individuals belong to the one under way."""
    return [individuals[start : start + size] for start in range(0, len(individuals) - size + 1, size)]


def violation(observation: Observation) -> float:
    """Return 0 for a trial with a comparable result, else a number that grows with how bad it is."""
    match observation.kind:
        case ObservationKind.VIOLATED:
            return NO_RESULT_VIOLATION + observation.margin
        case ObservationKind.PARTIAL:
            return PRUNED_VIOLATION + 1 - (min(observation.shown[0], 1000) / 1000 if observation.shown else 0)
    return observation.margin + sum(margin for margin in observation.limits.values() if margin > 0)
