"""Settings that the trainer ignores: other values, the very same curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hptui.model.trial import Trial, Value
from hptui.model.values import same
from hptui.results.view import View
from hptui.storage.rows import LastValue

TIMED = ("seconds", "time", "per_second", "memory", "_gb", "throughput")
"""Metrics whose names hold these differ between equal runs."""


@dataclass(frozen=True, slots=True)
class Inert:
    """A setting that made no difference: pairs of trials with other values of it and identical curves."""

    setting: str
    pairs: tuple[tuple[Trial, Trial], ...]


def inert(view: View, trials: Sequence[Trial], summaries: Mapping[str, Mapping[int, LastValue]]) -> list[Inert]:
    """The settings for which such pairs exist, and none that differs in it alone and has other curves."""
    prints = {trial.number: _print(trial, summaries) for trial in trials}
    having = [trial for trial in trials if prints[trial.number]]
    by: dict[Any, list[Trial]] = defaultdict(list)
    for trial in having:
        by[prints[trial.number], trial.seed].append(trial)
    equal: dict[str, list[tuple[Trial, Trial]]] = defaultdict(list)
    for group in by.values():
        for other in group[1:]:
            for name in differing(view, group[0], other):
                equal[name].append((group[0], other))
    suspects = frozenset(equal)
    return [
        Inert(name, tuple(pairs)) for name, pairs in equal.items() if not _matters(view, having, prints, name, suspects)
    ]


def _print(trial: Trial, summaries: Mapping[str, Mapping[int, LastValue]]) -> tuple[Any, ...]:
    """All curves of a trial in short: equal only where they are, for all that can be measured."""
    found = []
    for metric, by in sorted(summaries.items()):
        if trial.number in by and not any(word in metric for word in TIMED):
            one = by[trial.number]
            found.append((metric, one.step, repr(one.value), one.low, one.low_step, one.high, one.high_step, one.n))
    return tuple(found) if any(entry[-1] > 1 for entry in found) else ()


def differing(view: View, one: Trial, other: Trial) -> list[str]:
    """The settings in which two trials differ, derived ones left out."""
    derived = {item.name for item in view.study.space.derived}
    first, second = view.settings(one), view.settings(other)
    names = (name for name in dict.fromkeys([*first, *second]) if name not in derived)
    return [name for name in names if not same(_value(first, name), _value(second, name))]


def _value(settings: Mapping[str, Value], name: str) -> Value:
    return settings.get(name)


def _matters(
    view: View, trials: Sequence[Trial], prints: Mapping[int, Any], name: str, suspects: frozenset[str]
) -> bool:
    """Whether two trials differ in it, in nothing else but what is under suspicion too, and have other curves."""
    by: dict[str, Trial] = {}
    for trial in trials:
        settings = view.settings(trial)
        rest = repr(sorted((key, repr(value)) for key, value in settings.items() if key not in suspects))
        other = by.setdefault(f"{rest}{trial.seed}", trial)
        if (
            other is not trial
            and prints[other.number] != prints[trial.number]
            and name in differing(view, other, trial)
        ):
            return True
    return False
