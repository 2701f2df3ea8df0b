"""A parameter as an axis from 0 to 1, and its values as indices: the coordinates that engines use.

A choice and a stepped range are discrete: they have levels, in order where there is one. A range without steps is a
continuum on its own scale, linear or logarithmic.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from decimal import Decimal
from itertools import accumulate

from hptui.core.space import Choice, Float, Int, Parameter
from hptui.core.trial import Value


def is_discrete(parameter: Parameter) -> bool:
    """Return whether engines use indices of levels instead of the numbers themselves."""
    return isinstance(parameter, Choice) or parameter.step is not None


def value_at_index(parameter: Parameter, index: int) -> Value:
    """Return the value at this index of a discrete parameter.

    Decimal arithmetic keeps steps of 0.1 from returning 0.30000000000000004. Raises: ValueError for a range without
    steps.
    """
    match parameter:
        case Choice(levels=levels):
            return levels[index]
        case Float(low=low, step=float(step)):
            return float(Decimal(repr(low)) + index * Decimal(repr(step)))
        case Int(low=low, step=int(step)):
            return low + index * step
    raise ValueError(f"{parameter.name} has no steps")


def index_of(parameter: Parameter, value: Value) -> int:
    """Return the index of a value that the discrete parameter contains."""
    if isinstance(parameter, Choice):
        return parameter.index(value)
    assert isinstance(value, int | float)
    assert parameter.step is not None
    return round((value - parameter.low) / parameter.step)


def value_at(parameter: Parameter, fraction: float) -> Value:
    """Return the value at a fraction (0 to 1) of the parameter's own scale."""
    if is_discrete(parameter):
        size = parameter.size or 1
        if isinstance(parameter, Choice) and parameter.weights:
            return value_at_index(parameter, _weighted_index(parameter.level_weights, fraction))
        return value_at_index(parameter, min(int(fraction * size), size - 1))
    low, high = _bounds(parameter)
    number = low * math.pow(high / low, fraction) if _is_log(parameter) else low + (high - low) * fraction
    assert not isinstance(parameter, Choice)
    return parameter.clamp(number)


def fraction_of(parameter: Parameter, value: Value) -> float:
    """Return the fraction (0 to 1) at which a value lies: the middle of what `value_at` maps to it."""
    if is_discrete(parameter):
        if isinstance(parameter, Choice) and parameter.weights:
            bounds = [0.0, *_cumulative_weights(parameter.level_weights)]
            return (bounds[index_of(parameter, value)] + bounds[index_of(parameter, value) + 1]) / 2
        return (index_of(parameter, value) + 0.5) / (parameter.size or 1)
    low, high = _bounds(parameter)
    assert isinstance(value, int | float)
    return math.log(value / low) / math.log(high / low) if _is_log(parameter) else (value - low) / (high - low)


def _cumulative_weights(weights: tuple[float, ...]) -> list[float]:
    """Return the upper end of each level's part of the axis from 0 to 1."""
    total = sum(weights)
    return [partial_sum / total for partial_sum in accumulate(weights)]


def _weighted_index(weights: tuple[float, ...], fraction: float) -> int:
    """Return the index of the level at a fraction of the axis.

    Each level takes a part that is proportional to its weight; levels of weight 0 are never returned.
    """
    index = bisect_right(_cumulative_weights(weights), fraction)
    return index if index < len(weights) else max(index for index, weight in enumerate(weights) if weight)


def _bounds(parameter: Parameter) -> tuple[float, float]:
    """Return the bounds of a continuum.

    Integers extend half a unit further, so that both ends are as likely as their neighbours.
    """
    assert not isinstance(parameter, Choice)
    margin = 0.5 if isinstance(parameter, Int) else 0.0
    return parameter.low - margin, parameter.high + margin


def _is_log(parameter: Parameter) -> bool:
    return not isinstance(parameter, Choice) and parameter.log
