"""Ranges that hold the trials that they name: bounds are rounded outwards, printed, read back and checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from hptui.core.dataclass import dataclass
from hptui.core.errors import ExpressionError, StudyError
from hptui.core.parameters import Choice, Float, Int, Parameter
from hptui.core.shorthand import parse_parameter
from hptui.core.trial import Trial, Value
from hptui.core.values import is_number, number_text, values_equal
from hptui.results.analysis.cohort import (
    active_settings,
    objective_value,
    of_same_code,
    ranked_trials,
    searched_space,
    sort_by_rank,
    violates_outcome,
)
from hptui.results.analysis.edges import beyond_range, position_in_range
from hptui.results.view import View

BEST_SHARE = 0.25
"""Share of the ranked trials that count as the best ones."""
MIN_NAMED = 3
"""Least number of trials that a range names."""
MARGIN = 0.1
"""Margin around its trials, as a share of the current range."""
MAX_MOVED = 0.02
"""Rounding moves a bound by at most this share of the width of the hull."""
MAX_KEPT = 0.9
"""A range that keeps more of the current one is not stated."""


@dataclass(frozen=True, slots=True)
class OutwardRange:
    """A range that holds the best trials. `now` and `then` as text; `new` if it reaches beyond the current one."""

    setting: str
    now: str
    then: str
    trials: tuple[Trial, ...]
    new: bool
    wider: bool
    """Whether it was widened at the edge where the best trial lies."""


def best_quarter(view: View, setting: str) -> list[Trial]:
    """Return the best quarter of the allowed trials that use a setting, three at least; else none.

    Trials that are equal to the last of them are among them.
    """
    space = searched_space(view)
    ranked = of_same_code(view, ranked_trials(view), view.best)
    allowed = [trial for trial in sort_by_rank(view, ranked) if _is_allowed(view, trial)]
    parameter = space.get(setting)
    if parameter is not None and parameter.when is not None:
        allowed = [trial for trial in allowed if setting in active_settings(view, trial, space)]
    if len(allowed) <= MIN_NAMED or not space.parameters:
        return []
    last = allowed[max(MIN_NAMED, math.ceil(BEST_SHARE * len(allowed))) - 1]
    count = max(i for i, trial in enumerate(allowed, 1) if objective_value(view, trial) == objective_value(view, last))
    return allowed[:count]


def _is_allowed(view: View, trial: Trial) -> bool:
    space = searched_space(view)
    if violates_outcome(view, trial):
        return False
    try:
        return space.margin(view.base, space.settle(view.base, view.settings(trial))) <= 0
    except ExpressionError:
        return True  # a constraint that cannot be evaluated rules nothing out


def outward_range(view: View, parameter: Parameter, trials: Sequence[Trial], edge: str = "") -> OutwardRange | None:
    """Return the range of the best trials for one setting; None if there is none worth telling.

    `edge` is `low` or `high` where the range is to be widened. What no trial tried stays in the range.
    """
    values = [view.settings(trial).get(parameter.name) for trial in trials]
    tried = [view.settings(trial).get(parameter.name) for trial in view.trials if not trial.status.open]
    try:
        then = _range(parameter, values, edge, tried)
    except StudyError:  # the rounded bounds are no valid range
        return None
    if then is None or then.describe() == parameter.describe():
        return None
    read_back = parse_parameter(parameter.name, then.describe())
    if not all(_holds(then, value) and _holds(read_back, value) for value in values):
        raise AssertionError(f"the range {then.describe()} does not hold the trials that it names")
    new = not isinstance(parameter, Choice) and not all(_holds(parameter, value) for value in values)
    return OutwardRange(parameter.name, parameter.describe(), then.describe(), tuple(trials), new, bool(edge))


def range_of_values(parameter: Parameter, values: Sequence[Value]) -> str:
    """Return the range that values span, its bounds rounded outwards to few digits; '' for a single value."""
    if isinstance(parameter, Choice):
        kept = [choice for choice in parameter.choices if _is_among(choice, values)]
        return replace(parameter, choices=tuple(kept), weights=(), shape="").describe() if len(kept) > 1 else ""
    numbers = [value for value in values if is_number(value)]
    low, high = min(numbers), max(numbers)
    if low == high:
        return ""
    if not isinstance(low, int) or not isinstance(high, int):
        width = math.log(high / low) if parameter.log else high - low
        low = round_outwards(float(low), down=True, width=width, log=parameter.log)
        high = round_outwards(float(high), down=False, width=width, log=parameter.log)
    return f"{number_text(low)}..{number_text(high)}"


def _holds(parameter: Parameter, value: Value) -> bool:
    """Return whether a value lies in a range, also between its steps: the baseline may."""
    if isinstance(parameter, Choice):
        return parameter.contains(value)
    return is_number(value) and parameter.low <= value <= parameter.high


def _range(parameter: Parameter, values: Sequence[Value], edge: str, tried: Sequence[Value]) -> Parameter | None:
    if isinstance(parameter, Choice):
        kept = tuple(
            choice for choice in parameter.choices if _is_among(choice, values) or not _is_among(choice, tried)
        )
        if edge or len(kept) < 2 or not all(_is_among(value, kept) for value in values):
            return None
        return replace(parameter, choices=kept, weights=(), shape="")
    numbers = [float(value) for value in values if is_number(value)]
    if not numbers or len(numbers) < len(values):
        return None
    low, high = min(parameter.low, *numbers), max(parameter.high, *numbers)
    positions = [position_in_range(number, parameter.low, parameter.high, parameter.log) for number in numbers]
    start, end = min(positions) - MARGIN, max(positions) + MARGIN
    bounds = [_at(parameter, start), _at(parameter, end)]
    # A trial of an older revision outside the current range widens the hull: nothing else does.
    bounds = [max(bounds[0], low), min(bounds[1], high)]
    known = [float(value) for value in tried if is_number(value)]
    if min(known, default=bounds[0]) >= bounds[0]:
        start, bounds[0] = min(start, 0.0), low
    if max(known, default=bounds[1]) <= bounds[1]:
        end, bounds[1] = max(end, 1.0), high
    if edge == "low":
        bounds[0] = beyond_range(parameter, True)
    elif edge == "high":
        bounds[1] = beyond_range(parameter, False)
    elif min(1.0, end) - max(0.0, start) > MAX_KEPT:
        return None
    # A bound that a trial outside of the range has set is rounded as others are.
    least = None if edge == "low" or low < parameter.low else low
    most = None if edge == "high" or high > parameter.high else high
    return _rounded(parameter, bounds[0], bounds[1], least, most)


def _is_among(value: Value, others: Sequence[Value]) -> bool:
    return any(values_equal(value, other) for other in others)


def _at(parameter: Float | Int, share: float) -> float:
    if parameter.log:
        return float(parameter.low * (parameter.high / parameter.low) ** share)
    return float(parameter.low + (parameter.high - parameter.low) * share)


def _rounded(parameter: Float | Int, low: float, high: float, least: float | None, most: float | None) -> Parameter:
    """Return the range with bounds rounded outwards, but not beyond `least` and `most`."""
    if isinstance(parameter, Int):
        step = parameter.step or 1
        first = parameter.low + math.floor((low - parameter.low) / step + 1e-9) * step
        last = parameter.low + math.ceil((high - parameter.low) / step - 1e-9) * step
        if parameter.log or parameter.low >= 1:
            first = max(first, 1)
        return replace(parameter, low=first, high=min(last, int(most)) if most is not None else last)
    if parameter.step is not None:
        grid = Decimal(repr(parameter.step))
        base = Decimal(repr(parameter.low))
        down = math.floor((low - parameter.low) / parameter.step + 1e-9)
        up = math.ceil((high - parameter.low) / parameter.step - 1e-9)
        return replace(parameter, low=float(base + down * grid), high=float(base + up * grid))
    width = math.log(high / low) if parameter.log else high - low
    start = round_outwards(low, down=True, width=width, log=parameter.log)
    end = round_outwards(high, down=False, width=width, log=parameter.log)
    start = start if least is None else max(start, least)
    return replace(parameter, low=start, high=end if most is None else min(end, most))


def to_digits(value: float, digits: int, *, down: bool) -> float:
    """Return a number with a number of significant digits, rounded down or up."""
    exact = Decimal(repr(value))
    unit = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    return float(exact.quantize(unit, rounding=ROUND_FLOOR if down else ROUND_CEILING))


def round_outwards(value: float, *, down: bool, width: float, log: bool) -> float:
    """Return a bound with the fewest digits that move it outwards by at most 2 % of the width."""
    if value == 0 or width <= 0:
        return value
    for digits in range(1, 17):
        rounded = to_digits(value, digits, down=down)
        if log and rounded <= 0:
            continue
        moved = abs(math.log(rounded / value)) if log else abs(rounded - value)
        if moved <= MAX_MOVED * width:
            return rounded
    return value
