"""Dots and lines over two axes, drawn as lines of cells.

Of many dots a cell shows how many it holds; a few are numbered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hptui.core.dataclass import dataclass
from hptui.core.trial import TrialStatus
from hptui.tui.cells import Cell
from hptui.tui.charts.layout import axis_layout
from hptui.tui.charts.raster import DOT_STYLES, DotStyle, PlaneBox, SeriesLine, rasterize
from hptui.tui.themes import ASCII_GLYPHS, UNICODE_GLYPHS

Drawing = list[list[Cell]]
"""Lines of cells."""
MAX_SEPARATE_DOTS = 300
"""With more dots cells are shaded by how many they hold."""
MAX_NUMBERED_DOTS = 30
"""Up to this number of dots each has its trial's number next to it, where there is room."""
DENSITIES, ASCII_DENSITIES = "·░▒▓█", ".:=%#"
"""Characters of cells that hold 1, 2, 4, 8, and 16 or more dots."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A dot at (x, y) in a colour. A later one covers an earlier one; one that is `outside` has a mark of its own.

    `status` is that of a trial without a value: its sign tells it from the others without colours. `trial` is its
    number; None for a dot that stands for no trial.
    """

    x: float
    y: float
    meaning: str = ""
    outside: bool = False
    status: str = ""
    trial: int | None = None


@dataclass(frozen=True, slots=True)
class TrialMark:
    """Where a trial is drawn: the index of the line, and the column."""

    trial: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class DotGrid:
    """Lines, dots over them, and the axes, which run over `box`.

    Dots of the `foot` have no height: they stand in a row of their own below the axis, if there is one.
    """

    box: PlaneBox
    dots: Sequence[Dot] = ()
    lines: Sequence[tuple[SeriesLine, str]] = ()
    x_title: str = ""
    y_title: str = ""
    x_ticks: Sequence[tuple[float, str]] | None = None
    foot: Sequence[Dot] | None = None
    names_axes: bool = False
    """Whether the ticks are the names of axes, none of which may be left out; each has a scale of its own."""
    axis_labels: Sequence[tuple[float, float, str]] = ()
    """What the heights of such axes stand for: x, y and a text, written over lines."""

    @property
    def is_dense(self) -> bool:
        """True if there are too many dots to draw each."""
        return len(self.dots) > MAX_SEPARATE_DOTS

    def body_height(self, height: int) -> int:
        """Return the number of lines between the axes, of `height` in all."""
        return max(3, height - 2 - (self.foot is not None))


def draw_grid(grid: DotGrid, width: int, height: int, marks: str = "braille") -> Drawing:
    """Draw a grid in `width` by `height` cells, axes and titles included."""
    style = DOT_STYLES.get(marks, DOT_STYLES["braille"])
    body = grid.body_height(height)
    layout = axis_layout(grid.box, width, body + 1)
    gutter, across = layout.gutter, max(4, width - layout.gutter - 1)
    codes, owner = rasterize([line for line, _ in grid.lines], across, body, grid.box, style)
    meanings = [meaning for _, meaning in grid.lines]
    dots, counts = _dots_by_cell(grid, across, body, style)
    axis_labels = _axis_labels_by_cell(grid, across, body, style)
    numbers = _numbers_by_cell(dots, codes != 0)
    labels = {} if grid.names_axes else dict(layout.rows)
    drawing: Drawing = [[Cell(" " * gutter + grid.y_title, "muted")]]
    for row in range(body):
        cells = [Cell(labels.get(row, "").rjust(gutter - 1) + " ", "muted")]
        for column in range(across):
            dot, pattern = dots.get((row, column)), int(codes[row, column])
            is_shade = grid.is_dense and dot is not None and dot.meaning != "best" and not dot.outside
            if dot is not None and not is_shade:
                cells.append(Cell(_dot_character(dot, style), dot.meaning))
            elif dot is None and (row, column) in axis_labels:
                cells.append(Cell(axis_labels[row, column], "muted"))
            elif pattern:
                cells.append(Cell(_line_character(style, pattern), meanings[int(owner[row, column])]))
            elif dot is not None:
                cells.append(Cell(_density_character(counts[row, column], style), dot.meaning))
            elif (row, column) in numbers:
                cells.append(Cell(numbers[row, column], "muted"))
            else:
                cells.append(Cell(" "))
        drawing.append(_merged_cells(cells))
    if grid.foot is not None:
        drawing.append([Cell("–".rjust(gutter - 1) + " ", "muted"), *_foot_cells(grid, across, style)])
    drawing += ([Cell(" " * gutter + line, "muted")] for line in _tick_lines(grid, layout.columns, across))
    if grid.x_title:
        drawing.append([Cell(" " * gutter + grid.x_title.center(across).rstrip(), "muted")])
    return drawing


