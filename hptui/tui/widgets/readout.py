"""The values of a chart's curves as a table: at the crosshair or at the end, and the extremes of what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hptui.tui.cells import Cell, fit_cells, plain_line, width_of
from hptui.tui.widgets.chart_legend import letter_of, position_text, value_text

if TYPE_CHECKING:
    from hptui.tui.charts.series import CurveArrays
    from hptui.tui.widgets.chart import Chart


def readout_lines(chart: Chart) -> list[list[Cell]]:
    """Return a line per curve in its colour, under headings; a dotted one is marked with `:`.

    The value is that of the line as it is drawn; the extremes and the last one are as recorded.
    """
    rows: list[tuple[tuple[str, ...], str]] = []
    label = ""
    for plot, entry in zip(chart.plots, chart.legend(), strict=True):
        label = entry.label or label
        mark = f"{letter_of(entry.colour)} " if chart.charts == "ascii" else ""
        name = f"{mark}{plain_line(label, 14)}{' :' if plot.dotted else ''}"
        rows.append(
            (
                (name, entry.value or "–", *_extremes(plot.curve, percent=chart.percent)),
                "muted" if entry.colour is None else f"series-{entry.colour}",
            )
        )
    smoothed = bool(chart.smoothing) and any(not plot.rough for plot in chart.plots)
    headings = ("trial", "smoothed" if smoothed else "there", "lowest", "highest", "last")
    table = [headings, *(texts for texts, _ in rows)]
    widths = [max(width_of(text) for text in column) for column in zip(*table, strict=True)]

    def cells(texts: Sequence[str], first: str, others: str = "") -> list[Cell]:
        right = [
            Cell(f"  {' ' * (width - width_of(text))}{text}", others)
            for text, width in zip(texts[1:], widths[1:], strict=True)
        ]
        return [Cell(fit_cells(texts[0], widths[0]), first), *right]

    position = chart.crosshair
    head = [] if position is None else [[Cell(position_text(chart.axis, position), "best")]]
    return [*head, cells(headings, "muted", "muted"), *(cells(texts, meaning) for texts, meaning in rows)]


def _extremes(curve: CurveArrays, *, percent: bool) -> tuple[str, str, str]:
    """Return the lowest, the highest and the last recorded value that are numbers, as texts."""
    import numpy as np  # NumPy: not for the first frame

    finite = np.flatnonzero(np.isfinite(curve.mean))
    if not finite.size:
        return "–", "–", "–"
    low, high = float(np.nanmin(curve.low)), float(np.nanmax(curve.high))
    low_text, high_text, last_text = (
        value_text(value, percent=percent) for value in (low, high, float(curve.mean[finite[-1]]))
    )
    return low_text, high_text, last_text
