"""What to try next: a narrower space that the trials speak for, and whether more trials are likely to help."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hptui.model.errors import StudyError
from hptui.model.parameters import Choice, Float, Int, Parameter
from hptui.model.trial import Role, Trial
from hptui.model.values import is_number
from hptui.results.analysis.cohort import in_rank, ranked, searched, value_of
from hptui.results.analysis.compare import Comparisons
from hptui.results.analysis.confounded import Confounded
from hptui.results.analysis.effects import Effect
from hptui.results.analysis.regions import Edge, position
from hptui.results.view import View

TOP = 0.25
LEAST = 3
MARGIN = 0.1


@dataclass(frozen=True, slots=True)
class Narrower:
    """A narrower (or, at an edge, wider) range for one setting, from the best trials."""

    setting: str
    now: str
    then: str
    trials: tuple[Trial, ...]
    wider: bool


def top(view: View) -> list[Trial]:
    """The best quarter of the ranked trials, at least three."""
    order = in_rank(view, ranked(view))
    return order[: max(LEAST, math.ceil(TOP * len(order)))] if len(order) > LEAST else []


def narrower(
    view: View, effects: Sequence[Effect], pairs: Sequence[Confounded] = (), edges: Sequence[Edge] = ()
) -> list[Narrower]:
    """Ranges that hold the best trials, for settings with a measurable effect; at one of `edges` the range is widened.

    Nothing is recommended of a setting whose effect cannot be told from chance, nor of the weaker of two that are
    confounded.
    """
    chosen = top(view)
    telling = {one.setting for one in effects if one.measurable} - overshadowed(effects, pairs)
    ends = {edge.setting: edge for edge in edges}
    found = []
    for parameter in searched(view).parameters:
        values = [view.settings(trial).get(parameter.name) for trial in chosen]
        if parameter.name not in telling or not values:
            continue
        edge = ends.get(parameter.name)
        try:
            then = _narrowed(parameter, values, None if edge is None else edge.low)
        except StudyError:
            continue
        if then is not None and then.describe() != parameter.describe():
            wider = edge is not None
            found.append(Narrower(parameter.name, parameter.describe(), then.describe(), tuple(chosen), wider))
    return found


def overshadowed(effects: Sequence[Effect], pairs: Sequence[Confounded]) -> set[str]:
    """Of each pair that changed together the one with the weaker effect: it may be the other's shadow."""
    chance = {one.setting: 1.0 if one.p is None else one.p for one in effects}
    return {max((pair.one, pair.other), key=lambda name: chance.get(name, 1.0)) for pair in pairs}


def _narrowed(parameter: Parameter, values: Sequence[object], at_low: bool | None) -> Parameter | None:
    if isinstance(parameter, Choice):
        kept = tuple(choice for choice in parameter.choices if choice in values)
        if len(kept) < 2 or at_low is not None:
            return None
        return replace(parameter, choices=kept)
    numbers = [float(value) for value in values if is_number(value)]
    if not numbers or parameter.step is not None:
        return None
    log = parameter.log
    spots = [position(number, parameter.low, parameter.high, log) for number in numbers]
    low, high = max(0.0, min(spots) - MARGIN), min(1.0, max(spots) + MARGIN)
    if at_low is not None:
        low, high = (-0.25, high) if at_low else (low, 1.25)
    if high - low > 0.9 and at_low is None:
        return None
    bounds = [_at(parameter, share) for share in (low, high)]
    if isinstance(parameter, Int):
        least = 1 if parameter.low > 0 else parameter.low
        return replace(parameter, low=max(least, math.floor(bounds[0])), high=math.ceil(bounds[1]))
    start = max(bounds[0], 0.0) if parameter.low >= 0 else bounds[0]
    return replace(parameter, low=float(f"{start:.2g}"), high=float(f"{bounds[1]:.2g}"))


def _at(parameter: Float | Int, share: float) -> float:
    if parameter.log:
        low, high = math.log(parameter.low), math.log(parameter.high)
        return math.exp(low + share * (high - low))
    return parameter.low + share * (parameter.high - parameter.low)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Whether more trials are likely to help. `chance`: that `more` random ones hold a better one."""

    trials: int
    best_at: int
    since: int
    more: int
    chance: float
    noise: bool
    """Whether trials that cannot be told apart from the best are the larger question."""
    order: tuple[Trial, ...]


def outlook(view: View, comparisons: Comparisons | None) -> Outlook | None:
    """From the order in which ranked trials ended; None for fewer than three of a search, or equal ones."""
    field = sorted(ranked(view), key=lambda trial: (trial.ended or 0.0, trial.number))
    searched = [trial for trial in field if trial.role is Role.SEARCH]
    if len(searched) < LEAST or view.best is None or len({value_of(view, trial) for trial in field}) < 2:
        return None
    objective = view.study.objective
    best_at, best = 0, value_of(view, field[0])
    for index, trial in enumerate(field):
        if objective.better(value_of(view, trial), best):
            best_at, best = index, value_of(view, trial)
    n = len(field)
    more = max(5, n // 2)
    noise = comparisons is not None and bool(comparisons.others) and bool(comparisons.alike)
    return Outlook(n, best_at + 1, n - best_at - 1, more, more / (n + more), noise, tuple(field))
