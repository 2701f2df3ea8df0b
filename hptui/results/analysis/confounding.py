"""Settings that the trainer seems to ignore: other values of them, and the very same curves."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.trial import Trial, Value
from hptui.core.values import values_equal
from hptui.results.view import View
from hptui.store.records import MetricSummary

TIMING_WORDS = ("seconds", "time", "per_second", "memory", "_gb", "throughput")
"""Metrics whose names contain these differ even between identical runs."""

TELLING_DIGITS = 6.0
"""Digits that equal runs must agree in to be the same run: two of a hundred rates of few questions are equal by
chance."""
MAX_DENOMINATOR = 10_000_000
"""Of a number that is no fraction of two small numbers, as many digits count as this has."""


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
    fingerprints = {trial.number: curve_fingerprint(trial, summaries) for trial in trials}
    comparable = [trial for trial in trials if fingerprints[trial.number]]
    by_fingerprint: dict[Any, list[Trial]] = defaultdict(list)
    for trial in comparable:
        by_fingerprint[fingerprints[trial.number], trial.seed, id(view.version_of.get(trial.number))].append(trial)
    equal: dict[str, list[tuple[Trial, Trial]]] = defaultdict(list)
    for (fingerprint, *_), group in by_fingerprint.items():
        for other in group[1:] if len(group) > 1 and is_telling(fingerprint) else ():
            for name in differing_settings(view, group[0], other):
                equal[name].append((group[0], other))
    effective = _effective_settings(view, comparable, fingerprints, frozenset(equal)) if equal else frozenset()
    return [IgnoredSetting(name, tuple(pairs)) for name, pairs in equal.items() if name not in effective]


def curve_fingerprint(trial: Trial, summaries: Mapping[str, Mapping[int, MetricSummary]]) -> tuple[Any, ...]:
    """Return the summary of all curves of a trial, equal for identical ones; empty if none moves.

    Curves that stay where they are (all zeros) are equal whatever was set.
    """
    entries = []
    for metric, by_trial in sorted(summaries.items()):
        if trial.number in by_trial and not any(word in metric for word in TIMING_WORDS):
            summary = by_trial[trial.number]
            ends = (summary.low, summary.low_step, summary.high, summary.high_step)
            entries.append((metric, summary.step, repr(summary.value), *ends, summary.n))
    return tuple(entries) if any(entry[-1] > 1 and entry[3] != entry[5] for entry in entries) else ()


def is_telling(fingerprint: tuple[Any, ...], runs: int = 2) -> bool:
    """Return whether runs with equal summaries are the same run: few digits agree by chance."""
    digits = 0.0
    for _, _, value, low, _, high, _, n in fingerprint:
        if n > 1 and low != high:
            digits += math.fsum(significant_digits(point) for point in {float(value), low, high} if point is not None)
    return digits * (runs - 1) >= TELLING_DIGITS


def significant_digits(value: float) -> float:
    """Return the decimal digits by which a number differs from others of its kind: few for a rate.

    A number up to 1, or up to 100 as per cent, is one of as many as the denominator of the fraction that it is.
    """
    size = abs(value)
    if not math.isfinite(value) or not value:
        return 0.0
    written = len(repr(size).partition("e")[0].replace(".", "").strip("0"))
    if size > 100:
        return float(written)
    share = Fraction(size if size <= 1 else size / 100).limit_denominator(MAX_DENOMINATOR)
    return min(float(written), math.log10(share.denominator) or 1.0)


def differing_settings(view: View, first_trial: Trial, second_trial: Trial) -> list[str]:
    """Return the settings in which two trials differ, without derived ones."""
    derived = {setting.name for setting in view.study.space.derived}
    first, second = view.settings(first_trial), view.settings(second_trial)
    names = (name for name in dict.fromkeys([*first, *second]) if name not in derived)
    return [name for name in names if not values_equal(_value(first, name), _value(second, name))]


def _value(settings: Mapping[str, Value], name: str) -> Value:
    return settings.get(name)


def _effective_settings(
    view: View, trials: Sequence[Trial], fingerprints: Mapping[int, Any], suspects: frozenset[str]
) -> frozenset[str]:
    """Return the settings in which two trials differ that differ in suspects alone, and have other curves."""
    first_of_rest: dict[str, Trial] = {}
    effective: set[str] = set()
    for trial in trials:
        settings = view.settings(trial)
        other_settings = repr(sorted((key, repr(value)) for key, value in settings.items() if key not in suspects))
        other = first_of_rest.setdefault(f"{other_settings}{trial.seed}", trial)
        if other is not trial and fingerprints[other.number] != fingerprints[trial.number]:
            effective.update(differing_settings(view, other, trial))
    return frozenset(effective)
