"""The ends of searched ranges: whether a value lies at one, and what lies beyond it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hptui.core.dataclass import dataclass
from hptui.core.errors import ExpressionError
from hptui.core.parameters import Choice, Int, Parameter
from hptui.core.space import Space
from hptui.core.trial import Trial, Value
from hptui.core.values import is_number
from hptui.results.analysis.cohort import active_settings, is_in_use, searched_space
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class BestAtEdge:
    """The best trial lies at the edge of a searched range. `bound`: the end of the range."""

    setting: str
    value: Value
    low: bool
    bound: Value


EDGE = 0.05
"""Share of a range from its end that counts as its edge."""


def edge_of(parameter: Parameter, value: Value) -> str:
    """Return `low` or `high` if a value is at that edge of a range or of three choices; else ''."""
    if isinstance(parameter, Choice):
        choices = [choice for choice in parameter.choices if is_number(choice)]
        if not parameter.ordinal or not len(choices) == len(parameter.choices) > 2 or not is_number(value):
            return ""
        return "low" if value == min(choices) else "high" if value == max(choices) else ""
    if not is_number(value) or not parameter.low <= value <= parameter.high:
        return ""
    fraction = position_in_range(value, parameter.low, parameter.high, parameter.log)
    return "low" if fraction <= EDGE else "high" if fraction >= 1 - EDGE else ""


def bests_at_edge(view: View, best: Trial) -> list[BestAtEdge]:
    """Return settings whose best value is within 5 % of an end of the range, or the outermost choice.

    Not at an end that means something: 0, 1 of a share, one layer, the limit of a constraint. Nor where a value beyond
    the end was tried: by hand, in an earlier space, in another stage, or by an imported trial.
    """
    results = []
    space = searched_space(view)
    settings = active_settings(view, best, space)
    for parameter in space.parameters:
        value = settings.get(parameter.name)
        side = edge_of(parameter, value)
        if not side:
            continue
        low = side == "low"
        bound = value if isinstance(parameter, Choice) else parameter.low if low else parameter.high
        if _means_something(parameter, bound, low) or _is_limited(view, space, best, parameter, low):
            continue
        if not _is_any_beyond(tried_values(view, parameter.name), bound, low):
            results.append(BestAtEdge(parameter.name, value, low, bound))
    return results


def tried_values(view: View, name: str) -> list[float]:
    """Return the numbers that trials which ended had for a setting, as far as it was in use."""
    ended = [trial for trial in view.trials if not trial.status.open and not trial.is_uninformative]
    values = [view.settings(trial).get(name) for trial in ended if is_in_use(view, trial, name)]
    return [float(value) for value in values if is_number(value)]


def _is_any_beyond(values: Sequence[float], bound: Value, low: bool) -> bool:
    assert is_number(bound)
    return any(value < bound if low else value > bound for value in values)


def lie_at_an_end(view: View, parameter: Parameter, best: Trial, trials: Sequence[Trial]) -> bool:
    """Return whether the best trials lie at an end of a range: what is better may lie beyond it.

    They do if the best of all does, or if all lie in the half at that end and nothing further out was tried. Not at 0,
    at one layer or at the limit of a constraint, beyond which there is nothing, nor where a value beyond was tried.
    """
    scale = _scale_of(parameter)
    values = [view.settings(trial).get(parameter.name) for trial in trials]
    known = [value for value in values if is_number(value)]
    if not scale or not known or len(known) < len(values):
        return False
    tried, side = tried_values(view, parameter.name), edge_of(parameter, view.settings(best).get(parameter.name))
    for low, bound in ((True, scale[0]), (False, scale[-1])):
        is_last = low and _means_something(parameter, bound, low)  # a share of 1 may be no share
        if is_last or _is_any_beyond(tried, bound, low):
            continue
        if _is_limited(view, searched_space(view), best, parameter, low):
            continue
        outermost, inmost = (min(known), max(known)) if low else (max(known), min(known))
        is_outer = (
            (_share(parameter, scale, inmost) <= OUTER) if low else (_share(parameter, scale, inmost) >= 1 - OUTER)
        )
        if side == ("low" if low else "high") or (is_outer and not _is_any_beyond(tried, outermost, low)):
            return True
    return False


OUTER = 0.5
"""Share of a range from its end within which trials lie at that end, if nothing further out was tried."""


def _scale_of(parameter: Parameter) -> list[int | float]:
    """Return the ends of a range, or the choices that are numbers with an order; [] of others."""
    if not isinstance(parameter, Choice):
        return [parameter.low, parameter.high]
    numbers = [choice for choice in parameter.levels if is_number(choice)]
    return numbers if parameter.ordinal and len(numbers) > 2 else []


def _share(parameter: Parameter, scale: Sequence[int | float], value: float) -> float:
    """Return where a value lies, from 0 to 1; of choices by their order."""
    if not isinstance(parameter, Choice):
        return position_in_range(value, parameter.low, parameter.high, parameter.log)
    return sum(choice < value for choice in scale) / (len(scale) - 1)


def _means_something(parameter: Parameter, bound: Value, low: bool) -> bool:
    """Return whether no value beyond a bound makes sense: a rate of 0, one layer, a share of 1."""
    if not is_number(bound):
        return True
    if low:
        return bound == 0 or (isinstance(bound, int) and bound == 1)
    is_share = not isinstance(parameter, Choice | Int) and parameter.low >= 0
    return is_share and bound == 1


def _is_limited(view: View, space: Space, best: Trial, parameter: Parameter, low: bool) -> bool:
    """Return whether a constraint forbids the values beyond an end, with the rest as in the best trial."""
    if isinstance(parameter, Choice):
        values = sorted(float(choice) for choice in parameter.choices if is_number(choice))
        beyond = values[0] - (values[1] - values[0]) if low else values[-1] + (values[-1] - values[-2])
    else:
        beyond = beyond_range(parameter, low)
    number: Value = round(beyond) if isinstance(view.settings(best).get(parameter.name), int) else beyond
    try:
        settings = {**view.settings(best), parameter.name: number}
        return space.margin(view.base, space.settle(view.base, settings)) > 0
    except ExpressionError:
        return False


WIDER = 0.25
"""Share of a range by which it is widened at an edge."""


def beyond_range(parameter: Parameter, low: bool) -> float:
    """Return the bound of a range that is widened at one end."""
    assert not isinstance(parameter, Choice)
    if parameter.log:
        factor = float((parameter.high / parameter.low) ** WIDER)
        return parameter.low / factor if low else parameter.high * factor
    width = WIDER * (parameter.high - parameter.low)
    below = float(parameter.low - width)
    return (max(below, 0.0) if parameter.low >= 0 else below) if low else parameter.high + width


def position_in_range(value: float, low: float, high: float, log: bool) -> float:
    """Return the position of a value in a range: 0 at its low end, 1 at its high end."""
    if log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)