def grid_frame(grid: DotGrid, width: int, height: int) -> tuple[int, int]:
    """Return how many cells the y axis takes, and how many are left for dots."""
    gutter = axis_layout(grid.box, width, grid.body_height(height) + 1).gutter
    return gutter, max(4, width - gutter - 1)


def trial_marks(grid: DotGrid, width: int, height: int, marks: str = "braille") -> list[TrialMark]:
    """Return where `draw_grid` draws each trial, in the order of the x axis."""
    style = DOT_STYLES.get(marks, DOT_STYLES["braille"])
    body = grid.body_height(height)
    gutter = axis_layout(grid.box, width, body + 1).gutter
    across = max(4, width - gutter - 1)
    places = {dot.trial: (dot.x, _cell_of(dot, grid.box, across, body, style)) for dot in grid.dots}
    places |= {dot.trial: (dot.x, (body, _foot_column(dot, grid.box, across))) for dot in grid.foot or ()}
    ordered = sorted((x, trial, cell) for trial, (x, cell) in places.items() if trial is not None)
    return [TrialMark(trial, row + 1, gutter + column) for _, trial, (row, column) in ordered]


def _foot_column(dot: Dot, box: PlaneBox, across: int) -> int:
    column = round((dot.x - box.x0) / (box.x1 - box.x0) * (across - 1))
    return max(0, min(across - 1, column))


def _foot_cells(grid: DotGrid, across: int, style: DotStyle) -> list[Cell]:
    """Return the row of the trials that have no value."""
    cells = [Cell(" ")] * across
    for dot in grid.foot or ():
        cells[_foot_column(dot, grid.box, across)] = Cell(_dot_character(dot, style), dot.meaning)
    return _merged_cells(cells)


def _dot_character(dot: Dot, style: DotStyle) -> str:
    if dot.status:
        glyphs = ASCII_GLYPHS if style.across == 1 else UNICODE_GLYPHS
        return glyphs.status[TrialStatus(dot.status)]
    if style.across == 1:
        return "@" if dot.outside else "o"
    return "□" if dot.outside else "●"


def _density_character(count: int, style: DotStyle) -> str:
    characters = ASCII_DENSITIES if style.across == 1 else DENSITIES
    return characters[min(len(characters), count.bit_length()) - 1]


def _line_character(style: DotStyle, pattern: int) -> str:
    return style.glyphs[min(pattern, len(style.glyphs) - 1)] if style.across > 1 else "*"


def _cell_of(dot: Dot, box: PlaneBox, across: int, down: int, style: DotStyle) -> tuple[int, int]:
    """Return the row and column of a dot."""
    y0, y1 = (np.log10(box.y0), np.log10(box.y1)) if box.log else (box.y0, box.y1)
    y = np.log10(dot.y) if box.log else dot.y
    column = round((dot.x - box.x0) / (box.x1 - box.x0) * (across * style.across - 1)) // style.across
    row = round(float(y1 - y) / float(y1 - y0) * (down * style.down - 1)) // style.down
    return max(0, min(down - 1, row)), max(0, min(across - 1, column))


def _dots_by_cell(
    grid: DotGrid, across: int, down: int, style: DotStyle
) -> tuple[dict[tuple[int, int], Dot], Counter[tuple[int, int]]]:
    """Return the last dot in each cell, by row and column, and how many trials each holds.

    A mark of a trial outside today's range stays.
    """
    cells: dict[tuple[int, int], Dot] = {}
    trials = set()
    for dot in grid.dots:
        key = _cell_of(dot, grid.box, across, down, style)
        cells[key] = replace(dot, outside=dot.outside or (key in cells and cells[key].outside))
        trials.add((key, dot.trial if dot.trial is not None else id(dot)))
    return cells, Counter(key for key, _ in trials)


