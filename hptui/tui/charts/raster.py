"""Rasterizes series into cells: which dots of a grid are set, and to which line they belong. Pure NumPy.

Each column of dots shows the lowest and the highest value that falls into it, so that a spike of a single step among a
million is visible, and is joined to the column before, so that a line is continuous. Values that are no numbers are
gaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hptui.core.dataclass import dataclass

Floats = NDArray[np.float64]
"""A one-dimensional array of numbers."""


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """A series to draw. `low` and `high` are the extremes at each `x`: the same array where there is one value.

    `dotted` leaves gaps, which distinguishes a training curve from its validation curve of the same colour.
    """

    x: Floats
    low: Floats
    high: Floats
    dotted: bool = False


@dataclass(frozen=True, slots=True)
class DotStyle:
    """How dots become characters.

    `across` by `down` dots per cell, and the character of each pattern of dots.
    """

    name: str
    across: int
    down: int
    glyphs: str


def _braille() -> str:
    """Return the characters of all 256 patterns; bit = row * 2 + column of the dot."""
    bits = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
    flat = [bit for row in bits for bit in row]
    return "".join(chr(0x2800 + sum(bit for n, bit in enumerate(flat) if code >> n & 1)) for code in range(256))


BRAILLE = DotStyle("braille", 2, 4, _braille())
"""Two by four dots per cell."""
BLOCK = DotStyle("block", 2, 2, " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")
"""Two by two blocks per cell."""
ASCII = DotStyle("ascii", 1, 1, " *")
"""One character per cell, for terminals without Unicode."""
DOT_STYLES = {style.name: style for style in (BRAILLE, BLOCK, ASCII)}
"""Styles by their names in the configuration."""


@dataclass(frozen=True, slots=True)
class PlaneBox:
    """The part of the plane that is shown.

    With `log`, the y axis is logarithmic and its bounds are positive. `percents` names axes of shares: `y`, `x`, `xy`.
    """

    x0: float
    x1: float
    y0: float
    y1: float
    log: bool = False
    percents: str = ""


def rasterize(
    lines: list[SeriesLine], width: int, height: int, box: PlaneBox, style: DotStyle = BRAILLE
) -> tuple[NDArray[np.uint16], NDArray[np.int16]]:
    """Rasterize lines: the pattern of dots of each cell, and the index of its line or -1.

    A cell that several lines share belongs to the last. Shape: both arrays are (height, width).
    """
    across, down = style.across, style.down
    columns, rows = width * across, height * down
    codes = np.zeros((height, width), np.uint16)
    owner = np.full((height, width), -1, np.int16)
    weights = (1 << np.arange(across * down, dtype=np.uint16)).reshape(down, across)
    grid = np.arange(rows)[:, None]
    y0, y1 = (np.log10(box.y0), np.log10(box.y1)) if box.log else (box.y0, box.y1)
    scale = (rows - 1) / (y1 - y0) if y1 > y0 else 0.0
    for index, line in enumerate(lines):
        ranges = _ranges(line, box, columns)
        if ranges is None:
            continue
        low, high = ranges
        with np.errstate(invalid="ignore"):
            top, bottom = _joined(np.round((y1 - high) * scale), np.round((y1 - low) * scale))
        if line.dotted:
            gap = (np.arange(columns) // across) % 2 == 1
            top, bottom = np.where(gap, np.nan, top), np.where(gap, np.nan, bottom)
        top, bottom = np.nan_to_num(top, nan=rows + 9.0), np.nan_to_num(bottom, nan=-9.0)
        dots = (grid >= top) & (grid <= bottom)
        cells = (dots.reshape(height, down, width, across) * weights[None, :, None, :]).sum(axis=(1, 3))
        hit = cells > 0
        # Where curves meet, the dots of all of them stay, so that none has gaps; the colour is the last one's.
        codes |= cells.astype(np.uint16)
        owner[hit] = index
    return codes, owner


def _ranges(line: SeriesLine, box: PlaneBox, columns: int) -> tuple[Floats, Floats] | None:
    """Return the lowest and highest value in each column of dots; None if there is none."""
    x, low, high = line.x, line.low, line.high
    is_single = low is high
    if box.log:
        with np.errstate(divide="ignore", invalid="ignore"):
            low = np.log10(np.where(low > 0, low, np.nan))
            high = low if is_single else np.log10(np.where(high > 0, high, np.nan))
    span = box.x1 - box.x0
    if x.size == 0 or span <= 0:
        return None
    finite = np.isfinite(low) & np.isfinite(high)
    # One more point on either side, so that a line does not end before the window does.
    first = max(0, int(np.searchsorted(x, box.x0)) - 1)
    last = int(np.searchsorted(x, box.x1, side="right")) + 1
    x, low, high, finite = x[first:last], low[first:last], high[first:last], finite[first:last]
    if not finite.any():
        return None
    if x.size < columns:
        return _between(x, low, high, finite, box, columns)
    x, low, high = x[finite], low[finite], high[finite]
    where = np.floor((x - box.x0) / span * (columns - 1) + 0.5).astype(np.intp)
    inside = (where >= 0) & (where < columns)
    if not inside.all():
        x, low, high, where = x[inside], low[inside], high[inside], where[inside]
    if where.size == 0:
        return None
    starts = np.flatnonzero(np.diff(where, prepend=-1))
    lowest, highest = np.full(columns, np.nan), np.full(columns, np.nan)
    lowest[where[starts]] = np.minimum.reduceat(low, starts)
    highest[where[starts]] = np.maximum.reduceat(high, starts)
    return lowest, highest


def _between(
    x: Floats, low: Floats, high: Floats, finite: NDArray[np.bool_], box: PlaneBox, columns: int
) -> tuple[Floats, Floats]:
    """Interpolate a line of fewer points than columns; it is broken where a value is no number."""
    positions = np.linspace(box.x0, box.x1, columns)
    values = [np.full(columns, np.nan), np.full(columns, np.nan)]
    edges = np.flatnonzero(np.diff(np.concatenate(([0], finite.astype(np.int8), [0]))))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        run = x[start:end]
        inside = (positions >= run[0]) & (positions <= run[-1])
        for series, into in ((low, values[0]), (high, values[1])):
            into[inside] = np.interp(positions[inside], run, series[start:end])
        # A part narrower than a column of dots is one dot.
        if not inside.any() and box.x0 <= run[0] <= box.x1:
            column = int((run[0] - box.x0) / (box.x1 - box.x0) * (columns - 1) + 0.5)
            values[0][column], values[1][column] = low[start], high[start]
    return values[0], values[1]


def _joined(top: Floats, bottom: Floats) -> tuple[Floats, Floats]:
    """Extend each column of dots to the one before, up to the adjacent row, so that a line stays thin."""
    before_top, before_bottom = np.roll(top, 1), np.roll(bottom, 1)
    before_top[0] = before_bottom[0] = np.nan
    lower = np.where(before_top > bottom + 1, before_top - 1, bottom)
    upper = np.where(before_bottom < top - 1, before_bottom + 1, top)
    return upper, lower


def runs(owners: Sequence[int], cross: int | None) -> Iterator[tuple[int, int]]:
    """Yield the parts (start, end) of a row whose cells belong to the same line, or to none.

    A part ends before the column `cross` of the crosshair, and its cell stands alone where no line is drawn.
    """
    start, count = 0, len(owners)
    while start < count:
        end = start + 1
        is_alone = start == cross and owners[start] < 0
        while end < count and owners[end] == owners[start] and end != cross and not is_alone:
            end += 1
        yield start, end
        start = end
