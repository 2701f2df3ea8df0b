"""The effect of each setting on a metric: means by group with intervals, rank tests, and one-factor steps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from hptui.core.parameters import Choice, Float, Int
from hptui.core.trial import Trial, Value
from hptui.core.values import is_number, values_equal
from hptui.results.analysis.cohort import is_numeric, searched_space, varying_settings
from hptui.results.analysis.significance import (
    SIGNIFICANCE_LEVEL,
    Interval,
    holm_correction,
    rate_counts,
    student_interval,
    wilson_interval,
)
from hptui.results.roles import lower_bound, setting_with_role
from hptui.results.view import View

MIN_TRIALS_FOR_EFFECT = 5
"""With fewer trials no effect is tested."""
MAX_GROUPS = 8
"""A number with more distinct values is grouped into bins."""
BIN_COUNT = 3
"""Number of bins of equal width."""
MIN_TRIALS_FOR_GROUP_TEST = 8
"""Number of trials from which groups of ordered values are tested as well as their trend."""
TREND_TEST = "rank correlation"
"""Spearman's test of a trend."""
GROUP_TEST = "Kruskal-Wallis"
"""Test of a difference between groups."""

Measure = Callable[[Trial], float | None]
"""Returns a trial's value of the metric under study; None if it was not measured."""


@dataclass(frozen=True, slots=True)
class EffectGroup:
    """The trials with one value of a setting, or with values from `low` to `high`; `mean` is of the metric."""

    value: Value
    low: float | None
    high: float | None
    trials: tuple[Trial, ...]
    mean: float
    interval: Interval | None
    counts: tuple[int, int] | None = None
    """(correct, total) summed over the trials, if the metric is a counted rate."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a setting on a metric. `p` is of the test `how`, `corrected` for all settings; None: too few."""

    setting: str
    groups: tuple[EffectGroup, ...]
    trials: tuple[Trial, ...]
    how: str = ""
    strength: float | None = None
    """Spearman's rank correlation, if the values are ordered."""
    p: float | None = None
    corrected: float | None = None

    @property
    def is_significant(self) -> bool:
        """Whether the effect is significant, corrected for the number of settings."""
        return self.corrected is not None and self.corrected < SIGNIFICANCE_LEVEL

    @property
    def is_trend(self) -> bool:
        """Whether the effect is a trend: the metric rises, or falls, with the setting."""
        return self.how == TREND_TEST and self.strength is not None

    @property
    def constant(self) -> bool:
        """Whether all groups have the same mean."""
        return len({group.mean for group in self.groups}) < 2


def setting_effects(view: View, trials: Sequence[Trial], metric: str, measure: Measure) -> list[Effect]:
    """Return the effects of all settings that differ among the trials, in the order of the space."""
    measured = [trial for trial in trials if _finite_or_none(measure(trial)) is not None]
    results = [_effect(view, measured, name, metric, measure) for name in varying_settings(view, measured)]
    tested = [effect for effect in results if effect.p is not None]
    corrected = dict(
        zip([effect.setting for effect in tested], holm_correction([effect.p or 0.0 for effect in tested]), strict=True)
    )
    return [replace(effect, corrected=corrected.get(effect.setting)) for effect in results]


def _finite_or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _effect(view: View, trials: Sequence[Trial], name: str, metric: str, measure: Measure) -> Effect:
    settings = {trial.number: view.settings(trial) for trial in trials}
    with_setting = tuple(trial for trial in trials if name in settings[trial.number])
    values = [float(measure(trial) or 0.0) for trial in with_setting]
    parameter = searched_space(view).get(name)
    ordered = is_numeric(view, with_setting, name) and not (
        isinstance(parameter, Choice) and parameter.ordered is False
    )
    groups = group_trials(view, with_setting, name, metric, measure)
    if len(with_setting) < MIN_TRIALS_FOR_EFFECT or len(set(values)) < 2:
        return Effect(name, groups, with_setting)
    if ordered:
        positions = [float(settings[trial.number][name]) for trial in with_setting]  # type: ignore[arg-type]
        strength, p = spearman_correlation(positions, values)
        return _trend_or_groups(Effect(name, groups, with_setting, TREND_TEST, strength, p), measure)
    return Effect(name, groups, with_setting, GROUP_TEST, None, _kruskal(groups, measure))


def _trend_or_groups(effect: Effect, measure: Measure) -> Effect:
    """Return the effect by the stronger of two tests: trend, or difference between groups.

    An optimum in the middle of a range has no trend. The smaller p is doubled for the choice between two tests.
    """
    if effect.p is None or len(effect.groups) < 3 or len(effect.trials) < MIN_TRIALS_FOR_GROUP_TEST:
        return effect
    group_p = _kruskal(effect.groups, measure)
    if group_p is None:
        return effect
    how = effect.how if effect.p <= group_p else GROUP_TEST
    return replace(effect, how=how, p=min(1.0, 2 * min(effect.p, group_p)))


def spearman_correlation(first: Sequence[float], second: Sequence[float]) -> tuple[float | None, float | None]:
    """Return Spearman's rank correlation and its p-value; None if one of the samples does not vary."""
    from scipy import stats

    if len(set(first)) < 2 or len(set(second)) < 2 or len(first) < 3:
        return None, None
    result = stats.spearmanr(first, second)
    p = float(result.pvalue)
    return float(result.statistic), p if math.isfinite(p) else None


