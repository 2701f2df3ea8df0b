"""A setting or a metric as an axis: where a value lies on it, and what its ticks say."""

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

from hptui.model.clean import clean
from hptui.model.format import setting
from hptui.model.parameters import Choice
from hptui.model.trial import Value
from hptui.model.values import canonical, is_number, number_text
from hptui.results.figures.figure import label
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class Axis:
    """`levels` are the places of a choice, in order; empty for a range, which may be logarithmic."""

    name: str
    label: str
    levels: tuple[Value, ...] = ()
    log: bool = False
    whole: bool = False

    def place(self, value: Any) -> float | None:
        """Where a value lies; None where it has no place: it is missing, or no finite number."""
        if self.levels:
            keys = [canonical(level) for level in self.levels]
            return float(keys.index(canonical(value))) if canonical(value) in keys else None
        if not is_number(value) or not math.isfinite(value) or (self.log and value <= 0):
            return None
        return float(value)

    def dress(self, axes: Any, which: str, *, titled: bool = True) -> None:
        """Scale, ticks and label of the x or y axis of `axes`."""
        axis = axes.xaxis if which == "x" else axes.yaxis
        if titled:
            axis.set_label_text(self.label)
        if self.levels:
            axis.set_major_locator(FixedLocator(list(range(len(self.levels)))))
            texts = [clean(setting(level), limit=16) for level in self.levels]
            axis.set_major_formatter(FuncFormatter(lambda at, _: _nth(texts, at)))
            getattr(axes, f"set_{which}lim")(-0.6, len(self.levels) - 0.4)
            if which == "x" and sum(map(len, texts)) > 40:
                axes.tick_params(axis="x", labelrotation=30)
            return
        dress_number(axes, which, log=self.log, whole=self.whole)


def dress_number(axes: Any, which: str, *, log: bool = False, whole: bool = False) -> None:
    """Plain ticks for numbers: no powers as superscripts, no offsets."""
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


def _power(at: float, *, small: bool) -> str:
    """A tick of a logarithmic axis; where the smallest are powers of ten, all below 1 are."""
    if not small or at >= 0.999 or at <= 0:
        return number_text(float(f"{at:.6g}"))
    digits, power = f"{at:.5e}".split("e")
    return f"{float(digits):g}e{int(power)}"


def axis_of(view: View, name: str, values: Sequence[Value]) -> Axis:
    """The axis of a setting, wide enough for all values that were run; of a metric, a range."""
    known = {parameter.name: parameter for parameter in view.study.space.parameters}
    parameter = known.get(name)
    found = [value for value in values if value is not None]
    if isinstance(parameter, Choice) or not all(map(is_number, found)):
        own = list(parameter.levels) if isinstance(parameter, Choice) else []
        return Axis(name, label(view, name), _ordered([*own, *found]))
    log = bool(parameter and parameter.log) or (parameter is None and _spread(found))
    log = log and all(value > 0 for value in found if is_number(value))
    return Axis(name, label(view, name), (), log, all(isinstance(value, int) for value in found))


def _ordered(values: Sequence[Value]) -> tuple[Value, ...]:
    unique = list({canonical(value): value for value in values}.values())
    numbers = all(map(is_number, unique))
    return tuple(sorted(unique, key=_magnitude) if numbers else unique)


def _magnitude(value: Value) -> float:
    return float(value) if is_number(value) else 0.0


def _spread(values: Sequence[Value]) -> bool:
    """Whether numbers range over decades."""
    numbers = [float(value) for value in values if is_number(value)]
    return bool(numbers) and min(numbers) > 0 and max(numbers) / min(numbers) > 30


def _nth(texts: Sequence[str], at: float) -> str:
    index = round(at)
    return texts[index] if 0 <= index < len(texts) and abs(at - index) < 1e-6 else ""


def jitter(index: int, level: Axis) -> float:
    """A small shift that keeps points of one choice apart, the same every time."""
    return ((index * 0.61803398875) % 1.0 - 0.5) * 0.3 if level.levels else 0.0
