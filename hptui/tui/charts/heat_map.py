"""Draws a heat map as lines of cells: the means of trials in the ranges of two settings."""

from __future__ import annotations

from collections.abc import Sequence

from hptui.results.plots.plot import Axis, Plot, PlotCell
from hptui.tui.cells import Cell, plain_line
from hptui.tui.charts.grid import Drawing

SHADES = " ░▒▓█"
"""Characters of a map, from empty to full."""
ASCII_SHADES = " .:*#"
"""The same for terminals with ASCII only."""


def draw_map(plot: Plot, width: int, height: int, marks: str) -> Drawing:
    """Draw the map of means, fuller where better."""
    columns, rows = (sorted({cell.x for cell in plot.cells}), sorted({cell.y for cell in plot.cells}))
    at = {(cell.x, cell.y): cell for cell in plot.cells if not cell.outside}
    outside = {(cell.x, cell.y): cell for cell in plot.cells if cell.outside}
    means = [cell.z for cell in plot.cells if cell.z is not None]
    scale = Axis(low=min(means, default=0.0), high=max(means, default=0.0))
    room = max(3, min(12, (width - 14) // len(columns)))
    cell_height = max(1, min(7, (height - 5) // len(rows)))
    drawing: Drawing = [[Cell("")]]
    for y in reversed(rows):
        line = [Cell(f"{plain_line(plot.y.text(y), 12):>12} ", "muted")]
        for x in columns:
            cells = [cell for cell in (at.get((x, y)), outside.get((x, y))) if cell is not None]
            line.append(_map_cell(cells, scale, plot.goal, room, marks))
        spacer = [Cell(cell.text.translate(ONLY_SHADES), cell.meaning) for cell in line[1:]]
        above, blank = cell_height // 2, [Cell(" " * 13, "muted"), *spacer]
        drawing += [*[blank] * above, line, *[blank] * (cell_height - 1 - above)]
    ticks = _tick_line(plot.x, columns, room)
    title = plain_line(plot.x.label, 40)
    return [*drawing, [Cell(" " * 13 + ticks, "muted")], [Cell(" " * 13 + title, "muted")]]


ONLY_SHADES = str.maketrans("·□×x@", "     ")
"""Marks that stand in the middle line of a cell only."""


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


def _tick_line(axis: Axis, columns: Sequence[float], room: int) -> str:
    """Return the values under the columns: whole ones, if need be only under some; cut names say so."""
    texts = [plain_line(axis.text(x), 12) for x in columns]
    if axis.categories:
        texts = [text if len(text) < room else f"{text[: room - 2]}…" for text in texts]
    every = -(-(max(map(len, texts)) + 1) // room)
    line = ""
    for index in range(0, len(texts), every):
        start = min(index * room + max(0, (room - len(texts[index])) // 2), room * len(texts) - len(texts[index]))
        line = line.ljust(start) + texts[index] if start >= len(line) else line
    return line
