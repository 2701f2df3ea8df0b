"""Virtual trials: a proposal that must not be run is fed back to the engine as violated, and the engine asked again.

Throwing such proposals away stalls model-based samplers, which would propose the same again; running them costs GPU
time. Feeding the violation back costs neither, and teaches the sampler where the constraint lies. The rejections are
stored with the trial that they led to, and only engines ever see them.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Protocol

from hptui.model.trial import Rejection, Value
from hptui.search.engine import Proposal
from hptui.search.lens import Lens, Point

ASKS = 10
"""How often a sampler is asked for one trial before a feasible point near its first suggestion is taken instead."""


class Sampler(Protocol):
    """Suggests points of a space, and hears which of them are not run."""

    def suggest(self, k: int) -> Point | None:
        """The `k`-th suggestion for this trial; None: it knows of nothing new."""
        ...

    def reject(self, rejection: Rejection) -> None:
        """The suggestion just made is not run."""
        ...


def propose(
    name: str,
    lens: Lens,
    seen: Set[str],
    sampler: Sampler,
    otherwise: Callable[[Point | None], dict[str, Value] | None],
    asks: int = ASKS,
) -> Proposal | None:
    """The first suggestion that may be run, else what `otherwise` finds near the first one that may not.

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
    found = otherwise(first)
    return None if found is None else Proposal(found, tuple(rejections), name)
