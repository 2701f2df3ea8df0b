"""Feeds proposals that must not be run back to the engine as violated, and asks it again.

Dropping such proposals stalls model-based samplers, which would propose the same again; running them costs GPU time.
Feeding the violation back costs neither, and teaches the sampler where the constraint lies. The rejections are stored
with the trial that they led to, and only engines ever see them.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Protocol

from hptui.model.trial import Rejection, Value
from hptui.search.engine import Proposal
from hptui.search.lens import Point, SpaceProjection

MAX_ASKS = 10
"""Suggestions requested for one trial before a feasible point near the first one is taken instead."""


class Suggester(Protocol):
    """Suggests points of a space, and is notified of those that are not run."""

    def suggest(self, k: int) -> Point | None:
        """Return the `k`-th suggestion for this trial; None if there is nothing new to suggest."""
        ...

    def reject(self, rejection: Rejection) -> None:
        """Record that the last suggestion is not run."""
        ...


def propose_feasible(
    name: str,
    projection: SpaceProjection,
    seen: Set[str],
    suggester: Suggester,
    fallback: Callable[[Point | None], dict[str, Value] | None],
    max_asks: int = MAX_ASKS,
) -> Proposal | None:
    """Return the first suggestion that may be run, else what `fallback` finds near the first rejected one.

    None when that finds nothing either.
    """
    rejections: list[Rejection] = []
    first: Point | None = None
    for k in range(max_asks):
        if (point := suggester.suggest(k)) is None:
            break
        settled, rejection = projection.judge(point, seen)
        if rejection is None:
            return Proposal(settled, tuple(rejections), name)
        suggester.reject(rejection)
        rejections.append(rejection)
        first = first or point
    overrides = fallback(first)
    return None if overrides is None else Proposal(overrides, tuple(rejections), name)
