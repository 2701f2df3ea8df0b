"""A plot as data: which trials it shows, where, on which axes, with which notes. Renderers decide none of that.

`plots.matplotlib` draws it as a figure, `tui.charts.plots` as cells of a terminal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from hptui.core.dataclass import dataclass
from hptui.core.sanitize import sanitize
from hptui.core.trial import Trial
from hptui.core.values import number_text
from hptui.results.facts import Fact, Line, facts_of
from hptui.results.view import View

AxisKind = Literal["linear", "log", "category"]
"""Scale of an axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from `low` to `high`; of a category the positions are 0, 1, 2 and so on.

    `format` of its numbers is "integer", "percent", or "" for any number.
    """

    label: str = ""
    kind: AxisKind = "linear"
    low: float = 0.0
    high: float = 1.0
    categories: tuple[str, ...] = ()
    format: str = ""

    def fraction(self, position: float) -> float:
        """Return how far along the axis a position lies, from 0 at the low end to 1 at the high end."""
        if self.high <= self.low:
            return 0.5
        position = min(max(position, self.low), self.high)
        if self.kind == "log":
            return math.log(position / self.low) / math.log(self.high / self.low)
        return (position - self.low) / (self.high - self.low)

    def at(self, fraction: float) -> float:
        """Return the position at a fraction (0 to 1) of the axis."""
        if self.kind == "log" and self.high > self.low:
            return self.low * math.pow(self.high / self.low, fraction)
        return self.low + (self.high - self.low) * fraction

    def text(self, position: float) -> str:
        """Return a position in few characters: 1e-4, 0.035; or its category."""
        if self.kind == "category":
            index = round(position)
            return self.categories[index] if 0 <= index < len(self.categories) else ""
        if self.format == "percent":
            return percent_tick(position, self.high - self.low)
        return str(round(position)) if self.format == "integer" else number_text(float(f"{position:.2g}"))


def percent_tick(share: float, span: float) -> str:
    """Return a share as a percentage, with the digits that tell apart places of an axis `span` long."""
    digits = max(0, min(4, -math.floor(math.log10(20 * span)))) if span > 0 else 1
    return f"{share:.{digits}%}"


@dataclass(frozen=True, slots=True)
class Point:
    """A trial at a position. `z` is the objective by which it is coloured; None without one.

    An `outside` trial has a setting that today's space does not contain; on a range it is clamped to the edge.
    """

    x: float
    y: float
    trial: int
    meaning: str = ""
    outside: bool = False
    z: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Points that are joined, in the order given; `stepped` holds each value until the next point.

    `trial` is None for a curve over several trials. `outside` are the indices of the points that are clamped.
    """

    points: tuple[tuple[float, float], ...]
    label: str = ""
    stepped: bool = False
    trial: int | None = None
    meaning: str = ""
    z: float | None = None
    outside: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PlotCell:
    """A cell of a map around (x, y): `z` is the mean of the objective over its `n` trials, None if there are none.

    `without` are the trials without a value, by status. Trials outside today's space have `outside` cells of their own.
    """

    x: float
    y: float
    z: float | None = None
    trials: tuple[int, ...] = ()
    text: str = ""
    meaning: str = ""
    outside: bool = False
    without: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def n(self) -> int:
        """Number of trials with a value."""
        return len(self.trials)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar or a part of one, from `low` to `high`; `share` is what it stands for. In a history: an interval."""

    label: str
    share: float
    low: float
    high: float
    trial: int | None = None
    meaning: str = ""
    chance: float | None = None
    """What chance alone exceeds once in 20, where that is known."""


@dataclass(frozen=True, slots=True)
class PlotTable:
    """The numbers of a plot: rows of text under headings."""

    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PlotOptions:
    """What a plot is to show.

    `settings` are the settings of a slice, contour or parallel plot, by default its own choice; `metric` is that of
    curves. `bins` are the most cells of a contour along x and y. With `whole_range` the axes of settings show today's
    range whole, else as far as trials reach. Without `intervals` those of a history are left out: they need SciPy.
    """

    settings: tuple[str, ...] = ()
    metric: str = ""
    bins: tuple[int, int] = (10, 8)
    whole_range: bool = False
    intervals: bool = True


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot of the given kind (a key of `PLOTS`); `name` is that of its files.

    `title` stands above it on a screen, `caption` below it in a report; `alt` describes the image. The caption contains
    each of `notes`. `z` is the scale of colours, on which `goal` says which end is better. `axes` are those of a
    parallel plot, `panels` the parts of a slice, `labels` the words of a legend by meaning. `rows` are the CSV file.

    Raises: ValueError for a number that is not finite: renderers are never given one.
    """

    kind: str
    name: str
    title: str
    alt: str
    caption: Line = ()
    x: Axis = field(default_factory=Axis)
    y: Axis = field(default_factory=Axis)
    z: Axis | None = None
    goal: str = "minimize"
    points: tuple[Point, ...] = ()
    curves: tuple[Curve, ...] = ()
    cells: tuple[PlotCell, ...] = ()
    bars: tuple[Bar, ...] = ()
    axes: tuple[Axis, ...] = ()
    panels: tuple[Plot, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    numbered: bool = False
    rows: Sequence[Mapping[str, Any]] = ()
    table: PlotTable = field(default_factory=PlotTable)
    notes: tuple[Line, ...] = ()

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self._numbers())):
            raise ValueError(f"the plot {self.name} has a number that is not finite")

    def _numbers(self) -> Iterator[float]:
        for axis in (self.x, self.y, *self.axes, *([self.z] if self.z else [])):
            yield from (axis.low, axis.high)
        places: list[Point | PlotCell] = [*self.points, *self.cells]
        for place in places:
            yield from (place.x, place.y, 0.0 if place.z is None else place.z)
        for curve in self.curves:
            for point in curve.points:
                yield from point
        for bar in self.bars:
            yield from (bar.share, bar.low, bar.high)

    @property
    def trials(self) -> frozenset[int]:
        """Numbers of the trials that the plot shows."""
        parts: list[Point | Curve | Bar] = [*self.points, *self.curves, *self.bars]
        numbers = {part.trial for part in parts if part.trial is not None}
        for cell in self.cells:
            numbers.update(cell.trials, *(trials for _, trials in cell.without))
        return frozenset(numbers.union(*(panel.trials for panel in self.panels)))


