"""Draws a plot as a matplotlib figure. The plot decides what it shows; marks, colours and sizes are decided here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.colors import Normalize
from matplotlib.figure import Figure as Picture

from hptui.core.format import share_text
from hptui.results.plots.matplotlib_pairs import draw_contour, draw_parallel, draw_pareto, draw_slices
from hptui.results.plots.plot import Curve, Plot
from hptui.results.plots.style import (
    ABOVE,
    BASELINE_MARKER,
    BLUE,
    CATEGORY_COLOURS,
    DASHES,
    GREY,
    HATCHES,
    INK,
    MAX_LARGE_MARKERS,
    ORANGE,
    RED,
    SERIES,
    WITHOUT_VALUE_MARKERS,
    add_colour_bar,
    colour_map_for,
    columns_of,
    new_figure,
    points_by_meaning,
    set_axis,
)

MAX_COLOURED_CURVES = 6
"""Up to this number of curves each gets a colour of its own; more are coloured by objective."""


def draw(plot: Plot) -> Picture:
    """Draw a plot as a figure."""
    return DRAW[plot.kind](plot)


def _history(plot: Plot) -> Picture:
    figure, axes = new_figure()
    for curve in plot.curves:
        axes.step(*columns_of(curve), where="post", color=ORANGE, lw=1.6, label=curve.label, zorder=2)
    for bar in plot.bars:
        axes.plot([int(bar.label)] * 2, [bar.low, bar.high], color=BLUE, lw=3, alpha=0.25, zorder=1)
    groups = points_by_meaning(plot)
    size = 22 if len(groups["complete"]) <= MAX_LARGE_MARKERS else 6
    complete = {"s": size, "color": BLUE, "lw": 0, "label": plot.labels["complete"], "zorder": 3}
    axes.scatter([point.x for point in groups["complete"]], [point.y for point in groups["complete"]], **complete)
    for point in groups["baseline"]:
        axes.axhline(point.y, color=INK, lw=0.8, ls=(0, (2, 2)), alpha=0.6, zorder=1)
        axes.scatter([point.x], [point.y], **BASELINE_MARKER, label=plot.labels["baseline"], zorder=4)
    for point in groups["best"]:
        axes.scatter([point.x], [point.y], s=110, marker="*", color=INK, label=plot.labels["best"], zorder=5)
    for status, (marker, colour) in WITHOUT_VALUE_MARKERS.items():
        if numbers := [point.x for point in groups[status]]:
            foot = {"transform": axes.get_xaxis_transform(), "clip_on": False, "zorder": 4}
            heights, text = [0.02] * len(numbers), plot.labels[status]
            axes.scatter(numbers, heights, marker=marker, s=30, color=colour, lw=1.2, label=text, **foot)
    axes.margins(y=0.09)
    margin = 0.5 + 0.01 * plot.x.high
    axes.set_xlim(plot.x.low - margin, plot.x.high + margin)
    set_axis(axes, "x", plot.x)
    set_axis(axes, "y", plot.y)
    axes.legend(ncols=6, **ABOVE, columnspacing=1.2, handletextpad=0.4)
    return figure


def _curves(plot: Plot) -> Picture:
    figure, axes = new_figure()
    if len(plot.curves) <= MAX_COLOURED_CURVES:
        _draw_each_curve(axes, plot)
    else:
        _draw_curves_by_value(figure, axes, plot)
    set_axis(axes, "x", plot.x)
    set_axis(axes, "y", plot.y)
    axes.margins(x=0.02)
    return figure


def _draw_each_curve(axes: Any, plot: Plot) -> None:
    for index, curve in enumerate(plot.curves):
        is_best = curve.meaning == "best"
        colour = INK if is_best else SERIES[index % len(SERIES)]
        style = {"color": colour, "ls": "-" if is_best else DASHES[index % len(DASHES)], "lw": 2.2 if is_best else 1.3}
        axes.plot(*columns_of(curve), **style, label=curve.label, zorder=3 + is_best)
        _mark_failure(axes, curve)
    axes.legend(loc="best")


def _draw_curves_by_value(figure: Any, axes: Any, plot: Plot) -> None:
    norm = Normalize(plot.z.low, plot.z.high) if plot.z else Normalize(0.0, 1.0)
    colours = colour_map_for(plot.goal)
    dashed: dict[str, Any] = {"color": GREY, "lw": 0.8, "ls": (0, (3, 2))}
    for curve in plot.curves:
        if curve.z is None:
            axes.plot(*columns_of(curve), **dashed, alpha=0.8, zorder=1)
        elif curve.meaning != "best":
            axes.plot(*columns_of(curve), color=colours(norm(curve.z)), lw=0.9, alpha=0.8, zorder=2)
        _mark_failure(axes, curve)
    for curve in plot.curves:
        if curve.meaning == "best":
            axes.plot(*columns_of(curve), color="white", lw=3.4, zorder=4)
            axes.plot(*columns_of(curve), color=INK, lw=1.8, zorder=5, label=plot.labels["best"])
    if any(curve.z is None for curve in plot.curves):
        axes.plot([], [], **dashed, label=plot.labels["without"])
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper right")
    if plot.z:
        add_colour_bar(figure, axes, plot, norm, plot.z.label)


def _mark_failure(axes: Any, curve: Curve) -> None:
    """Mark the end of a failed trial's curve with a cross."""
    if curve.meaning == "failed":
        x, y = curve.points[-1]
        axes.scatter([x], [y], marker="x", s=28, color=RED, lw=1.2, zorder=6)


