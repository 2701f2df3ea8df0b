"""What each setting does to each metric: means by group with n and interval, ranks, one-factor-at-a-time steps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from hptui.model.parameters import Choice, Float, Int
from hptui.model.trial import Trial, Value
from hptui.model.values import is_number, same
from hptui.results.analysis.cohort import numeric, searched, varied
from hptui.results.analysis.compare import ALPHA, holm
from hptui.results.analysis.intervals import Interval, counts, student, wilson
from hptui.results.roles import floor_of, setting_of
from hptui.results.view import View

FEW = 5
"""From fewer trials than these nothing is said of an effect."""
GROUPS = 8
"""A setting with more distinct values than these is a continuum, and shown in bins."""
BINS = 3
ENOUGH = 8
"""From so many trials on, groups of ordered values are tested, too."""
TREND = "rank correlation"
AMONG = "Kruskal-Wallis"

Metric = Callable[[Trial], float | None]


@dataclass(frozen=True, slots=True)
class Group:
    """The trials with one value of a setting, or with values within `low` and `high`."""

    value: Value
    low: float | None
    high: float | None
    trials: tuple[Trial, ...]
    mean: float
    interval: Interval | None
    counts: tuple[int, int] | None = None
    """Correct and asked, over all of them, where the metric is a rate that was counted."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a setting does to a metric. `p` is of the test `how`, `corrected` among all settings; None: too few."""

    setting: str
    groups: tuple[Group, ...]
    trials: tuple[Trial, ...]
    how: str = ""
    strength: float | None = None
    """Spearman's rank correlation, where values are ordered."""
    p: float | None = None
    corrected: float | None = None

    @property
    def measurable(self) -> bool:
        """Whether it can be told from chance, given that all settings were looked at."""
        return self.corrected is not None and self.corrected < ALPHA

    @property
    def steady(self) -> bool:
        """Whether what was found is a trend: the metric rises, or falls, as the setting grows."""
        return self.how == TREND and self.strength is not None

    @property
    def constant(self) -> bool:
        """Whether all trials have the same value of the metric."""
        return len({group.mean for group in self.groups}) < 2


def effects(view: View, trials: Sequence[Trial], metric: str, measure: Metric) -> list[Effect]:
    """The effect of every setting that differs among the trials, in the order of the space."""
    having = [trial for trial in trials if _number(measure(trial)) is not None]
    found = [_effect(view, having, name, metric, measure) for name in varied(view, having)]
    tested = [one for one in found if one.p is not None]
    corrected = dict(zip([one.setting for one in tested], holm([one.p or 0.0 for one in tested]), strict=True))
    return [replace(one, corrected=corrected.get(one.setting)) for one in found]


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _effect(view: View, trials: Sequence[Trial], name: str, metric: str, measure: Metric) -> Effect:
    settings = {trial.number: view.settings(trial) for trial in trials}
    having = tuple(trial for trial in trials if name in settings[trial.number])
    values = [float(measure(trial) or 0.0) for trial in having]
    parameter = searched(view).get(name)
    ordered = numeric(view, having, name) and not (isinstance(parameter, Choice) and parameter.ordered is False)
    groups = grouped(view, having, name, metric, measure)
    if len(having) < FEW or len(set(values)) < 2:
        return Effect(name, groups, having)
    if ordered:
        where = [float(settings[trial.number][name]) for trial in having]  # type: ignore[arg-type]
        strength, p = spearman(where, values)
        return _ordered(Effect(name, groups, having, TREND, strength, p), measure)
    return Effect(name, groups, having, AMONG, None, _kruskal(groups, measure))


def _ordered(effect: Effect, measure: Metric) -> Effect:
    """The trend of ordered values, or where that says less the difference between their groups: a middle that is best
    has no trend. The better of two tests counts twice its p.
    """
    if effect.p is None or len(effect.groups) < 3 or len(effect.trials) < ENOUGH:
        return effect
    among = _kruskal(effect.groups, measure)
    if among is None:
        return effect
    how = effect.how if effect.p <= among else AMONG
    return replace(effect, how=how, p=min(1.0, 2 * min(effect.p, among)))


def spearman(one: Sequence[float], other: Sequence[float]) -> tuple[float | None, float | None]:
    """Rank correlation and its p-value; None where one of them does not vary."""
    from scipy import stats

    if len(set(one)) < 2 or len(set(other)) < 2 or len(one) < 3:
        return None, None
    found = stats.spearmanr(one, other)
    p = float(found.pvalue)
    return float(found.statistic), p if math.isfinite(p) else None


