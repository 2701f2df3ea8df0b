"""A parameter as an axis from 0 to 1, and its values as places in a row: the terms in which engines think.

A choice and a stepped range are counted: they have levels, in order where they have one. A range without steps is a
continuum on its own scale, linear or logarithmic.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from decimal import Decimal
from itertools import accumulate

from hptui.model.space import Choice, Float, Int, Parameter
from hptui.model.trial import Value


def counted(parameter: Parameter) -> bool:
    """Whether engines see places in a row, and not the numbers themselves."""
    return isinstance(parameter, Choice) or parameter.step is not None


def level(parameter: Parameter, place: int) -> Value:
    """The value at this place of a counted parameter; steps of 0.1 do not come back as 0.30000000000000004."""
    match parameter:
        case Choice(levels=levels):
            return levels[place]
        case Float(low=low, step=float(step)):
            return float(Decimal(repr(low)) + place * Decimal(repr(step)))
        case Int(low=low, step=int(step)):
            return low + place * step
    raise ValueError(f"{parameter.name} has no steps")


def place(parameter: Parameter, value: Value) -> int:
    """The place of a value that the counted parameter contains."""
    if isinstance(parameter, Choice):
        return parameter.index(value)
    assert isinstance(value, int | float)
    assert parameter.step is not None
    return round((value - parameter.low) / parameter.step)


def at(parameter: Parameter, share: float) -> Value:
    """The value that stands this share (from 0 to 1) of the way through the parameter, on its own scale."""
    if counted(parameter):
        size = parameter.size or 1
        if isinstance(parameter, Choice) and parameter.weights:
            return level(parameter, _weighted(parameter.level_weights, share))
        return level(parameter, min(int(share * size), size - 1))
    low, high = _ends(parameter)
    found = low * math.pow(high / low, share) if _log(parameter) else low + (high - low) * share
    assert not isinstance(parameter, Choice)
    return parameter.held(found)


def share(parameter: Parameter, value: Value) -> float:
    """Where a value stands; the middle of what `at` takes for it."""
    if counted(parameter):
        if isinstance(parameter, Choice) and parameter.weights:
            ends = [0.0, *_shares(parameter.level_weights)]
            return (ends[place(parameter, value)] + ends[place(parameter, value) + 1]) / 2
        return (place(parameter, value) + 0.5) / (parameter.size or 1)
    low, high = _ends(parameter)
    assert isinstance(value, int | float)
    return math.log(value / low) / math.log(high / low) if _log(parameter) else (value - low) / (high - low)


def _shares(weights: tuple[float, ...]) -> list[float]:
    """Up to where each level reaches from 0 to 1."""
    total = sum(weights)
    return [reached / total for reached in accumulate(weights)]


def _weighted(weights: tuple[float, ...], share: float) -> int:
    """The level at a share of the axis: one with more weight takes more of it, one with none is never met."""
    place = bisect_right(_shares(weights), share)
    return place if place < len(weights) else max(index for index, weight in enumerate(weights) if weight)


def _ends(parameter: Parameter) -> tuple[float, float]:
    """The ends of a continuum. Whole numbers reach half a unit beyond: each end is as likely as its width."""
    assert not isinstance(parameter, Choice)
    beyond = 0.5 if isinstance(parameter, Int) else 0.0
    return parameter.low - beyond, parameter.high + beyond


def _log(parameter: Parameter) -> bool:
    return not isinstance(parameter, Choice) and parameter.log