def _numbers_by_cell(dots: Mapping[tuple[int, int], Dot], is_line: NDArray[np.bool_]) -> Mapping[tuple[int, int], str]:
    """Return the characters of the trials' numbers next to the dots, where neither a line nor a dot is."""
    numbers: dict[tuple[int, int], str] = {}
    if len(dots) > MAX_NUMBERED_DOTS:
        return numbers
    down, across = is_line.shape
    for (row, column), dot in sorted(dots.items(), key=lambda item: item[1].meaning != "best"):
        text = f"#{dot.trial}"
        starts = [(row, column + 1), (row, column - len(text)), (row - 1, column), (row + 1, column)]
        for line, start in starts if dot.trial is not None else ():
            cells = [(line, start + index) for index in range(len(text))]
            is_inside = 0 <= line < down and start >= 0 and start + len(text) <= across
            if is_inside and not any(cell in dots or cell in numbers or is_line[cell] for cell in cells):
                numbers |= zip(cells, text, strict=True)
                break
    return numbers


def _axis_labels_by_cell(grid: DotGrid, across: int, down: int, style: DotStyle) -> Mapping[tuple[int, int], str]:
    """Return the characters of the labels of axes: from their axis on, at the last one before it.

    A word without room before the next label is cut with an ellipsis; a number is left out.
    """
    rows: dict[int, list[tuple[int, str]]] = {}
    for x, y, text in grid.axis_labels:
        row, column = _cell_of(Dot(x, y), grid.box, across, down, style)
        rows.setdefault(row, []).append((max(0, min(column, across - len(text))), text))
    cells: dict[tuple[int, int], str] = {}
    for row, labels in rows.items():
        labels.sort()
        ends = [start - 1 for start, _ in labels[1:]] + [across]
        for (start, text), end in zip(labels, ends, strict=True):
            cells |= {(row, start + index): sign for index, sign in enumerate(_fitted(text, end - start))}
    return cells


def _fitted(text: str, room: int) -> str:
    """Return a text where it has room, else its beginning; nothing of a number."""
    if len(text) <= room:
        return text
    begins_with_digit = text.lstrip("+-.")[:1].isdigit()
    return f"{text[: room - 1]}…" if room > 1 and not begins_with_digit else ""


def _tick_lines(grid: DotGrid, defaults: Sequence[tuple[int, str]], across: int) -> list[str]:
    """Return the ticks below the x axis: the grid's own, or else round numbers.

    Names of axes that have no room next to each other stand in two lines.
    """
    ticks = list(defaults)
    if grid.x_ticks is not None:
        low, high = grid.box.x0, grid.box.x1
        ticks = []
        for value, text in grid.x_ticks:
            centre = round((value - low) / (high - low) * (across - 1))
            ticks.append((max(0, min(across - len(text), centre - len(text) // 2)), text))
    lines = [[" "] * across for _ in range(2 if grid.names_axes else 1)]
    ends = [-1] * len(lines)
    for start, text in ticks:
        index = next((index for index, end in enumerate(ends) if start > end), None)
        if index is None and grid.names_axes:  # none may be left out: one is moved to the right, and shortened
            index, end = ends.index(min(ends)), start + len(text)
            start = ends[index] + 1
            text = text if start + len(text) <= end else f"{text[: max(1, end - start - 1)]}…"
        if index is not None and start + len(text) <= across:
            lines[index][start : start + len(text)] = text
            ends[index] = start + len(text)
    return ["".join(line).rstrip() for index, line in enumerate(lines) if not index or ends[index] > 0]


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
    if stepped:
        # In the order given: a front of the highest values runs from the right to the left.
        corners = [corner for (_, y), (x, after) in pairwise(points) for corner in ((x, y), (x, after))]
        points = [*points[:1], *corners]
        points = points[::-1] if points and points[0][0] > points[-1][0] else points
        # Interpolation needs ascending x; at the last x it must give the last y, or a step there would not be seen.
        points = [(x - (len(points) - 1 - index) * 1e-9, y) for index, (x, y) in enumerate(points)]
    else:
        points = sorted(points, key=lambda point: point[0])
    ys = np.array([y for _, y in points], float)
    return SeriesLine(np.array([x for x, _ in points], float), ys, ys)
