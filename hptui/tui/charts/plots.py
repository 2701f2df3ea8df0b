"""Draws a plot as lines of cells. The plot decides what it shows; characters and colours are decided here."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hptui.results.facts import plain_text
from hptui.results.plots.plot import Axis, Plot, PlotCell, PlotTable
from hptui.tui.cells import Cell, plain_line
from hptui.tui.charts.layout import axis_layout
from hptui.tui.charts.raster import DOT_STYLES, DotStyle, PlaneBox, SeriesLine, rasterize

Drawing = list[list[Cell]]
"""Lines of cells."""
AT_FOOT = ("failed", "pruned", "stopped")
"""Meanings of the points of a history that have no value."""
DOT_MEANINGS = dict.fromkeys(("front", "best", "knee"), "best") | dict.fromkeys(AT_FOOT, "bad") | {"beaten": "muted"}
"""Colour of a dot by the meaning of its point."""
LINE_MEANINGS = {"so far": "best", "front": "best", "best": "best", "top": "best", "failed": "bad", "without": "muted"}
"""Colour of a line by the meaning of its curve."""
SHADES = " ░▒▓█"
"""Characters of a map, from empty to full."""
ASCII_SHADES = " .:*#"
"""The same for terminals with ASCII only."""
CATEGORY_MEANINGS = ("good", "warn", "bad", "accent", "paused", "running")
"""Colours of the parts of a bar, in order."""
MAX_CATEGORY_TICKS = 12
"""Up to this number of categories each has a tick."""


def draw(plot: Plot, width: int, height: int, marks: str = "braille") -> Drawing:
    """Draw a plot in about `width` by `height` cells; `marks` is the name of a style in `DOT_STYLES`."""
    notes = [*KEYS.get(plot.kind, ()), *(plain_line(plain_text(note), 300) for note in plot.notes)]
    lines = [line for note in notes for line in textwrap.wrap(note, max(20, width - 2))]
    drawing = DRAW[plot.kind](plot, width, height - max(0, len(lines) - 1), marks)
    return [*drawing, *([Cell(f" {line}", "muted")] for line in lines)]


def draw_missing(reason: str) -> Drawing:
    """Draw the reason why there is no plot."""
    return [[Cell("")], [Cell(f"  {reason}", "muted")]]


def table_of(plot: Plot) -> PlotTable:
    """Return the numbers of a plot, safe for a terminal."""
    headings = tuple(plain_line(heading, 40) for heading in plot.table.headings)
    return PlotTable(headings, tuple(tuple(plain_line(text, 60) for text in row) for row in plot.table.rows))


# -- dots and lines with axes


@dataclass(frozen=True, slots=True)
class Dot:
    """A dot at (x, y) in a colour. A later one covers an earlier one; one that is `outside` has a mark of its own."""

    x: float
    y: float
    meaning: str = ""
    outside: bool = False


@dataclass(frozen=True, slots=True)
class DotGrid:
    """Lines, dots over them, and the axes, which run over `box`."""

    box: PlaneBox
    dots: Sequence[Dot] = ()
    lines: Sequence[tuple[SeriesLine, str]] = ()
    x_title: str = ""
    y_title: str = ""
    x_ticks: Sequence[tuple[float, str]] | None = None


def draw_grid(grid: DotGrid, width: int, height: int, marks: str = "braille") -> Drawing:
    """Draw a grid in `width` by `height` cells, axes and titles included."""
    style = DOT_STYLES.get(marks, DOT_STYLES["braille"])
    body = max(3, height - 2)
    layout = axis_layout(grid.box, width, body + 1)
    gutter, across = layout.gutter, max(4, width - layout.gutter - 1)
    codes, owner = rasterize([line for line, _ in grid.lines], across, body, grid.box, style)
    meanings = [meaning for _, meaning in grid.lines]
    dots = _dots_by_cell(grid, across, body, style)
    labels = dict(layout.rows)
    drawing: Drawing = [[Cell(" " * gutter + grid.y_title, "muted")]]
    for row in range(body):
        cells = [Cell(labels.get(row, "").rjust(gutter - 1) + " ", "muted")]
        for column in range(across):
            dot, pattern = dots.get((row, column)), int(codes[row, column])
            if dot is not None:
                cells.append(Cell(_dot_character(dot, style), dot.meaning))
            elif pattern:
                cells.append(Cell(_line_character(style, pattern), meanings[int(owner[row, column])]))
            else:
                cells.append(Cell(" "))
        drawing.append(_merged_cells(cells))
    drawing.append([Cell(" " * gutter + _tick_line(grid, layout.columns, across), "muted")])
    if grid.x_title:
        drawing.append([Cell(" " * gutter + grid.x_title.center(across).rstrip(), "muted")])
    return drawing


def _dot_character(dot: Dot, style: DotStyle) -> str:
    if style.across == 1:
        return "@" if dot.outside else "o"
    return "□" if dot.outside else "●"


def _line_character(style: DotStyle, pattern: int) -> str:
    return style.glyphs[min(pattern, len(style.glyphs) - 1)] if style.across > 1 else "*"


def _dots_by_cell(grid: DotGrid, across: int, down: int, style: DotStyle) -> dict[tuple[int, int], Dot]:
    """Return the last dot in each cell, by row and column; a mark of a trial outside today's range stays."""
    box = grid.box
    y0, y1 = (np.log10(box.y0), np.log10(box.y1)) if box.log else (box.y0, box.y1)
    cells: dict[tuple[int, int], Dot] = {}
    for dot in grid.dots:
        y = np.log10(dot.y) if box.log else dot.y
        column = round((dot.x - box.x0) / (box.x1 - box.x0) * (across * style.across - 1)) // style.across
        row = round(float(y1 - y) / float(y1 - y0) * (down * style.down - 1)) // style.down
        key = max(0, min(down - 1, row)), max(0, min(across - 1, column))
        cells[key] = replace(dot, outside=dot.outside or (key in cells and cells[key].outside))
    return cells


