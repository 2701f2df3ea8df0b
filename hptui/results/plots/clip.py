"""Axes for display: a value that lies far beyond all others is drawn at the edge of the axis, with a note.

Otherwise one loss of 1e300 would leave nothing else to be seen, or overflow the arithmetic of the axis.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Callable, Iterable, Sequence

from hptui.results.facts import Fact, Line
from hptui.results.plots.context import PlotContext
from hptui.results.plots.plot import Axis, Curve, Plot, PlotCell, PlotOptions, Point, with_notes

MAX_RATIO = 1e12
"""How often the median (of magnitudes) a value may be, or the median a positive value, to be on the axis."""
MAX_MAGNITUDE = 1e307
"""Larger values are clipped whatever the others are: margins around them would overflow."""


def values_on_axis(values: Sequence[float]) -> list[float]:
    """Return the values that an axis shows; at least one."""
    magnitudes = [abs(value) for value in values if value]
    middle = statistics.median_low(magnitudes) if magnitudes else 1.0
    limit = min(MAX_MAGNITUDE, middle * MAX_RATIO if middle < MAX_MAGNITUDE / MAX_RATIO else MAX_MAGNITUDE)
    positive = all(value > 0 for value in values)
    lowest = middle / MAX_RATIO if positive else -math.inf
    shown = [value for value in values if abs(value) <= limit and value >= lowest]
    return shown or [math.copysign(limit, values[0])]


def clipped(plot: Plot) -> Plot:
    """Return a plot whose points and curves lie on its axes; a note counts those that were moved."""
    moved: set[int] = set()

    def place(axis: Axis | None, value: float, trial: int | None) -> float:
        if axis is None or axis.kind == "category" or axis.low <= value <= axis.high:
            return value
        if trial is not None:
            moved.add(trial)
        return min(max(value, axis.low), axis.high)

    points = tuple(
        dataclasses.replace(
            point,
            x=place(plot.x, point.x, point.trial) if plot.kind == "pareto" else point.x,
            y=place(plot.y, point.y, point.trial),
            z=None if point.z is None else place(plot.z, point.z, None),
        )
        for point in plot.points
    )
    curves = plot.curves
    if plot.kind != "parallel":  # its axes are those of `plot.axes`
        curves = tuple(
            dataclasses.replace(
                curve,
                points=tuple((x, place(plot.y, y, curve.trial)) for x, y in curve.points),
                z=None if curve.z is None else place(plot.z, curve.z, None),
            )
            for curve in plot.curves
        )
    bars = plot.bars
    if plot.kind == "history":
        bars = tuple(
            dataclasses.replace(bar, low=place(plot.y, bar.low, None), high=place(plot.y, bar.high, None))
            for bar in plot.bars
        )
    cells = tuple(
        dataclasses.replace(cell, z=None if cell.z is None else place(plot.z, cell.z, None)) for cell in plot.cells
    )
    panels = tuple(map(clipped, plot.panels))
    notes = tuple(_note(plot.name, trials) for trials in [sorted(moved)] if trials)
    return dataclasses.replace(
        plot,
        points=points,
        curves=curves,
        bars=bars,
        cells=cells,
        panels=panels,
        notes=(*plot.notes, *notes),
        caption=with_notes(plot.caption, notes),
    )


def _note(name: str, trials: Sequence[int]) -> Line:
    count = Fact(f"figure.{name}.beyond", len(trials), f"{len(trials):,}", tuple(trials))
    noun = "trial lies" if len(trials) == 1 else "trials lie"
    return (count, f" {noun} far beyond the others, and is drawn at the edge of the axis")


def clip_to_axes(
    make: Callable[[PlotContext, PlotOptions], Plot | None],
) -> Callable[[PlotContext, PlotOptions], Plot | None]:
    """Return a maker of plots whose plots are clipped where a number lies off its axis."""

    def clip(context: PlotContext, options: PlotOptions) -> Plot | None:
        plot = make(context, options)
        return plot if plot is None or not any(map(_is_off_axis, (plot, *plot.panels))) else clipped(plot)

    return clip


def _is_off_axis(plot: Plot) -> bool:
    heights: Iterable[float] = [
        *(point.y for point in plot.points),
        *(y for curve in plot.curves for _, y in curve.points if plot.kind != "parallel"),
        *(end for bar in plot.bars for end in (bar.low, bar.high) if plot.kind == "history"),
    ]
    parts: list[Point | Curve | PlotCell] = [*plot.points, *plot.curves, *plot.cells]
    shades = [part.z for part in parts if part.z is not None]
    wide = plot.kind == "pareto" and any(not plot.x.low <= point.x <= plot.x.high for point in plot.points)
    off_y = plot.y.kind != "category" and any(not plot.y.low <= height <= plot.y.high for height in heights)
    return wide or off_y or (plot.z is not None and any(not plot.z.low <= shade <= plot.z.high for shade in shades))
