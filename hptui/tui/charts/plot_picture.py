"""Draws dots and lines of a plane as lines of cells, with axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hptui.tui.cells import Cell
from hptui.tui.charts.layout import axis_layout
from hptui.tui.charts.raster import DOT_STYLES, DotStyle, PlaneBox, SeriesLine, rasterize

Drawing = list[list[Cell]]
"""Lines of cells."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of the plane; `meaning` is its colour. A later dot covers an earlier one."""

    x: float
    y: float
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class DotGrid:
    """Lines, dots over them, and the axes, which run from low to high."""

    dots: Sequence[Dot] = ()
    lines: Sequence[tuple[SeriesLine, str]] = ()
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)
    x_title: str = ""
    y_title: str = ""
    x_ticks: Sequence[tuple[float, str]] | None = None


@dataclass(frozen=True, slots=True)
class DrawnPlot:
    """A drawn plot and its numbers: `rows` are cells under `headings`."""

    title: str
    drawing: Drawing
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=list)
    note: str = ""


def with_margins(values: Sequence[float]) -> tuple[float, float]:
    """Return bounds with a margin around the finite values."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    margin = (high - low) * 0.04 or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def draw_grid(plane: DotGrid, width: int, height: int, charts: str = "braille") -> Drawing:
    """Draw a plane in `width` by `height` cells, axes and titles included."""
    style = DOT_STYLES.get(charts, DOT_STYLES["braille"])
    body = max(3, height - 2)
    box = PlaneBox(*plane.x, *plane.y)
    layout = axis_layout(box, width, body + 1)
    gutter, across = layout.gutter, max(4, width - layout.gutter - 1)
    codes, owner = rasterize([line for line, _ in plane.lines], across, body, box, style)
    meanings = [meaning for _, meaning in plane.lines]
    dots = _dot_patterns(plane.dots, across, body, box, style)
    labels = dict(layout.rows)
    drawing: Drawing = [[Cell(" " * gutter + plane.y_title, "muted")]]
    for row in range(body):
        cells = [Cell(labels.get(row, "").rjust(gutter - 1) + " ", "muted")]
        for column in range(across):
            pattern, meaning = dots.get((row, column), (0, ""))
            line_pattern = int(codes[row, column])
            if pattern:
                cells.append(Cell("o" if style.across == 1 else "●" if meaning else "∙", meaning))
            elif line_pattern:
                cells.append(Cell(_line_character(style, line_pattern), meanings[int(owner[row, column])]))
            else:
                cells.append(Cell(" "))
        drawing.append(_merged_cells(cells))
    drawing.append([Cell(" " * gutter + _tick_line(plane, layout.columns, across), "muted")])
    if plane.x_title:
        drawing.append([Cell(" " * gutter + plane.x_title.center(across).rstrip(), "muted")])
    return drawing


def _line_character(style: DotStyle, pattern: int) -> str:
    return style.glyphs[min(pattern, len(style.glyphs) - 1)] if style.across > 1 else "*"


def _dot_patterns(
    dots: Sequence[Dot], across: int, down: int, box: PlaneBox, style: DotStyle
) -> dict[tuple[int, int], tuple[int, str]]:
    """Return the pattern of dots, and the meaning of the last dot, by (row, column) of the cell."""
    patterns: dict[tuple[int, int], tuple[int, str]] = {}
    width, height = box.x1 - box.x0, box.y1 - box.y0
    for dot in dots:
        if not (math.isfinite(dot.x) and math.isfinite(dot.y)) or width <= 0 or height <= 0:
            continue
        column = round((dot.x - box.x0) / width * (across * style.across - 1))
        row = round((box.y1 - dot.y) / height * (down * style.down - 1))
        if not (0 <= column < across * style.across and 0 <= row < down * style.down):
            continue
        key = row // style.down, column // style.across
        bit = 1 << (row % style.down * style.across + column % style.across)
        patterns[key] = (patterns.get(key, (0, ""))[0] | bit, dot.meaning)
    return patterns


def _tick_line(plane: DotGrid, defaults: Sequence[tuple[int, str]], across: int) -> str:
    """Return the line of ticks below the x axis: the plane's own, or else round numbers."""
    line = [" "] * across
    ticks = list(defaults)
    if plane.x_ticks is not None:
        low, high = plane.x
        ticks = []
        for value, text in plane.x_ticks:
            centre = round((value - low) / (high - low) * (across - 1)) if high > low else 0
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


def stepped_line(points: Sequence[tuple[float, float]]) -> SeriesLine:
    """Return a line that holds each value until the next point."""
    xs, ys = [], []
    for index, (x, y) in enumerate(points):
        if index:
            xs.append(x)
            ys.append(points[index - 1][1])
        xs.append(x + index * 1e-9)
        ys.append(y)
    array = np.array(ys, float)
    return SeriesLine(np.array(xs, float), array, array)


def straight_line(points: Sequence[tuple[float, float]]) -> SeriesLine:
    """Return a straight line through points in ascending order of x."""
    ys = np.array([y for _, y in points], float)
    return SeriesLine(np.array([x for x, _ in points], float), ys, ys)