def _kruskal(groups: Sequence[Group], measure: Metric) -> float | None:
    from scipy import stats

    samples = [[float(measure(trial) or 0.0) for trial in group.trials] for group in groups]
    if len(samples) < 2 or max(map(len, samples)) < 2:
        return None
    p = float(stats.kruskal(*samples).pvalue)
    return p if math.isfinite(p) else None


def grouped(view: View, trials: Sequence[Trial], name: str, metric: str, measure: Metric) -> tuple[Group, ...]:
    """Trials by value of a setting, or in bins of equal width (by magnitude where it is searched so)."""
    by: dict[str, list[Trial]] = defaultdict(list)
    raw: dict[str, Value] = {}
    for trial in trials:
        value = view.settings(trial)[name]
        key = next((known for known, one in raw.items() if same(one, value)), repr(value))
        raw.setdefault(key, value)
        by[key].append(trial)
        if len(raw) > GROUPS and is_number(value):
            return _bins(view, trials, name, metric, measure)
    if len(raw) > BINS and len(raw) > len(trials) / 2 and not isinstance(searched(view).get(name), Choice):
        return _bins(view, trials, name, metric, measure)
    order = sorted(by, key=lambda key: (0, float(raw[key]), "") if is_number(raw[key]) else (1, 0.0, key))  # type: ignore[arg-type]
    return tuple(_group(view, by[key], metric, measure, value=raw[key]) for key in order)


def _bins(view: View, trials: Sequence[Trial], name: str, metric: str, measure: Metric) -> tuple[Group, ...]:
    if not numeric(view, trials, name):
        return ()
    where = {trial.number: float(view.settings(trial)[name]) for trial in trials}  # type: ignore[arg-type]
    low, high = min(where.values()), max(where.values())
    parameter = searched(view).get(name)
    log = isinstance(parameter, Float | Int) and parameter.log and low > 0
    scale: Callable[[float], float] = math.log if log else float
    edges = [scale(low) + (scale(high) - scale(low)) * n / BINS for n in range(BINS + 1)]
    found = []
    for index in range(BINS):
        last = index == BINS - 1
        inside = [
            t
            for t in trials
            if edges[index] <= scale(where[t.number]) and (last or scale(where[t.number]) < edges[index + 1])
        ]
        if inside:
            ends = [where[trial.number] for trial in inside]
            found.append(_group(view, inside, metric, measure, low=min(ends), high=max(ends)))
    return tuple(found)


def _group(
    view: View,
    trials: Sequence[Trial],
    metric: str,
    measure: Metric,
    *,
    value: Value = None,
    low: float | None = None,
    high: float | None = None,
) -> Group:
    values = [float(measure(trial) or 0.0) for trial in trials]
    mean = math.fsum(values) / len(values)
    counted = [counts(view, trial, metric) for trial in trials]
    if counted and all(one is not None for one in counted):
        k, n = (sum(one[index] for one in counted if one is not None) for index in (0, 1))
        return Group(value, low, high, tuple(trials), mean, wilson(k, n), (k, n))
    return Group(value, low, high, tuple(trials), mean, student(values, floor_of(metric)))


@dataclass(frozen=True, slots=True)
class Step:
    """A trial that differs from another in one setting, or in one and those derived from it."""

    trial: Trial
    base: Trial
    changed: Mapping[str, tuple[Value, Value]]


def one_factor(view: View, trials: Sequence[Trial]) -> list[Step]:
    """The trials that differ from the baseline in one thing."""
    base = view.baseline
    if base is None or all(trial.number != base.number for trial in trials):
        return []
    own, steps = view.settings(base), []
    for trial in trials:
        settings = view.settings(trial)
        changed = {
            name: (own.get(name), settings.get(name))
            for name in dict.fromkeys([*own, *settings])
            if not same(own.get(name), settings.get(name))
        }
        if changed and trial.number != base.number:
            steps.append(Step(trial, base, changed))
    return [step for step in steps if _one(view, step.changed)]


def _one(view: View, changed: Mapping[str, tuple[Value, Value]]) -> bool:
    """Whether one thing changed: a setting, beside those derived from it, or rank and alpha with their ratio kept."""
    free = [name for name in changed if name not in [one.name for one in searched(view).derived]]
    if len(free) < 2:
        return True
    rank, alpha = setting_of(free, "rank"), setting_of(free, "alpha")
    if len(free) > 2 or rank is None or alpha is None:
        return False
    (r0, r1), (a0, a1) = changed[rank], changed[alpha]
    return all(map(is_number, (r0, r1, a0, a1))) and a0 * r1 == a1 * r0  # type: ignore[operator]
