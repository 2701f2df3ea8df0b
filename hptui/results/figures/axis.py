"""Axes of settings and metrics for matplotlib: positions of values, scales, ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
    ScalarFormatter,
)

from hptui.model.clean import sanitize
from hptui.model.format import setting
from hptui.model.parameters import Choice
from hptui.model.trial import Value
from hptui.model.values import canonical_json, is_number, number_text
from hptui.results.figures.figure import axis_label
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis. `levels` are the values of a choice, in order; empty for a range, which may be logarithmic (`log`)."""

    name: str
    label: str
    levels: tuple[Value, ...] = ()
    log: bool = False
    whole: bool = False

    def position_of(self, value: Any) -> float | None:
        """Return the position of a value; None if it is missing, not finite, or not on the axis."""
        if self.levels:
            keys = [canonical_json(level) for level in self.levels]
            return float(keys.index(canonical_json(value))) if canonical_json(value) in keys else None
        if not is_number(value) or not math.isfinite(value) or (self.log and value <= 0):
            return None
        return float(value)

    def apply_to(self, axes: Any, which: str, *, titled: bool = True) -> None:
        """Set scale, ticks and label of the x or y axis (`which`) of matplotlib `axes`."""
        axis = axes.xaxis if which == "x" else axes.yaxis
        if titled:
            axis.set_label_text(self.label)
        if self.levels:
            axis.set_major_locator(FixedLocator(list(range(len(self.levels)))))
            texts = [sanitize(setting(level), limit=16) for level in self.levels]
            axis.set_major_formatter(FuncFormatter(lambda at, _: _level_text(texts, at)))
            getattr(axes, f"set_{which}lim")(-0.6, len(self.levels) - 0.4)
            if which == "x" and sum(map(len, texts)) > 40:
                axes.tick_params(axis="x", labelrotation=30)
            return
        set_number_axis(axes, which, log=self.log, whole=self.whole)


def set_number_axis(axes: Any, which: str, *, log: bool = False, whole: bool = False) -> None:
    """Set plain ticks for numbers: no superscript powers, no offset."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if log:
        getattr(axes, f"set_{which}scale")("log")
        low, high = getattr(axes, f"get_{which}lim")()
        decades = math.log10(high / low) if low > 0 else 3.0
        subs = (1.0,) if decades > 2.5 else (1.0, 3.0) if decades > 1.2 else (1.0, 2.0, 5.0)
        axis.set_major_locator(LogLocator(10.0, subs=subs, numticks=12))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda at, _: _power(at, small=low < 2e-3)))
    else:
        axis.set_major_locator(MaxNLocator(6, integer=whole))
        axis.set_major_formatter(ScalarFormatter(useOffset=False))


def _power(tick: float, *, small: bool) -> str:
    """Return the text of a logarithmic tick; with `small` values below 1 as `1e-3`."""
    if not small or tick >= 0.999 or tick <= 0:
        return number_text(float(f"{tick:.6g}"))
    digits, power = f"{tick:.5e}".split("e")
    return f"{float(digits):g}e{int(power)}"


def make_axis(view: View, name: str, values: Sequence[Value]) -> Axis:
    """Return the axis of a setting or metric, wide enough for all values that were run."""
    parameters = {parameter.name: parameter for parameter in view.study.space.parameters}
    parameter = parameters.get(name)
    present = [value for value in values if value is not None]
    if isinstance(parameter, Choice) or not all(map(is_number, present)):
        levels = list(parameter.levels) if isinstance(parameter, Choice) else []
        return Axis(name, axis_label(view, name), _ordered([*levels, *present]))
    log = bool(parameter and parameter.log) or (parameter is None and _spans_decades(present))
    log = log and all(value > 0 for value in present if is_number(value))
    return Axis(name, axis_label(view, name), (), log, all(isinstance(value, int) for value in present))


def _ordered(values: Sequence[Value]) -> tuple[Value, ...]:
    unique = list({canonical_json(value): value for value in values}.values())
    numbers = all(map(is_number, unique))
    return tuple(sorted(unique, key=_magnitude) if numbers else unique)


def _magnitude(value: Value) -> float:
    return float(value) if is_number(value) else 0.0


def _spans_decades(values: Sequence[Value]) -> bool:
    """Return whether positive numbers span more than a factor of 30."""
    numbers = [float(value) for value in values if is_number(value)]
    return bool(numbers) and min(numbers) > 0 and max(numbers) / min(numbers) > 30


def _level_text(texts: Sequence[str], tick: float) -> str:
    index = round(tick)
    return texts[index] if 0 <= index < len(texts) and abs(tick - index) < 1e-6 else ""


def jitter(index: int, level: Axis) -> float:
    """Return a small deterministic offset that separates points of the same choice; 0 on a range."""
    # Multiples of the golden ratio are spread evenly modulo 1.
    return ((index * 0.61803398875) % 1.0 - 0.5) * 0.3 if level.levels else 0.0