@dataclass(frozen=True, slots=True)
class WrittenPlot:
    """A plot written as a file: image, CSV, alternative text and caption, from the same trials."""

    name: str
    path: Path
    csv: Path
    alt: str
    caption: Line
    failure: str = ""
    """Why there is no file; '' for a plot that was written."""

    @property
    def facts(self) -> list[Fact]:
        """The facts that the caption states."""
        return list(facts_of(self.caption))


def trial_count(key: str, trials: Sequence[Trial]) -> Fact:
    """Return the number of trials as a fact."""
    numbers = tuple(trial.number for trial in trials)
    return Fact(key, len(numbers), f"{len(numbers):,}", numbers)


def trial_fact(key: str, trial: Trial) -> Fact:
    """Return the number of one trial as a fact."""
    return Fact(key, trial.number, str(trial.number), (trial.number,))


def with_notes(caption: Line, notes: Sequence[Line]) -> Line:
    """Return a caption followed by its notes, each as a sentence."""
    return (*caption, *(part for note in notes for part in (" ", *note, ".")))


def axis_label(view: View, name: str) -> str:
    """Return the axis label of a setting or metric: its heading with its unit, sanitized."""
    spec = view.study.metrics.get(name)
    heading = view.study.report.columns.get(name) or (spec.heading if spec else "") or name
    text = sanitize(heading, limit=60)
    return f"{text} ({sanitize(spec.unit)})" if spec and spec.unit else text
