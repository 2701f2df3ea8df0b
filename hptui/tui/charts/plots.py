"""Draws a plot as lines of cells. The plot decides what it shows; characters and colours are decided here."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from hptui.core.format import share_text
from hptui.core.trial import TrialStatus
from hptui.results.facts import plain_text
from hptui.results.plots.plot import Axis, Plot, PlotTable
from hptui.tui.cells import Cell, plain_line
from hptui.tui.charts.areas import PlotArea
from hptui.tui.charts.grid import (
    ASCII_DENSITIES,
    DENSITIES,
    MAX_SEPARATE_DOTS,
    Dot,
    DotGrid,
    Drawing,
    TrialMark,
    draw_grid,
    grid_frame,
    series_line,
    trial_marks,
)
from hptui.tui.charts.heat_map import draw_map
from hptui.tui.charts.raster import PlaneBox
from hptui.tui.themes import STATUS_MEANINGS

AT_FOOT = ("failed", "pruned", "stopped")
"""Meanings of the points of a history that have no value."""
DOT_MEANINGS = dict.fromkeys(("front", "best", "knee"), "best") | {
    "failed": "bad",
    "beaten": "muted",
    "broken": "muted",
}
"""Colour of a dot by the meaning of its point."""
LINE_MEANINGS = {"so far": "best", "front": "best", "best": "best", "top": "best", "failed": "bad", "without": "muted"}
"""Colour of a line by the meaning of its curve."""
CATEGORY_MEANINGS = ("good", "warn", "bad", "accent", "paused", "running")
"""Colours of the parts of a bar, in order."""
MIN_HEIGHT_WITH_ENDS = 8
"""Number of lines from which on the values of the ends of the axes of a parallel plot are written beyond them."""
MAX_CATEGORY_TICKS = 12
"""Up to this number of categories each has a tick."""


def draw(plot: Plot, width: int, height: int, marks: str = "braille") -> Drawing:
    """Draw a plot in about `width` by `height` cells; `marks` is the name of a style in `DOT_STYLES`."""
    lines = _note_lines(plot, width, marks)
    drawing = DRAW[plot.kind](plot, width, height - max(0, len(lines) - 1), marks)
    return [*drawing, *([Cell(f" {line}", "muted")] for line in lines)]


def marks_of_trials(plot: Plot, width: int, height: int, marks: str = "braille") -> tuple[TrialMark, ...]:
    """Return where `draw` draws each trial that is a point of its own; empty for a plot without points."""
    height -= max(0, len(_note_lines(plot, width, marks)) - 1)
    if plot.kind in ("history", "pareto"):
        return tuple(trial_marks(_plane_grid(plot), width, height, marks))
    if plot.kind != "slice":
        return ()
    share, top = _panel_height(plot, height), 0
    places: list[TrialMark] = []
    for panel in plot.panels:
        grid = _plane_grid(panel)
        places += [replace(mark, line=mark.line + top) for mark in trial_marks(grid, width, share, marks)]
        top += len(draw_grid(grid, width, share, marks))
    return tuple(places)


def areas_of(plot: Plot, names: Sequence[str], width: int, height: int, marks: str = "braille") -> tuple[PlotArea, ...]:
    """Return the parts of a drawn plot along which a range can be chosen.

    `names` are the columns of its axes.
    """
    height -= max(0, len(_note_lines(plot, width, marks)) - 1)
    if plot.kind == "parallel":
        grid = _parallel_grid(plot, width, height)
        box, body = grid.box, grid.body_height(height)
        gutter, across = grid_frame(grid, width, height)
        bottom, top = (1 + (body - 1) * (box.y1 - y) / (box.y1 - box.y0) for y in (0.0, 1.0))
        columns = [gutter + (across - 1) * index / max(1, len(plot.axes) - 1) for index in range(len(plot.axes))]
        half = (across - 1) / max(1, len(plot.axes) - 1) / 2
        return tuple(
            PlotArea(name, axis, bottom, top, round(column - half), round(column + half), is_vertical=True)
            for name, axis, column in zip(names, plot.axes, columns, strict=False)
        )
    panels = plot.panels if plot.kind == "slice" else (plot,) if plot.kind in ("history", "pareto") else ()
    share = _panel_height(plot, height) if plot.kind == "slice" else height
    areas, top_line = [], 0
    for name, panel in zip(names, panels, strict=False):
        grid = _plane_grid(panel)
        gutter, across = grid_frame(grid, width, share)
        box = grid.box
        low, high = (0.0, 1.0) if _is_unit(panel) else (panel.x.low, panel.x.high)
        first, last = (gutter + (x - box.x0) / (box.x1 - box.x0) * (across - 1) for x in (low, high))
        lines = len(draw_grid(grid, width, share, marks))
        areas.append(PlotArea(name, panel.x, first, last, top_line, top_line + lines - 1))
        top_line += lines
    return tuple(areas)


def with_log_y(plot: Plot) -> Plot | None:
    """Return a plot with a logarithmic y axis; None if not all its values are positive."""
    if plot.panels:
        panels = [with_log_y(panel) for panel in plot.panels]
        return None if any(panel is None for panel in panels) else replace(plot, panels=tuple(filter(None, panels)))
    heights = [point.y for point in plot.points if point.meaning not in AT_FOOT]
    heights += [y for curve in plot.curves for _, y in curve.points]
    if plot.kind not in ("history", "slice", "pareto") or not heights or min(heights) <= 0:
        return None
    return replace(plot, y=replace(plot.y, kind="log", low=min(heights), high=max(heights)))


def _note_lines(plot: Plot, width: int, marks: str) -> list[str]:
    """Return the explanations below a plot."""
    notes = [*KEYS.get(plot.kind, ()), *_map_keys(plot, marks)]
    notes += (plain_line(plain_text(note), 300) for note in plot.notes)
    if any(len(part.points) > MAX_SEPARATE_DOTS for part in (plot, *plot.panels)):
        signs = ASCII_DENSITIES if marks == "ascii" else DENSITIES
        notes.insert(0, ", ".join(f"{sign} {2**power}" for power, sign in enumerate(signs)) + " or more trials")
    return [line for note in notes for line in textwrap.wrap(note, max(20, width - 2))]


def _map_keys(plot: Plot, marks: str) -> list[str]:
    """Return the explanations of the characters that a map has, besides those that every map has."""
    if plot.kind != "contour":
        return []
    is_tried = any(cell.z is None and cell.without for cell in plot.cells)
    is_outside = any(cell.outside for cell in plot.cells)
    signs = [sign for sign, is_there in (("×", is_tried), ("□", is_outside)) if is_there]
    return [f"{ASCII_MAP_SIGNS[sign] if marks == 'ascii' else sign}: {MAP_KEYS[sign]}" for sign in signs]


def draw_missing(reason: str) -> Drawing:
    """Draw the reason why there is no plot."""
    return [[Cell("")], [Cell(f"  {reason}", "muted")]]


def table_of(plot: Plot) -> PlotTable:
    """Return the numbers of a plot, safe for a terminal."""
    headings = tuple(plain_line(heading, 40) for heading in plot.table.headings)
    return PlotTable(headings, tuple(tuple(plain_line(text, 60) for text in row) for row in plot.table.rows))


# -- axes


def _unit(axis: Axis, position: float) -> float:
    """Return where a position lies between 0 and 1; a category in the middle of its part."""
    return (position + 0.5) / len(axis.categories) if axis.categories else axis.fraction(position)


def _unit_ticks(axis: Axis) -> list[tuple[float, str]]:
    count = len(axis.categories)
    if 0 < count <= MAX_CATEGORY_TICKS:
        return [(_unit(axis, index), plain_line(text, 40)) for index, text in enumerate(axis.categories)]
    quarters = (0.0, 0.25, 0.5, 0.75, 1.0)
    if count:
        return [(part, plain_line(axis.categories[min(count - 1, int(part * count))], 40)) for part in quarters]
    return [(part, axis.text(axis.at(part))) for part in quarters]


def _padded(axis: Axis) -> tuple[float, float]:
    """Return the bounds of an axis with a margin around them."""
    low, high = axis.low, axis.high
    if axis.kind == "log":
        margin = (high / low) ** 0.04 if high > low else 1.1
        return low / margin, high * margin
    margin = (high - low) * 0.04 or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


# -- the plots


def _draw_plane(plot: Plot, width: int, height: int, marks: str) -> Drawing:
    """Draw points and curves over the two axes."""
    return draw_grid(_plane_grid(plot), width, height, marks)


def _is_unit(plot: Plot) -> bool:
    """Return whether the x axis is drawn from 0 to 1, whatever its values."""
    return plot.kind == "slice" or plot.x.kind != "linear"


def _plane_grid(plot: Plot) -> DotGrid:
    """Return the dots and lines of a plot over two axes."""
    is_unit = _is_unit(plot)
    y0, y1 = _padded(plot.y)
    x0, x1 = (-0.02, 1.02) if is_unit else _padded(plot.x)
    if plot.kind == "history":
        x0, x1 = plot.x.low - 0.5, plot.x.high + 0.5

    def across(x: float) -> float:
        return _unit(plot.x, x) if is_unit else x

    dots: list[Dot] = []
    foot: list[Dot] = []
    for point in plot.points:
        has_no_value = point.meaning in AT_FOOT
        status = point.meaning if has_no_value else ""
        meaning = STATUS_MEANINGS[TrialStatus(status)] if status else DOT_MEANINGS.get(point.meaning, "accent")
        (foot if has_no_value else dots).append(
            Dot(across(point.x), point.y, meaning, point.outside, status, point.trial)
        )
    lines = []
    for curve in plot.curves:
        line = series_line([(across(x), y) for x, y in curve.points], stepped=curve.stepped)
        lines.append((line, LINE_MEANINGS.get(curve.meaning, "accent")))
        if curve.meaning == "failed":
            x, y = curve.points[-1]
            dots.append(Dot(across(x), y, "bad"))
    return DotGrid(
        PlaneBox(x0, x1, y0, y1, plot.y.kind == "log", _percents(plot)),
        dots,
        lines,
        plain_line(plot.x.label, 40),
        plain_line(plot.y.label, 40),
        _unit_ticks(plot.x) if is_unit else None,
        foot if plot.kind in ("history", "slice") and plot.notes else None,
    )


def _percents(plot: Plot) -> str:
    """Return which axes have shares: `y`, `x`, `xy`, or none."""
    return "".join(name for name, axis in (("x", plot.x), ("y", plot.y)) if axis.format == "percent")


def _draw_panels(plot: Plot, width: int, height: int, marks: str) -> Drawing:
    """Draw slices below each other."""
    share = _panel_height(plot, height)
    return [line for panel in plot.panels for line in _draw_plane(panel, width, share, marks)]


def _panel_height(plot: Plot, height: int) -> int:
    return max(6, height // max(1, len(plot.panels)))


def _draw_parallel(plot: Plot, width: int, height: int, marks: str) -> Drawing:
    """Draw a line per trial through all axes, each from its low to its high."""
    return draw_grid(_parallel_grid(plot, width, height), width, height, marks)


def _parallel_grid(plot: Plot, width: int, height: int) -> DotGrid:
    """Return the lines of a parallel plot over its axes."""
    lines = [(series_line(curve.points), LINE_MEANINGS.get(curve.meaning, "muted")) for curve in plot.curves]
    dots = [
        Dot(*curve.points[index], LINE_MEANINGS.get(curve.meaning, "muted"), outside=True)
        for curve in plot.curves
        for index in curve.outside
    ]
    # In two lines; the first name begins at its axis, and the third one, in the same line, in the middle of its own.
    # Of three axes both names of a line stand at an edge.
    gap = (width - 8) // max(1, len(plot.axes) - 1)
    room = max(4, min(width - 8, (gap if len(plot.axes) == 3 else gap * 4 // 3) - 1))
    labels = [plain_line(axis.label, 40) for axis in plot.axes]
    ticks = [
        (float(index), label if len(label) <= room else f"{label[: room - 1]}…") for index, label in enumerate(labels)
    ]
    grid = DotGrid(PlaneBox(0.0, max(1.0, len(plot.axes) - 1.0), -0.02, 1.02), dots, lines, "", plot.y.label, ticks)
    body = grid.body_height(height)
    if body < MIN_HEIGHT_WITH_ENDS:
        return replace(grid, names_axes=True)
    beyond = 1.1 / (body - 2)  # a line, and a little more: lines of trials end within the next one
    ends = [
        (float(index), *label) for index, axis in enumerate(plot.axes) for label in _axis_labels(plot, axis, beyond)
    ]
    return replace(grid, box=replace(grid.box, y0=-beyond, y1=1 + beyond), names_axes=True, axis_labels=ends)


def _axis_labels(plot: Plot, axis: Axis, beyond: float) -> list[tuple[float, str]]:
    """Return heights and texts of the ends of an axis, or of its categories, beyond where lines run."""
    if axis.categories:
        texts = [(axis.fraction(index), plain_line(text, 12)) for index, text in enumerate(axis.categories)]
    elif axis is plot.z:
        texts = [(0.0, plot.labels["low"]), (1.0, plot.labels["high"])]
    else:
        texts = [(axis.fraction(value), axis.text(value)) for value in (axis.low, axis.high)]
    moved = {0.0: -beyond, 1.0: 1 + beyond}
    return [(moved.get(fraction, fraction), text) for fraction, text in texts]


def _draw_importance(plot: Plot, width: int, height: int, marks: str) -> Drawing:
    """Draw a bar for each setting."""
    labels = [plain_line(bar.label, 40) for bar in plot.bars]
    widest = max(len(label) for label in labels)
    room = max(5, width - widest - 16)
    drawing: Drawing = [[Cell("")]]
    for bar, label in zip(plot.bars, labels, strict=True):
        text = ("#" if marks == "ascii" else "█") * max(1, round(bar.share * room))
        by_chance = bar.chance is not None and bar.share <= bar.chance
        share = f" {share_text(bar.share)}{' ≤ chance' if by_chance else ''}"
        meaning = "muted" if by_chance else "accent"
        drawing.append([Cell(f" {label:<{widest}} ", ""), Cell(text, meaning), Cell(share, "muted")])
    return drawing


def _draw_categories(plot: Plot, width: int, height: int, marks: str) -> Drawing:
    """Draw a bar for each trial, divided by category."""
    signs, names = "#=-+~o" if marks == "ascii" else "█▓▒░▚▞", list(plot.labels)
    room = max(10, width - 14)
    drawing: Drawing = [[]]
    for index, label in enumerate(plot.labels.values()):
        drawing[0] += [
            Cell(f" {signs[index % 6]} ", CATEGORY_MEANINGS[index % 6]),
            Cell(plain_line(label, 30), "muted"),
        ]
    lines: dict[str, list[Cell]] = {}
    for bar in plot.bars:
        line = lines.setdefault(bar.label, [Cell(f"{bar.label:>6} ", "muted")])
        index = names.index(bar.meaning) % 6
        line.append(Cell(signs[index] * (round(bar.high * room) - round(bar.low * room)), CATEGORY_MEANINGS[index]))
    return [*drawing, *lines.values()]


DRAW: Mapping[str, Callable[[Plot, int, int, str], Drawing]] = {
    "history": _draw_plane,
    "curves": _draw_plane,
    "slice": _draw_panels,
    "importance": _draw_importance,
    "parallel": _draw_parallel,
    "contour": draw_map,
    "pareto": _draw_plane,
    "categories": _draw_categories,
}
"""The drawing functions by kind of plot."""
KEYS = {"contour": ("the fuller, the better; a dot: nothing was tried there",)}
"""Explanations of characters, by kind of plot."""
MAP_KEYS = {"×": "tried, but without a value", "□": "also trials outside today's space"}
"""Explanations of characters that not every map has."""
ASCII_MAP_SIGNS = {"×": "x", "□": "@"}
