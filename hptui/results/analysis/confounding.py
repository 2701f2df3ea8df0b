"""Settings whose effects cannot be separated because they changed together, and settings that the trainer ignores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from hptui.core.trial import Trial, Value
from hptui.core.values import values_equal
from hptui.results.analysis.cohort import is_numeric, searched_space, varying_settings
from hptui.results.analysis.effects import spearman_correlation
from hptui.results.analysis.significance import SIGNIFICANCE_LEVEL, holm_correction
from hptui.results.view import View
from hptui.store.records import MetricSummary

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


TIMING_WORDS = ("seconds", "time", "per_second", "memory", "_gb", "throughput")
"""Metrics whose names contain these differ even between identical runs."""


@dataclass(frozen=True, slots=True)
class IgnoredSetting:
    """A setting that made no difference: pairs of trials with other values of it and identical curves."""

    setting: str
    pairs: tuple[tuple[Trial, Trial], ...]


def ignored_settings(
    view: View, trials: Sequence[Trial], summaries: Mapping[str, Mapping[int, MetricSummary]]
) -> list[IgnoredSetting]:
    """Return the settings for which such pairs exist.

    A setting is left out if two trials that differ in it alone have other curves.
    """
    fingerprints = {trial.number: _fingerprint(trial, summaries) for trial in trials}
    comparable = [trial for trial in trials if fingerprints[trial.number]]
    by_fingerprint: dict[Any, list[Trial]] = defaultdict(list)
    for trial in comparable:
        by_fingerprint[fingerprints[trial.number], trial.seed].append(trial)
    equal: dict[str, list[tuple[Trial, Trial]]] = defaultdict(list)
    for group in by_fingerprint.values():
        for other in group[1:]:
            for name in differing_settings(view, group[0], other):
                equal[name].append((group[0], other))
    suspects = frozenset(equal)
    return [
        IgnoredSetting(name, tuple(pairs))
        for name, pairs in equal.items()
        if not _makes_a_difference(view, comparable, fingerprints, name, suspects)
    ]


def _fingerprint(trial: Trial, summaries: Mapping[str, Mapping[int, MetricSummary]]) -> tuple[Any, ...]:
    """Return the summary of all curves of a trial, equal for identical curves; empty without a curve."""
    entries = []
    for metric, by_trial in sorted(summaries.items()):
        if trial.number in by_trial and not any(word in metric for word in TIMING_WORDS):
            summary = by_trial[trial.number]
            entries.append(
                (
                    metric,
                    summary.step,
                    repr(summary.value),
                    summary.low,
                    summary.low_step,
                    summary.high,
                    summary.high_step,
                    summary.n,
                )
            )
    return tuple(entries) if any(entry[-1] > 1 for entry in entries) else ()


def differing_settings(view: View, first_trial: Trial, second_trial: Trial) -> list[str]:
    """Return the settings in which two trials differ, without derived ones."""
    derived = {setting.name for setting in view.study.space.derived}
    first, second = view.settings(first_trial), view.settings(second_trial)
    names = (name for name in dict.fromkeys([*first, *second]) if name not in derived)
    return [name for name in names if not values_equal(_value(first, name), _value(second, name))]


def _value(settings: Mapping[str, Value], name: str) -> Value:
    return settings.get(name)


def _makes_a_difference(
    view: View, trials: Sequence[Trial], fingerprints: Mapping[int, Any], name: str, suspects: frozenset[str]
) -> bool:
    """Return whether two trials differ in `name` and otherwise only in suspects, and have other curves."""
    first_of_rest: dict[str, Trial] = {}
    for trial in trials:
        settings = view.settings(trial)
        other_settings = repr(sorted((key, repr(value)) for key, value in settings.items() if key not in suspects))
        other = first_of_rest.setdefault(f"{other_settings}{trial.seed}", trial)
        if (
            other is not trial
            and fingerprints[other.number] != fingerprints[trial.number]
            and name in differing_settings(view, other, trial)
        ):
            return True
    return False
