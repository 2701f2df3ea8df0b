"""Settings whose effects cannot be separated, because they changed together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from hptui.model.trial import Trial
from hptui.results.analysis.cohort import is_numeric, searched_space, varying_settings
from hptui.results.analysis.compare import SIGNIFICANCE_LEVEL, holm_correction
from hptui.results.analysis.effects import spearman_correlation
from hptui.results.view import View

MIN_CONFOUNDED_CORRELATION = 0.5
"""Rank correlation (absolute) from which two settings are called confounded."""
NARROW = 0.5
MIN_TRIALS_FOR_CONFOUNDING = 8
"""With fewer trials nearly every pair of settings would be correlated."""


@dataclass(frozen=True, slots=True)
class RestrictedValue:
    """A value of the first setting that was only tried within a part of the second's range."""

    value: float
    low: float
    high: float
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class ConfoundedPair:
    """Two settings with a strong rank correlation; the first is the one with fewer values."""

    first: str
    second: str
    strength: float
    p: float
    trials: tuple[Trial, ...]
    restricted: tuple[RestrictedValue, ...]


def confounded_pairs(view: View, trials: Sequence[Trial]) -> list[ConfoundedPair]:
    """Return pairs of searched settings with a strong rank correlation, corrected for the number of pairs.

    Derived settings are left out: they depend on others by definition.
    """
    if len(trials) < MIN_TRIALS_FOR_CONFOUNDING:
        return []
    derived = {setting.name for setting in searched_space(view).derived}
    names = [name for name in varying_settings(view, trials) if name not in derived and is_numeric(view, trials, name)]
    values = {name: [float(view.settings(trial)[name]) for trial in trials] for name in names}  # type: ignore[arg-type]
    correlations = [
        (first, second, *spearman_correlation(values[first], values[second]))
        for first, second in combinations(names, 2)
    ]
    tested = [(first, second, rho, p) for first, second, rho, p in correlations if rho is not None and p is not None]
    corrected = holm_correction([p for *_, p in tested])
    pairs = []
    for (first, second, rho, _), p in zip(tested, corrected, strict=True):
        if abs(rho) >= MIN_CONFOUNDED_CORRELATION and p < SIGNIFICANCE_LEVEL:
            # Effects are shown by groups of values, so the setting with fewer values comes first.
            fewer, more = sorted((first, second), key=lambda name: len(set(values[name])))
            pinned = _restricted_values(trials, values[fewer], values[more])
            pairs.append(ConfoundedPair(fewer, more, rho, p, tuple(trials), pinned))
    return pairs


def _restricted_values(
    trials: Sequence[Trial], values: Sequence[float], other_values: Sequence[float]
) -> tuple[RestrictedValue, ...]:
    """Return values tried at least twice, always on one side of the median of the other setting."""
    middle = sorted(other_values)[len(other_values) // 2]
    restricted = []
    for value in sorted(set(values)):
        inside = [index for index, at_index in enumerate(values) if at_index == value]
        others = [other_values[index] for index in inside]
        if len(inside) > 1 and (min(others) >= middle or max(others) < middle):
            restricted.append(
                RestrictedValue(value, min(others), max(others), tuple(trials[index] for index in inside))
            )
    return tuple(restricted)
