"""Draws plots of two settings or objectives, slices and parallel coordinates as matplotlib figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure as Picture
from matplotlib.patches import Rectangle

from hptui.core.sanitize import sanitize
from hptui.core.values import number_text
from hptui.results.plots.plot import Axis, Plot, PlotCell, Point
from hptui.results.plots.style import (
    ABOVE,
    BASELINE_MARKER,
    BLUE,
    GREY,
    INK,
    MAX_LARGE_MARKERS,
    ORANGE,
    OUTSIDE_MARKER,
    WITHOUT_VALUE_MARKERS,
    add_colour_bar,
    colour_map_for,
    columns_of,
    jitter,
    new_figure,
    new_grid,
    points_by_meaning,
    set_axis,
)

PANELS_PER_ROW = 3
"""Panels in a row."""


def _x(plot: Plot, point: Point) -> float:
    return point.x + jitter(point.trial, plot.x)


def _y(plot: Plot, point: Point) -> float:
    return point.y + jitter(point.trial, plot.y)


def _scatter(axes: Any, plot: Plot, points: Sequence[Point], **style: Any) -> None:
    if points:
        axes.scatter([_x(plot, point) for point in points], [_y(plot, point) for point in points], **style)


def _mark_outside(axes: Any, plot: Plot, size: float, label: str | None = None) -> None:
    """Frame the trials that today's space does not contain."""
    _scatter(axes, plot, [point for point in plot.points if point.outside], **OUTSIDE_MARKER | {"s": size}, label=label)


def _include_range(axes: Any, plot: Plot) -> None:
    """Extend the limits of the data to both ends of the axes."""
    x, y = plot.x, plot.y
    axes.update_datalim([(x.low, y.low), (x.high, y.high)])
    axes.autoscale_view()