def _kruskal(groups: Sequence[EffectGroup], measure: Measure) -> float | None:
    from scipy import stats

    samples = [[float(measure(trial) or 0.0) for trial in group.trials] for group in groups]
    if len(samples) < 2 or max(map(len, samples)) < 2:
        return None
    p = float(stats.kruskal(*samples).pvalue)
    return p if math.isfinite(p) else None


def group_trials(
    view: View, trials: Sequence[Trial], name: str, metric: str, measure: Measure
) -> tuple[EffectGroup, ...]:
    """Return trials by value of a setting, or in bins of equal width (on a log scale if searched so)."""
    trials_by_key: dict[str, list[Trial]] = defaultdict(list)
    raw: dict[str, Value] = {}
    for trial in trials:
        value = view.settings(trial)[name]
        key = next((same_key for same_key, seen in raw.items() if values_equal(seen, value)), repr(value))
        raw.setdefault(key, value)
        trials_by_key[key].append(trial)
        if len(raw) > MAX_GROUPS and is_number(value):
            return _bins(view, trials, name, metric, measure)
    if len(raw) > BIN_COUNT and len(raw) > len(trials) / 2 and not isinstance(searched_space(view).get(name), Choice):
        return _bins(view, trials, name, metric, measure)
    order = sorted(trials_by_key, key=lambda key: (0, float(raw[key]), "") if is_number(raw[key]) else (1, 0.0, key))  # type: ignore[arg-type]
    return tuple(_group(view, trials_by_key[key], metric, measure, value=raw[key]) for key in order)


def _bins(view: View, trials: Sequence[Trial], name: str, metric: str, measure: Measure) -> tuple[EffectGroup, ...]:
    if not is_numeric(view, trials, name):
        return ()
    positions = {trial.number: float(view.settings(trial)[name]) for trial in trials}  # type: ignore[arg-type]
    low, high = min(positions.values()), max(positions.values())
    parameter = searched_space(view).get(name)
    log = isinstance(parameter, Float | Int) and parameter.log and low > 0
    scale: Callable[[float], float] = math.log if log else float
    edges = [scale(low) + (scale(high) - scale(low)) * n / BIN_COUNT for n in range(BIN_COUNT + 1)]
    groups = []
    for index in range(BIN_COUNT):
        is_last = index == BIN_COUNT - 1
        members = [
            t
            for t in trials
            if edges[index] <= scale(positions[t.number]) and (is_last or scale(positions[t.number]) < edges[index + 1])
        ]
        if members:
            member_positions = [positions[trial.number] for trial in members]
            groups.append(_group(view, members, metric, measure, low=min(member_positions), high=max(member_positions)))
    return tuple(groups)


def _group(
    view: View,
    trials: Sequence[Trial],
    metric: str,
    measure: Measure,
    *,
    value: Value = None,
    low: float | None = None,
    high: float | None = None,
) -> EffectGroup:
    values = [float(measure(trial) or 0.0) for trial in trials]
    mean = math.fsum(values) / len(values)
    counted = [rate_counts(view, trial, metric) for trial in trials]
    if counted and all(pair is not None for pair in counted):
        k, n = (sum(pair[index] for pair in counted if pair is not None) for index in (0, 1))
        return EffectGroup(value, low, high, tuple(trials), mean, wilson_interval(k, n), (k, n))
    return EffectGroup(value, low, high, tuple(trials), mean, student_interval(values, lower_bound(metric)))


@dataclass(frozen=True, slots=True)
class OneFactorStep:
    """A trial that differs from another in one setting, or in one and those derived from it."""

    trial: Trial
    base: Trial
    changed: Mapping[str, tuple[Value, Value]]


def one_factor_steps(view: View, trials: Sequence[Trial]) -> list[OneFactorStep]:
    """Return the trials that differ from the baseline in one setting."""
    base = view.baseline
    if base is None or all(trial.number != base.number for trial in trials):
        return []
    baseline_settings, steps = view.settings(base), []
    for trial in trials:
        settings = view.settings(trial)
        changed = {
            name: (baseline_settings.get(name), settings.get(name))
            for name in dict.fromkeys([*baseline_settings, *settings])
            if not values_equal(baseline_settings.get(name), settings.get(name))
        }
        if changed and trial.number != base.number:
            steps.append(OneFactorStep(trial, base, changed))
    return [step for step in steps if _is_one_factor(view, step.changed)]


def _is_one_factor(view: View, changed: Mapping[str, tuple[Value, Value]]) -> bool:
    """Return whether a single thing changed.

    That is one setting and those derived from it, or rank and alpha with their ratio kept.
    """
    independent = [name for name in changed if name not in [derived.name for derived in searched_space(view).derived]]
    if len(independent) < 2:
        return True
    rank, alpha = setting_with_role(independent, "rank"), setting_with_role(independent, "alpha")
    if len(independent) > 2 or rank is None or alpha is None:
        return False
    (r0, r1), (a0, a1) = changed[rank], changed[alpha]
    return all(map(is_number, (r0, r1, a0, a1))) and a0 * r1 == a1 * r0  # type: ignore[operator]
