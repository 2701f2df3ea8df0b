"""Settings whose effects cannot be told apart, because they changed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from hptui.model.trial import Trial
from hptui.results.analysis.cohort import numeric, searched, varied
from hptui.results.analysis.compare import ALPHA, holm
from hptui.results.analysis.effects import spearman
from hptui.results.view import View

STRONG = 0.5
NARROW = 0.5
FEW = 8
"""From fewer trials than these two settings are not called confounded: everything would be."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A value of one setting that was only tried within a part of the other's range."""

    value: float
    low: float
    high: float
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class Confounded:
    """Two settings that rose and fell together, or against each other."""

    one: str
    other: str
    strength: float
    p: float
    trials: tuple[Trial, ...]
    pinned: tuple[Pinned, ...]


def confounded(view: View, trials: Sequence[Trial]) -> list[Confounded]:
    """Pairs of searched settings with a strong rank correlation among the trials, corrected for the number of pairs.

    Settings that are derived from each other are confounded on purpose, and not told.
    """
    if len(trials) < FEW:
        return []
    derived = {one.name for one in searched(view).derived}
    names = [name for name in varied(view, trials) if name not in derived and numeric(view, trials, name)]
    where = {name: [float(view.settings(trial)[name]) for trial in trials] for name in names}  # type: ignore[arg-type]
    found = [(one, other, *spearman(where[one], where[other])) for one, other in combinations(names, 2)]
    tested = [(one, other, rho, p) for one, other, rho, p in found if rho is not None and p is not None]
    corrected = holm([p for *_, p in tested])
    pairs = []
    for (one, other, rho, _), p in zip(tested, corrected, strict=True):
        if abs(rho) >= STRONG and p < ALPHA:
            # The one with fewer values is the one that groups are made of.
            few, many = sorted((one, other), key=lambda name: len(set(where[name])))
            pinned = _pinned(trials, where[few], where[many])
            pairs.append(Confounded(few, many, rho, p, tuple(trials), pinned))
    return pairs


def _pinned(trials: Sequence[Trial], few: Sequence[float], many: Sequence[float]) -> tuple[Pinned, ...]:
    """Values that were tried at least twice, always on one side of the middle of the other setting's ranks."""
    middle = sorted(many)[len(many) // 2]
    found = []
    for value in sorted(set(few)):
        inside = [index for index, own in enumerate(few) if own == value]
        at = [many[index] for index in inside]
        if len(inside) > 1 and (min(at) >= middle or max(at) < middle):
            found.append(Pinned(value, min(at), max(at), tuple(trials[index] for index in inside)))
    return tuple(found)