def draw_slices(plot: Plot) -> Picture:
    """Draw slices, a panel for each setting."""
    columns = min(PANELS_PER_ROW, len(plot.panels))
    figure, grid = new_grid(-(-len(plot.panels) // columns), columns)
    for index, axes in enumerate(grid.flat):
        if index >= len(plot.panels):
            axes.set_visible(False)
            continue
        panel = plot.panels[index]
        groups = points_by_meaning(panel)
        ordinary = sorted(groups["complete"] + groups["front"], key=lambda point: point.trial)
        size = 24 if len(panel.points) <= MAX_LARGE_MARKERS else 6
        _scatter(axes, panel, groups["best"], marker="*", s=120, color=INK, zorder=4)
        _scatter(axes, panel, groups["baseline"], marker="D", s=26, facecolor="white", edgecolor=INK, zorder=3)
        _scatter(axes, panel, ordinary, s=size, color=BLUE, alpha=0.75, lw=0, zorder=2)
        foot = {"transform": axes.get_xaxis_transform(), "clip_on": False, "zorder": 4}
        for status, (marker, colour) in WITHOUT_VALUE_MARKERS.items():
            if places := [point.x for point in groups[status]]:
                axes.scatter(places, [0.02] * len(places), marker=marker, s=30, color=colour, lw=1.2, **foot)
        _mark_outside(axes, panel, 130)
        _include_range(axes, panel)
        set_axis(axes, "x", panel.x)
        set_axis(axes, "y", panel.y, titled=index % columns == 0)
    return figure


def draw_parallel(plot: Plot) -> Picture:
    """Draw parallel coordinates."""
    assert plot.z is not None
    figure, axes = new_figure(max(6.4, 1.15 * len(plot.axes)), 3.9)
    norm, colours = Normalize(plot.z.low, plot.z.high), colour_map_for(plot.goal)
    shades = [colours(norm(curve.z or 0.0)) for curve in plot.curves]
    axes.add_collection(LineCollection([curve.points for curve in plot.curves], colors=shades, lw=1.0, alpha=0.75))
    for curve in plot.curves:
        if curve.meaning == "best":
            axes.plot(*columns_of(curve), color="white", lw=4.5, zorder=4)
            axes.plot(*columns_of(curve), color=INK, lw=2.4, zorder=5, label=plot.labels["best"])
    outside = sorted({curve.points[index] for curve in plot.curves for index in curve.outside})
    if outside:
        axes.scatter(*zip(*outside, strict=True), **OUTSIDE_MARKER, label=plot.labels["outside"], clip_on=False)
    for index, axis in enumerate(plot.axes):
        axes.axvline(index, color=GREY, lw=1.0, zorder=1)
        ends = [(0.0, plot.labels["low"]), (1.0, plot.labels["high"])] if axis is plot.z else _scale_ticks(axis)
        box = {"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 0.8}
        for height, text in ends:
            axes.text(index + 0.04, height, text, fontsize=7, va="center", zorder=6, bbox=box)
    names = [axis.label for axis in plot.axes]
    axes.set_xticks(range(len(names)), names, rotation=20 if sum(map(len, names)) > 60 else 0)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_xlim(-0.1, len(names) - 0.55)
    axes.set_ylim(-0.06, 1.06)
    axes.legend(**ABOVE | {"bbox_to_anchor": (0.5, 0.98)})
    return figure


def _scale_ticks(axis: Axis) -> list[tuple[float, str]]:
    """Return heights and texts of the labels of a vertical scale."""
    if axis.categories:
        return [(axis.fraction(index), sanitize(text, limit=12)) for index, text in enumerate(axis.categories)]
    return [(0.0, number_text(float(f"{axis.low:.3g}"))), (1.0, number_text(float(f"{axis.high:.3g}")))]


def draw_contour(plot: Plot) -> Picture:
    """Draw two settings against each other, coloured by the objective."""
    assert plot.z is not None
    figure, axes = new_figure(6.4, 4.2)
    norm = Normalize(plot.z.low, plot.z.high)
    is_map = bool(plot.x.categories and plot.y.categories)
    if is_map:
        _draw_cells(axes, plot, norm)
    else:
        _draw_pairs(axes, plot, norm)
    set_axis(axes, "x", plot.x)
    set_axis(axes, "y", plot.y)
    add_colour_bar(figure, axes, plot, norm, f"{plot.z.label} (dark is better)")
    return figure


def _draw_pairs(axes: Any, plot: Plot, norm: Any) -> None:
    """Draw a point per trial in the colour of its objective; those without a value by status."""
    groups = points_by_meaning(plot)
    for status, (marker, colour) in WITHOUT_VALUE_MARKERS.items():
        style = {"marker": marker, "color": colour, "s": 52, "lw": 1.3, "zorder": 2}
        _scatter(axes, plot, groups[status], label=plot.labels.get(status), **style)
    with_value = sum(point.z is not None for point in plot.points)
    size, colours = 62 if with_value <= MAX_LARGE_MARKERS else 14, colour_map_for(plot.goal)
    dark, light = {"edgecolor": INK, "lw": 1.2}, {"edgecolor": "white", "lw": size / 100}
    looks: Mapping[str, dict[str, Any]] = {
        "complete": {"s": size, "zorder": 3, **light},
        "baseline": {"marker": "D", "s": 48, "zorder": 4, **dark},
        "best": {"marker": "*", "s": 230, "zorder": 4, **dark},
    }
    for meaning, look in looks.items():
        points = groups[meaning]
        _scatter(axes, plot, points, c=[colours(norm(point.z)) for point in points], **look)
        if points and "marker" in look:
            entry = {"facecolor": "white", "edgecolor": INK, "label": plot.labels[meaning]}
            axes.scatter([], [], marker=look["marker"], s=60, **entry)
    _mark_outside(axes, plot, 260, plot.labels["outside"])
    if plot.numbered:
        numbers_at: dict[tuple[float, float], list[int]] = defaultdict(list)
        for point in sorted(plot.points, key=lambda point: point.trial):
            numbers_at[_x(plot, point), _y(plot, point)].append(point.trial)
        for position, numbers in numbers_at.items():  # labels of coinciding points would overlap
            _annotate(axes, ", ".join(map(str, numbers)), position, (7, 6), color=INK, zorder=6)
    axes.legend(ncols=4, **ABOVE, handletextpad=0.3)
    axes.margins(0.08)
    _include_range(axes, plot)


def _annotate(axes: Any, text: str, position: tuple[float, float], offset: tuple[int, int], **style: Any) -> None:
    axes.annotate(text, position, offset, textcoords="offset points", fontsize=7, **style)


def _draw_cells(axes: Any, plot: Plot, norm: Any) -> None:
    """Draw the map of means, with the number of trials in each cell."""
    colours = colour_map_for(plot.goal)
    axes.grid(visible=False)
    shown = [cell for cell in plot.cells if cell.trials or cell.without]
    for cell in shown:
        is_best = cell.meaning == "best"
        words = [f"{len(numbers)} {status}" for status, numbers in cell.without]
        ink = INK
        if cell.z is not None:
            colour = colours(norm(cell.z))
            style: dict[str, Any] = {
                "edgecolor": INK if is_best else "white",
                "lw": 2 if is_best else 1,
                "zorder": 3 if is_best else 2,
            }
            axes.add_patch(Rectangle((cell.x - 0.5, cell.y - 0.5), 1, 1, facecolor=colour, **style))
            # Luma of the cell's colour (ITU-R BT.601) decides whether its text is dark or white.
            ink = INK if 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 0.55 else "white"
            words = [f"best, {cell.text}" if is_best and cell.n == 1 else cell.text, f"n={cell.n}", *words]
        if cell.outside:
            axes.scatter([cell.x - 0.38], [cell.y + 0.38], **OUTSIDE_MARKER)
        axes.text(cell.x, cell.y, "\n".join(words), ha="center", va="center", fontsize=7, color=ink, zorder=4)
    _set_cell_limits(axes, shown)


def _set_cell_limits(axes: Any, cells: Sequence[PlotCell]) -> None:
    axes.set_xlim(min(cell.x for cell in cells) - 0.6, max(cell.x for cell in cells) + 0.6)
    axes.set_ylim(min(cell.y for cell in cells) - 0.6, max(cell.y for cell in cells) + 0.6)


def draw_pareto(plot: Plot) -> Picture:
    """Draw two objectives with the Pareto front."""
    figure, axes = new_figure(6.0, 4.2)
    groups = points_by_meaning(plot)
    for curve in plot.curves:
        steps = {"drawstyle": "steps-post"} if curve.stepped else {}
        axes.plot(*columns_of(curve), color=BLUE, lw=1.2, zorder=3, **steps)
    looks: Mapping[str, dict[str, Any]] = {
        "beaten": {"s": 26, "color": GREY, "alpha": 0.7, "lw": 0, "zorder": 2},
        "broken": {"s": 26, "marker": "x", "color": GREY, "lw": 1.0, "zorder": 2},
        "front": {"s": 58, "color": BLUE, "edgecolor": "white", "lw": 0.8, "zorder": 4},
        "baseline": {**BASELINE_MARKER, "s": 46, "zorder": 5},
        "knee": {"s": 170, "marker": "*", "color": ORANGE, "edgecolor": INK, "zorder": 6},
    }
    for meaning, look in looks.items():
        _scatter(axes, plot, groups[meaning], **look, label=plot.labels[meaning])
    if plot.numbered:
        for point in groups["front"]:
            _annotate(axes, str(point.trial), (point.x, point.y), (6, 5), zorder=7)
    set_axis(axes, "x", plot.x)
    set_axis(axes, "y", plot.y)
    axes.margins(0.08)
    axes.legend(ncols=4, **ABOVE)
    return figure
