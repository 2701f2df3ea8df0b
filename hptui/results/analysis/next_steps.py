"""Next steps: ranges that the trials support, and the chance that more trials improve the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hptui.core.errors import StudyError
from hptui.core.parameters import Choice, Float, Int, Parameter
from hptui.core.trial import Role, Trial
from hptui.core.values import is_number
from hptui.results.analysis.cohort import objective_value, ranked_trials, searched_space, sort_by_rank
from hptui.results.analysis.confounding import ConfoundedPair
from hptui.results.analysis.effects import Effect
from hptui.results.analysis.failure_regions import BestAtEdge, position_in_range
from hptui.results.analysis.significance import ComparisonsWithBest
from hptui.results.view import View

BEST_SHARE = 0.25
"""Share of the ranked trials that count as the best ones."""
MIN_TRIALS_FOR_NEXT_STEPS = 3
"""Minimum number of trials for a range and for an outlook."""
RANGE_MARGIN = 0.1
"""Margin that a suggested range has around its trials, as a share of the current range."""


@dataclass(frozen=True, slots=True)
class SuggestedRange:
    """A narrower (or, at an edge, wider) range for one setting, from the best trials. `now`, `then`: as text."""

    setting: str
    now: str
    then: str
    trials: tuple[Trial, ...]
    wider: bool


def best_quarter(view: View) -> list[Trial]:
    """Return the best quarter of the ranked trials, at least three; none of three or fewer."""
    order = sort_by_rank(view, ranked_trials(view))
    return (
        order[: max(MIN_TRIALS_FOR_NEXT_STEPS, math.ceil(BEST_SHARE * len(order)))]
        if len(order) > MIN_TRIALS_FOR_NEXT_STEPS
        else []
    )


def suggest_ranges(
    view: View, effects: Sequence[Effect], pairs: Sequence[ConfoundedPair] = (), edges: Sequence[BestAtEdge] = ()
) -> list[SuggestedRange]:
    """Return ranges that contain the best trials, for settings with a measurable effect.

    A range is extended at an edge given in `edges`. Nothing is suggested for a setting without a significant effect,
    nor for the weaker one of a confounded pair.
    """
    chosen = best_quarter(view)
    significant = {effect.setting for effect in effects if effect.is_significant} - weaker_of_confounded(effects, pairs)
    edges_by_setting = {edge.setting: edge for edge in edges}
    suggestions = []
    for parameter in searched_space(view).parameters:
        values = [view.settings(trial).get(parameter.name) for trial in chosen]
        if parameter.name not in significant or not values:
            continue
        edge = edges_by_setting.get(parameter.name)
        try:
            then = _suggested_parameter(parameter, values, None if edge is None else edge.low)
        except StudyError:  # the rounded bounds are not a valid range
            continue
        if then is not None and then.describe() != parameter.describe():
            wider = edge is not None
            suggestions.append(
                SuggestedRange(parameter.name, parameter.describe(), then.describe(), tuple(chosen), wider)
            )
    return suggestions


def weaker_of_confounded(effects: Sequence[Effect], pairs: Sequence[ConfoundedPair]) -> set[str]:
    """Return of each confounded pair the setting with the weaker effect: it may be caused by the other."""
    p_values = {effect.setting: 1.0 if effect.p is None else effect.p for effect in effects}
    return {max((pair.first, pair.second), key=lambda name: p_values.get(name, 1.0)) for pair in pairs}


def _suggested_parameter(parameter: Parameter, values: Sequence[object], at_low: bool | None) -> Parameter | None:
    if isinstance(parameter, Choice):
        choices = tuple(choice for choice in parameter.choices if choice in values)
        if len(choices) < 2 or at_low is not None:
            return None
        return replace(parameter, choices=choices)
    numbers = [float(value) for value in values if is_number(value)]
    if not numbers or parameter.step is not None:
        return None
    log = parameter.log
    positions = [position_in_range(number, parameter.low, parameter.high, log) for number in numbers]
    low, high = max(0.0, min(positions) - RANGE_MARGIN), min(1.0, max(positions) + RANGE_MARGIN)
    if at_low is not None:
        # The best lies at an edge: extend the range by a quarter on that side.
        low, high = (-0.25, high) if at_low else (low, 1.25)
    if high - low > 0.9 and at_low is None:
        return None
    bounds = [_value_at(parameter, share) for share in (low, high)]
    if isinstance(parameter, Int):
        minimum = 1 if parameter.low > 0 else parameter.low
        return replace(parameter, low=max(minimum, math.floor(bounds[0])), high=math.ceil(bounds[1]))
    start = max(bounds[0], 0.0) if parameter.low >= 0 else bounds[0]
    return replace(parameter, low=float(f"{start:.2g}"), high=float(f"{bounds[1]:.2g}"))


def _value_at(parameter: Float | Int, fraction: float) -> float:
    if parameter.log:
        low, high = math.log(parameter.low), math.log(parameter.high)
        return math.exp(low + fraction * (high - low))
    return parameter.low + fraction * (parameter.high - parameter.low)


@dataclass(frozen=True, slots=True)
class ExpectedImprovement:
    """The chance that more trials improve the best.

    `best_at`: place of the best in the order of ending, from 1; `since`: trials that ended later; `chance`:
    probability that `more` random trials contain a better one.
    """

    trials: int
    best_at: int
    since: int
    more: int
    chance: float
    noise: bool
    """Whether trials that do not differ significantly from the best are the larger question."""
    order: tuple[Trial, ...]


def expected_improvement(view: View, comparisons: ComparisonsWithBest | None) -> ExpectedImprovement | None:
    """Return the outlook from the order in which ranked trials ended.

    None for fewer than three trials of a search, or if all values are equal. Of n + m random trials each is the best
    with equal probability, so m more contain it with probability m / (n + m).
    """
    trials = sorted(ranked_trials(view), key=lambda trial: (trial.ended or 0.0, trial.number))
    search_trials = [trial for trial in trials if trial.role is Role.SEARCH]
    if (
        len(search_trials) < MIN_TRIALS_FOR_NEXT_STEPS
        or view.best is None
        or len({objective_value(view, trial) for trial in trials}) < 2
    ):
        return None
    objective = view.study.objective
    best_at, best = 0, objective_value(view, trials[0])
    for index, trial in enumerate(trials):
        if objective.better(objective_value(view, trial), best):
            best_at, best = index, objective_value(view, trial)
    n = len(trials)
    more = max(5, n // 2)
    noise = comparisons is not None and bool(comparisons.others) and bool(comparisons.indistinguishable)
    return ExpectedImprovement(n, best_at + 1, n - best_at - 1, more, more / (n + more), noise, tuple(trials))