def _importance(plot: Plot) -> Picture:
    figure, axes = new_figure(6.4, 1.1 + 0.32 * len(plot.bars))
    rows = range(len(plot.bars))
    bars = axes.barh(rows, [bar.share for bar in plot.bars], color=BLUE, height=0.65, zorder=2)
    axes.bar_label(bars, [share_text(bar.share) for bar in plot.bars], padding=4, fontsize=8)
    axes.set_yticks(rows, [bar.label for bar in plot.bars])
    axes.invert_yaxis()
    axes.set_xlim(0, plot.x.high * 1.12)
    axes.grid(visible=False, axis="y")
    set_axis(axes, "x", plot.x)
    return figure


def _categories(plot: Plot) -> Picture:
    figure, axes = new_figure()
    numbers = list(dict.fromkeys(bar.label for bar in plot.bars))
    for index, (name, label) in enumerate(plot.labels.items()):
        parts = [bar for bar in plot.bars if bar.meaning == name]
        style = {
            "color": CATEGORY_COLOURS[index % len(CATEGORY_COLOURS)],
            "hatch": HATCHES[index % len(HATCHES)],
            "edgecolor": "white",
            "lw": 0.4,
        }
        bottoms = [bar.low for bar in parts]
        heights = [bar.share for bar in parts]
        axes.bar(range(len(parts)), heights, bottom=bottoms, width=0.82, **style, label=label, zorder=2)
    tick_interval = max(1, len(numbers) // 20)
    axes.set_xticks(range(0, len(numbers), tick_interval), numbers[::tick_interval])
    axes.set_xlim(-0.7, len(numbers) - 0.3)
    axes.set_ylim(0, 1)
    axes.set_xlabel(plot.x.label)
    set_axis(axes, "y", plot.y)
    axes.grid(visible=False, axis="x")
    axes.legend(ncols=3, **ABOVE)
    return figure


DRAW: Mapping[str, Callable[[Plot], Picture]] = {
    "history": _history,
    "curves": _curves,
    "slice": draw_slices,
    "importance": _importance,
    "parallel": draw_parallel,
    "contour": draw_contour,
    "pareto": draw_pareto,
    "categories": _categories,
}
"""The drawing functions by kind of plot."""
