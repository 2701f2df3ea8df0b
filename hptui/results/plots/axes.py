"""Axes of settings and metrics: where a trial's value lies, whether today's space still contains it, and the notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.format import setting
from hptui.core.parameters import Choice, Float, Parameter
from hptui.core.sanitize import sanitize
from hptui.core.trial import Trial, Value
from hptui.core.values import canonical_json, is_number, number_text
from hptui.results.analysis.cohort import stage_of_search
from hptui.results.facts import Fact, Line, Name, line
from hptui.results.plots.clip import values_on_axis
from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import Axis, AxisKind, axis_label, trial_count

DECADES_RATIO = 30
"""The values of a setting or curve are drawn on a logarithmic axis if they span more than this factor."""
OBJECTIVE_RATIO = 50
"""The same for an objective."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A value on an axis. `outside`: today's space does not contain it; `missing`: it cannot be placed at all."""

    position: float = 0.0
    outside: bool = False
    missing: bool = False


MISSING = Placed(missing=True)
"""The place of a value that a trial does not have, or that is no finite number."""


class SettingAxis:
    """The axis of a setting, with the place of each of `trials`. It reaches as far as those of `drawn`, else all."""

    def __init__(
        self,
        context: PlotContext,
        name: str,
        trials: Sequence[Trial],
        *,
        drawn: Sequence[Trial] | None = None,
        whole_range: bool = False,
    ) -> None:
        self.name = name
        stage = stage_of_search(context.view)
        self.stage = stage.name if stage is not None else ""
        """The stage whose range or choices are today's; '' without stages."""
        parameters: dict[str, Parameter] = {item.name: item for item in context.space.parameters}
        parameter = parameters.get(name)
        values = [context.settings(trial).get(name) for trial in trials]
        present = [value for value in values if value is not None and not _is_not_finite(value)]
        choices = parameter.levels if isinstance(parameter, Choice) else ()
        is_category = isinstance(parameter, Choice) or not all(map(is_number, present))
        self.choices = choices
        """The choices of today's space; empty for a range."""
        self.levels = _ordered([*choices, *present]) if is_category else ()
        """The values of a category, in order: today's choices, and others that were run."""
        self.range = None if is_category or isinstance(parameter, Choice) else parameter
        """Today's range; None for a category, and for a setting that is not searched."""
        self._index = {canonical_json(level): float(index) for index, level in enumerate(self.levels)}
        self._inside = {canonical_json(choice) for choice in choices}
        self.places = {trial.number: self._place(value) for trial, value in zip(trials, values, strict=True)}
        self.axis = self._axis(axis_label(context.view, name), present, drawn or trials, whole_range=whole_range)

    def _place(self, value: Value) -> Placed:
        """Return where a value lies; beyond today's range, at its edge."""
        if self.levels:
            key = canonical_json(value)
            position = self._index.get(key)
            return MISSING if position is None else Placed(position, bool(self._inside) and key not in self._inside)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            return MISSING
        if self.range is None:
            return Placed(float(value)) if is_number(value) else MISSING
        low, high = self.range.low, self.range.highest
        return Placed(float(min(max(value, low), high)), not low <= value <= high)

    def beyond(self, placed: Placed) -> str:
        """Return `> 0.01` or `< 1e-4` for a value beyond today's range, '' for any other."""
        if self.range is None or not placed.outside:
            return ""
        low, high = self.range.low, self.range.high
        return f"> {number_text(high)}" if placed.position >= high else f"< {number_text(low)}"

    def bins(self, maximum: int) -> int:
        """Return the number of bins: one per value if there are at most `maximum` values, else `maximum`."""
        size = len(self.levels) or (None if self.range is None else self.range.size)
        return size if size is not None and size <= maximum else maximum

    def bin_of(self, position: float, count: int) -> int:
        """Return the index of the bin in which a position lies; all bins are equally wide on the axis."""
        if self.levels:
            return int(position * count / len(self.levels))
        if self._is_stepped(count):
            return round(self.axis.fraction(position) * (count - 1))
        return min(count - 1, int(self.axis.fraction(position) * count))

    def centre(self, index: int, count: int) -> float:
        """Return the position of the middle of a bin."""
        if self.levels:
            return float(int((index + 0.5) * len(self.levels) / count))
        return self.axis.at(index / (count - 1) if self._is_stepped(count) else (index + 0.5) / count)

    def bin_text(self, index: int, count: int) -> str:
        """Return the bounds of a bin, or its only value."""
        if self.levels:
            size = len(self.levels)
            low, high = -(-index * size // count), -(-(index + 1) * size // count) - 1
        elif self._is_stepped(count):
            return self.axis.text(self.centre(index, count))
        elif self.axis.format == "integer":
            low, high = (math.ceil(self.axis.at(edge / count)) for edge in (index, index + 1))
            high = round(self.axis.high) if index == count - 1 else high - 1
        else:
            texts = [self.axis.text(self.axis.at(edge / count)) for edge in (index, index + 1)]
            return texts[0] if texts[0] == texts[1] else " … ".join(texts)
        return self.axis.text(low) if low >= high else f"{self.axis.text(low)} … {self.axis.text(high)}"

    def _is_stepped(self, count: int) -> bool:
        """Return whether each bin holds a single value of a range with steps."""
        return self.range is not None and self.range.step is not None and self.range.size == count > 1

    def _axis(self, label: str, present: Sequence[Value], drawn: Sequence[Trial], *, whole_range: bool) -> Axis:
        if self.levels:
            texts = tuple(sanitize(setting(level)) for level in self.levels)
            return Axis(label, "category", 0.0, max(1.0, len(texts) - 1.0), texts)
        is_log = spans(present) if self.range is None else self.range.log
        places = [self.places[trial.number] for trial in drawn]
        positions = [place.position for place in places if not place.missing]
        if self.range is not None and whole_range:
            positions = [self.range.low, self.range.highest]
        low, high = (min(positions), max(positions)) if positions else (1.0, 1.0)
        whole = not isinstance(self.range, Float) and all(isinstance(value, int) for value in present)
        return Axis(label, "log" if is_log else "linear", low, high, format="integer" if whole else "")


def _is_not_finite(value: Value) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _ordered(values: Sequence[Value]) -> tuple[Value, ...]:
    unique = list({canonical_json(value): value for value in values}.values())
    numbers = [value for value in unique if is_number(value)]
    return tuple(sorted(numbers)) if len(numbers) == len(unique) else tuple(unique)


def spans(values: Sequence[Any], ratio: float = DECADES_RATIO) -> bool:
    """Return whether positive numbers span more than a factor of `ratio`."""
    numbers = [float(value) for value in values if is_number(value)]
    return bool(numbers) and min(numbers) > 0 and max(numbers) / min(numbers) > ratio


def metric_axis(
    context: PlotContext, metric: str, values: Sequence[float], ratio: float = OBJECTIVE_RATIO, label: str = ""
) -> Axis:
    """Return the axis of a metric, without values that lie far beyond the others."""
    shown = values_on_axis(values)
    kind: AxisKind = "log" if spans(shown, ratio) else "linear"
    label = label or axis_label(context.view, metric)
    return Axis(label, kind, min(shown), max(shown), format=format_of(context, metric))


def format_of(context: PlotContext, metric: str) -> str:
    """Return how an axis writes the values of a metric: as the study file says of them."""
    spec = context.study.metrics.get(metric)
    return "percent" if spec is not None and spec.format == "percent" else ""


def objective_range(context: PlotContext, values: Sequence[float]) -> Axis:
    """Return the scale of colours of the objective, which is linear."""
    shown = values_on_axis(values)
    return Axis(context.label, "linear", min(shown), max(shown), format=format_of(context, context.metric))


def trial_axis(context: PlotContext, label: str = "trial") -> Axis:
    """Return the axis of the numbers of all trials."""
    last = max((trial.number for trial in context.trials), default=0)
    return Axis(label, "linear", 0.0, float(last), format="integer")


def axis_notes(key: str, axes: Sequence[SettingAxis], trials: Sequence[Trial]) -> tuple[Line, ...]:
    """Return the notes on trials outside today's range, and on trials without a setting.

    `key` is the prefix of their facts. With several axes each note names its setting.
    """
    notes: list[Line] = []
    for axis in axes:
        of_setting: Line = (" of ", Name(axis.name)) if len(axes) > 1 else ()
        outside = [trial for trial in trials if axis.places[trial.number].outside]
        if outside:
            count = trial_count(f"{key}.outside.{axis.name}", outside)
            verb = " trial lies" if len(outside) == 1 else " trials lie"
            notes.append((count, verb, *_todays_range(key, axis), *of_setting))
        missing = [trial for trial in trials if axis.places[trial.number].missing]
        if missing:
            count = trial_count(f"{key}.missing.{axis.name}", missing)
            verb = " trial has no " if len(missing) == 1 else " trials have no "
            notes.append((count, verb, Name(axis.name)))
    return tuple(notes)


def _todays_range(key: str, axis: SettingAxis) -> Line:
    of_stage: Line = (" of stage ", Name(axis.stage)) if axis.stage else ()
    if axis.range is None:
        text = ", ".join(map(setting, axis.choices))
        choices = Fact(f"{key}.choices.{axis.name}", list(axis.choices), text)
        return (*line(" outside today's choices ({all})", all=choices), *of_stage)
    low, high = axis.range.low, axis.range.high
    bounds = line(
        " outside today's range ({low} … {high})",
        low=Fact(f"{key}.low.{axis.name}", low, setting(low)),
        high=Fact(f"{key}.high.{axis.name}", high, setting(high)),
    )
    return (*bounds, *of_stage)
