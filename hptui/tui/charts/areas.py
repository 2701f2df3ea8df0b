"""The parts of a drawn plot along which a range can be chosen, and the filter of trials that a range means."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from hptui.core.dataclass import dataclass
from hptui.core.values import number_text
from hptui.results.plots.plot import Axis

POINT_MARGIN = 0.2
"""How near a range must come to a point of a vertical axis to take it, as a share of the way between two."""


@dataclass(frozen=True, slots=True)
class PlotArea:
    """Cells of a drawing along which the values of a column run: from `first` to `last`, the axis's low to its high.

    A vertical one runs from the line `first` at the bottom to `last` at the top; it takes the columns or lines from
    `side_from` to `side_to` across.
    """

    name: str
    axis: Axis
    first: float
    last: float
    side_from: int
    side_to: int
    is_vertical: bool = False

    def contains(self, line: int, column: int) -> bool:
        """Return whether a cell belongs to the area."""
        return self.side_from <= (column if self.is_vertical else line) <= self.side_to

    def position(self, line: float, column: float) -> float:
        """Return the value of the axis at a cell."""
        at = line if self.is_vertical else column
        fraction = (at - self.first) / (self.last - self.first) if self.last != self.first else 0.5
        fraction = min(1.0, max(0.0, fraction))
        if self.axis.kind == "category" and not self.is_vertical:  # each has a part of the axis
            return fraction * len(self.axis.categories) - 0.5
        return self.axis.at(fraction)

    def filter_between(self, start: float, end: float) -> str:
        """Return the filter for the values from one position to another."""
        low, high = sorted((start, end))
        name = shlex.quote(self.name)
        if self.axis.kind == "category":
            # A category has a part of a horizontal axis; lines cross a vertical one at a point.
            margin = POINT_MARGIN if self.is_vertical else 0.5
            chosen = [text for index, text in enumerate(self.axis.categories) if low - margin <= index <= high + margin]
            return f"{name}={','.join(map(shlex.quote, chosen))}" if chosen else ""
        if self.axis.format == "integer":
            return f"{name}>={round(low)} {name}<={round(high)}"
        return f"{name}>={_rounded_text(low)} {name}<={_rounded_text(high)}"

    @property
    def whole(self) -> str:
        """The filter for the whole axis."""
        if self.axis.kind == "category":
            return self.filter_between(0, len(self.axis.categories) - 1)
        return self.filter_between(self.axis.low, self.axis.high)


def _rounded_text(value: float) -> str:
    return number_text(float(f"{value:.3g}"))


def area_at(areas: Sequence[PlotArea], line: int, column: int) -> PlotArea | None:
    """Return the area at a cell, the nearest axis of several next to each other."""
    candidates = [area for area in areas if area.contains(line, column)]
    return min(candidates, key=lambda area: abs((area.side_from + area.side_to) / 2 - column), default=None)
