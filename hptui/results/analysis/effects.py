"""Trials by value of a setting, for tables: means by group with their spread; and one-factor steps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from hptui.core.dataclass import dataclass
from hptui.core.parameters import Choice, Float, Int
from hptui.core.trial import Role, Trial, Value
from hptui.core.values import is_number, values_equal
from hptui.results.analysis.cohort import active_settings, is_numeric, searched_space, varying_settings
from hptui.results.analysis.significance import Interval, student_interval, upper_bound
from hptui.results.roles import lower_bound, setting_with_role
from hptui.results.view import View

MAX_GROUPS = 8
"""A number with more distinct values is grouped into bins."""
BIN_COUNT = 3
"""Number of bins of equal width."""
MIN_FOR_INTERVAL = 3
"""The interval of a mean of fewer trials is too wide to be useful."""
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


@dataclass(frozen=True, slots=True)
class SettingGroups:
    """The trials by value of a setting, for tables. What a setting does is not read off groups."""

    setting: str
    groups: tuple[EffectGroup, ...]
    trials: tuple[Trial, ...]

    @property
    def constant(self) -> bool:
        """Whether all groups have the same mean."""
        return len({group.mean for group in self.groups}) < 2


def setting_groups(view: View, trials: Sequence[Trial], metric: str, measure: Measure) -> list[SettingGroups]:
    """Return the groups of all settings that differ among the trials, without derived ones."""
    measured = [trial for trial in trials if (value := measure(trial)) is not None and math.isfinite(value)]
    matches = []
    derived = {setting.name for setting in searched_space(view).derived}
    for name in varying_settings(view, measured):
        if name in derived:
            continue
        members = tuple(trial for trial in measured if name in view.settings(trial))
        matches.append(SettingGroups(name, group_trials(view, members, name, metric, measure), members))
    return matches


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
    # The trial is the unit, of a rate too: questions of several trials are not draws of one rate.
    interval = student_interval(values, *_bounds(view, trials, metric)) if len(values) >= MIN_FOR_INTERVAL else None
    return EffectGroup(value, low, high, tuple(trials), mean, interval)


def _bounds(view: View, trials: Sequence[Trial], metric: str) -> tuple[float | None, float | None]:
    ceiling = upper_bound(view, trials, metric)
    return 0.0 if ceiling is not None else lower_bound(metric), ceiling


@dataclass(frozen=True, slots=True)
class OneFactorStep:
    """A trial that differs from another in one setting, or in one and those derived from it."""

    trial: Trial
    base: Trial
    changed: Mapping[str, tuple[Value, Value]]


def one_factor_steps(view: View, trials: Sequence[Trial]) -> list[OneFactorStep]:
    """Return the trials that differ from the baseline in one setting.

    Of imported ones that is unknown next to one that ran here: what was not recorded may differ, too. Those that ran
    other code or data differ in that as well.
    """
    own = view.baseline
    # As it is ranked: where configurations stand by the mean of their runs, so does the baseline.
    base = next((trial for trial in trials if own is not None and trial.number == own.number), None)
    if base is None:
        return []
    baseline_settings, steps = view.settings(base), []
    for trial in trials:
        settings, used = view.settings(trial), active_settings(view, trial)
        changed = {
            name: (baseline_settings.get(name), settings.get(name))
            for name in dict.fromkeys([*baseline_settings, *settings])
            if not values_equal(baseline_settings.get(name), settings.get(name))
            and (name in used or name not in settings)  # what has no part in the trial is no step
        }
        alike = (trial.role is Role.IMPORTED) == (base.role is Role.IMPORTED)
        alike = alike and not view.ran_other_code(trial.number, base.number)
        if changed and alike and trial.number != base.number:
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
