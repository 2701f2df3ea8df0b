"""Dots and lines of a plane as lines of cells, with axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hptui.tui.cells import Cell
from hptui.tui.charts.plan import frame
from hptui.tui.charts.raster import STYLES, Box, Line, Style, raster

Drawing = list[list[Cell]]


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of the plane; `meaning` is its colour, and dots of a later meaning lie over earlier ones."""

    x: float
    y: float
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Plane:
    """What is drawn: lines under dots. Both axes run from low to high."""

    dots: Sequence[Dot] = ()
    lines: Sequence[tuple[Line, str]] = ()
    x: tuple[float, float] = (0.0, 1.0)
    y: tuple[float, float] = (0.0, 1.0)
    x_title: str = ""
    y_title: str = ""
    x_ticks: Sequence[tuple[float, str]] | None = None


@dataclass(frozen=True, slots=True)
class Insight:
    """A picture and its numbers: `rows` are cells under `headings`."""

    title: str
    drawing: Drawing
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=list)
    note: str = ""


def span(values: Sequence[float]) -> tuple[float, float]:
    """Bounds with a little air around finite values."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    air = (high - low) * 0.04 or abs(high) * 0.05 or 1.0
    return low - air, high + air


def draw(plane: Plane, width: int, height: int, charts: str = "braille") -> Drawing:
    """The plane in so many cells, axes and titles included."""
    style = STYLES.get(charts, STYLES["braille"])
    body = max(3, height - 2)
    box = Box(*plane.x, *plane.y)
    plan = frame(box, width, body + 1)
    gutter, across = plan.gutter, max(4, width - plan.gutter - 1)
    codes, owner = raster([line for line, _ in plane.lines], across, body, box, style)
    meanings = [meaning for _, meaning in plane.lines]
    dots = _dots(plane.dots, across, body, box, style)
    labels = dict(plan.rows)
    drawing: Drawing = [[Cell(" " * gutter + plane.y_title, "muted")]]
    for row in range(body):
        cells = [Cell(labels.get(row, "").rjust(gutter - 1) + " ", "muted")]
        for column in range(across):
            pattern, meaning = dots.get((row, column), (0, ""))
            under = int(codes[row, column])
            if pattern:
                cells.append(Cell("o" if style.across == 1 else "●" if meaning else "∙", meaning))
            elif under:
                cells.append(Cell(_sign(style, under), meanings[int(owner[row, column])]))
            else:
                cells.append(Cell(" "))
        drawing.append(_merged(cells))
    drawing.append([Cell(" " * gutter + _ticks(plane, plan.columns, across), "muted")])
    if plane.x_title:
        drawing.append([Cell(" " * gutter + plane.x_title.center(across).rstrip(), "muted")])
    return drawing


def _sign(style: Style, pattern: int) -> str:
    return style.glyphs[min(pattern, len(style.glyphs) - 1)] if style.across > 1 else "*"


def _dots(
    dots: Sequence[Dot], across: int, down: int, box: Box, style: Style
) -> dict[tuple[int, int], tuple[int, str]]:
    """(row, column) of a cell -> its pattern and the meaning of its last dot."""
    found: dict[tuple[int, int], tuple[int, str]] = {}
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
        found[key] = (found.get(key, (0, ""))[0] | bit, dot.meaning)
    return found


def _ticks(plane: Plane, usual: Sequence[tuple[int, str]], across: int) -> str:
    """The line of the x axis: ticks of its own, else round numbers."""
    line = [" "] * across
    places = list(usual)
    if plane.x_ticks is not None:
        low, high = plane.x
        places = []
        for value, text in plane.x_ticks:
            middle = round((value - low) / (high - low) * (across - 1)) if high > low else 0
            places.append((max(0, min(across - len(text), middle - len(text) // 2)), text))
    reached = -1
    for start, text in places:
        if start > reached and start + len(text) <= across:
            line[start : start + len(text)] = text
            reached = start + len(text)
    return "".join(line).rstrip()


def _merged(cells: list[Cell]) -> list[Cell]:
    """Neighbours of one colour as one cell: less to draw."""
    merged: list[Cell] = []
    for cell in cells:
        if merged and merged[-1].meaning == cell.meaning:
            merged[-1] = Cell(merged[-1].text + cell.text, cell.meaning)
        else:
            merged.append(cell)
    return merged


def stairs(points: Sequence[tuple[float, float]]) -> Line:
    """A line that holds each value until the next."""
    xs, ys = [], []
    for index, (x, y) in enumerate(points):
        if index:
            xs.append(x)
            ys.append(points[index - 1][1])
        xs.append(x + index * 1e-9)
        ys.append(y)
    array = np.array(ys, float)
    return Line(np.array(xs, float), array, array)


def straight(points: Sequence[tuple[float, float]]) -> Line:
    """A line through points, by x."""
    ys = np.array([y for _, y in points], float)
    return Line(np.array([x for x, _ in points], float), ys, ys)
