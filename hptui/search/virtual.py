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
from hptui.search.lens import Lens, Point

ASKS = 10
"""Suggestions requested for one trial before a feasible point near the first one is taken instead."""


class Sampler(Protocol):
    """Suggests points of a space, and is notified of those that are not run."""

    def suggest(self, k: int) -> Point | None:
        """Return the `k`-th suggestion for this trial; None if there is nothing new to suggest."""
        ...

    def reject(self, rejection: Rejection) -> None:
        """Record that the last suggestion is not run."""
        ...


def propose(
    name: str,
    lens: Lens,
    seen: Set[str],
    sampler: Sampler,
    otherwise: Callable[[Point | None], dict[str, Value] | None],
    asks: int = ASKS,
) -> Proposal | None:
    """Return the first suggestion that may be run, else what `fallback` finds near the first rejected one.

    None when that finds nothing either.
    """
    rejections: list[Rejection] = []
    first: Point | None = None
    for k in range(asks):
        if (point := sampler.suggest(k)) is None:
            break
        settled, rejection = lens.judge(point, seen)
        if rejection is None:
            return Proposal(settled, tuple(rejections), name)
        sampler.reject(rejection)
        rejections.append(rejection)
        first = first or point
    overrides = otherwise(first)
    return None if overrides is None else Proposal(overrides, tuple(rejections), name)
