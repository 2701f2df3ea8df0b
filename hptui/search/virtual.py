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

    def suggest(self, k: int) -> Point:
        """The `k`-th suggestion for this trial."""
        ...

    def reject(self, rejection: Rejection) -> None:
        """The suggestion just made is not run."""
        ...


def propose(
    name: str,
    lens: Lens,
    seen: Set[str],
    sampler: Sampler,
    otherwise: Callable[[Point], dict[str, Value] | None],
    asks: int = ASKS,
) -> Proposal | None:
    """The first suggestion that may be run, else what `otherwise` finds near the first one that may not.

    None when that finds nothing either.
    """
    rejections: list[Rejection] = []
    first = sampler.suggest(0)
    for k in range(asks):
        point = sampler.suggest(k) if k else first
        settled, rejection = lens.judge(point, seen)
        if rejection is None:
            return Proposal(settled, tuple(rejections), name)
        sampler.reject(rejection)
        rejections.append(rejection)
    drawn = otherwise(first)
    return None if drawn is None else Proposal(drawn, tuple(rejections), name)