def _tick_line(grid: DotGrid, defaults: Sequence[tuple[int, str]], across: int) -> str:
    """Return the line of ticks below the x axis: the grid's own, or else round numbers."""
    line = [" "] * across
    ticks = list(defaults)
    if grid.x_ticks is not None:
        low, high = grid.box.x0, grid.box.x1
        ticks = []
        for value, text in grid.x_ticks:
            centre = round((value - low) / (high - low) * (across - 1))
            ticks.append((max(0, min(across - len(text), centre - len(text) // 2)), text))
    end = -1
    for start, text in ticks:
        if start > end and start + len(text) <= across:
            line[start : start + len(text)] = text
            end = start + len(text)
    return "".join(line).rstrip()


def _merged_cells(cells: list[Cell]) -> list[Cell]:
    """Join adjacent cells of one colour: fewer cells are drawn faster."""
    merged: list[Cell] = []
    for cell in cells:
        if merged and merged[-1].meaning == cell.meaning:
            merged[-1] = Cell(merged[-1].text + cell.text, cell.meaning)
        else:
            merged.append(cell)
    return merged


def series_line(points: Sequence[tuple[float, float]], *, stepped: bool = False) -> SeriesLine:
    """Return the line through points; `stepped` holds each value until the next point."""
    points = sorted(points, key=lambda point: point[0])
    if stepped:
        corners: list[tuple[float, float]] = []
        for index, (x, y) in enumerate(points):
            corners += [(x, points[index - 1][1])] if index else []
            corners.append((x + index * 1e-9, y))  # interpolation needs ascending x
        points = corners
    ys = np.array([y for _, y in points], float)
    return SeriesLine(np.array([x for x, _ in points], float), ys, ys)


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
    is_unit = plot.kind == "slice" or plot.x.kind != "linear"
    y0, y1 = _padded(plot.y)
    x0, x1 = (-0.02, 1.02) if is_unit else _padded(plot.x)
    if plot.kind == "history":
        x0, x1 = plot.x.low - 0.5, plot.x.high + 0.5

    def across(x: float) -> float:
        return _unit(plot.x, x) if is_unit else x

    dots = [
        Dot(
            across(point.x),
            y0 if plot.kind == "history" and point.meaning in AT_FOOT else point.y,
            DOT_MEANINGS.get(point.meaning, "accent"),
            point.outside,
        )
        for point in plot.points
    ]
    lines = []
    for curve in plot.curves:
        line = series_line([(across(x), y) for x, y in curve.points], stepped=curve.stepped)
        lines.append((line, LINE_MEANINGS.get(curve.meaning, "accent")))
        if curve.meaning == "failed":
            x, y = curve.points[-1]
            dots.append(Dot(across(x), y, "bad"))
    grid = DotGrid(
        PlaneBox(x0, x1, y0, y1, plot.y.kind == "log"),
        dots,
        lines,
        plain_line(plot.x.label, 40),
        plain_line(plot.y.label, 40),
        _unit_ticks(plot.x) if is_unit else None,
    )
    return draw_grid(grid, width, height, marks)


def _draw_panels(plot: Plot, width: int, height: int, marks: str) -> Drawing:
    """Draw slices below each other."""
    share = max(6, height // max(1, len(plot.panels)))
    return [line for panel in plot.panels for line in _draw_plane(panel, width, share, marks)]


def _draw_parallel(plot: Plot, width: int, height: int, marks: str) -> Drawing:
    """Draw a line per trial through all axes, each from its low to its high."""
    lines = [(series_line(curve.points), LINE_MEANINGS.get(curve.meaning, "muted")) for curve in plot.curves]
    dots = [
        Dot(*curve.points[index], LINE_MEANINGS.get(curve.meaning, "muted"), outside=True)
        for curve in plot.curves
        for index in curve.outside
    ]
    room = max(4, (width - 8) // len(plot.axes) - 1)
    labels = [plain_line(axis.label, 40) for axis in plot.axes]
    ticks = [
        (float(index), label if len(label) <= room else f"{label[: room - 1]}…") for index, label in enumerate(labels)
    ]
    box = PlaneBox(0.0, max(1.0, len(plot.axes) - 1.0), -0.02, 1.02)
    return draw_grid(DotGrid(box, dots, lines, "", plot.y.label, ticks), width, height, marks)


def _draw_map(plot: Plot, width: int, height: int, marks: str) -> Drawing:
    """Draw the map of means, fuller where better."""
    columns, rows = (sorted({cell.x for cell in plot.cells}), sorted({cell.y for cell in plot.cells}))
    at = {(cell.x, cell.y): cell for cell in plot.cells if not cell.outside}
    outside = {(cell.x, cell.y): cell for cell in plot.cells if cell.outside}
    means = [cell.z for cell in plot.cells if cell.z is not None]
    scale = Axis(low=min(means, default=0.0), high=max(means, default=0.0))
    room = max(3, min(12, (width - 14) // len(columns)))
    cell_height = max(1, min(4, (height - 5) // len(rows)))
    drawing: Drawing = [[Cell("")]]
    for y in reversed(rows):
        line = [Cell(f"{plain_line(plot.y.text(y), 12):>12} ", "muted")]
        for x in columns:
            cells = [cell for cell in (at.get((x, y)), outside.get((x, y))) if cell is not None]
            line.append(_map_cell(cells, scale, plot.goal, room, marks))
        spacer = [Cell(cell.text.translate(ONLY_SHADES), cell.meaning) for cell in line[1:]]
        drawing += [[Cell(" " * 13, "muted"), *spacer]] * (cell_height - 1) + [line]
    ticks = "".join(plain_line(plot.x.text(x), 12)[: room - 1].center(room) for x in columns)
    title = plain_line(plot.x.label, 40)
    return [*drawing, [Cell(" " * 13 + ticks, "muted")], [Cell(" " * 13 + title, "muted")]]


ONLY_SHADES = str.maketrans("·□×x@", "     ")
"""Marks that stand in the last line of a cell only."""


def _map_cell(cells: Sequence[PlotCell], scale: Axis, goal: str, room: int, marks: str) -> Cell:
    """Return a line of a place of a map; of its `cells` one is inside today's space, one outside."""
    is_ascii = marks == "ascii"
    mark = ("@" if is_ascii else "□") if any(cell.outside for cell in cells) else " "
    means = [cell.z for cell in cells if cell.z is not None]
    if not means:
        is_tried = any(cell.without for cell in cells)
        sign = ("x" if is_ascii else "×") if is_tried else "·"
        return Cell((sign + mark).center(room) if is_tried else sign.center(room), "bad" if is_tried else "muted")
    shades, best = ASCII_SHADES if is_ascii else SHADES, scale.high
    fraction = (means[0] - scale.low) / (scale.high - scale.low) if scale.high > scale.low else 0.0
    if goal == "minimize":
        fraction, best = 1 - fraction, scale.low
    shade = shades[1 + round(fraction * (len(shades) - 2))]
    return Cell(shade * (room - 1) + mark, "best" if best in means else "accent")


def _draw_importance(plot: Plot, width: int, height: int, marks: str) -> Drawing:
    """Draw a bar for each setting."""
    labels = [plain_line(bar.label, 40) for bar in plot.bars]
    widest = max(len(label) for label in labels)
    room = max(5, width - widest - 10)
    drawing: Drawing = [[Cell("")]]
    for bar, label in zip(plot.bars, labels, strict=True):
        text = ("#" if marks == "ascii" else "█") * max(1, round(bar.share * room))
        drawing.append([Cell(f" {label:<{widest}} ", ""), Cell(text, "accent"), Cell(f" {bar.share:.0%}", "muted")])
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
    "contour": _draw_map,
    "pareto": _draw_plane,
    "categories": _draw_categories,
}
"""The drawing functions by kind of plot."""
KEYS = {"contour": ("the fuller, the better; a dot: nothing was tried there",)}
"""Explanations of characters, by kind of plot."""
