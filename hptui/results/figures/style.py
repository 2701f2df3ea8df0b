"""The style of plots: readable in print and with colour blindness, and the same bytes for the same data."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Picture

INK, GREY, GRID = "#222222", "#8a8a8a", "#e4e4e4"
"""Text and emphasis; secondary lines; the grid."""
BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#f0e442",
)
"""Okabe and Ito's palette: distinguishable with every kind of colour blindness, and in grey.

Source: https://jfly.uni-koeln.de/color/
"""
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
"""Colours of several curves, in order."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1)), (0, (8, 3)))
"""Line styles of several curves: the second distinction, for print."""
COLOUR_MAP = "viridis"
"""Colour map with even steps of lightness: its order survives printing in grey."""
HATCHES = ("", "//", "..", "xx", "\\\\", "oo")
"""Hatches of stacked bars: the second distinction, for print."""

BASELINE_MARKER: dict[str, Any] = {"s": 40, "marker": "D", "facecolor": "white", "edgecolor": INK}
"""Marker of the baseline."""

RC_PARAMS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: same glyphs on every machine
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is no formula
    "svg.hashsalt": "hptui",  # element ids would be random otherwise
    "lines.linewidth": 1.2,
    "path.simplify": True,
}
"""matplotlib settings of every plot."""
DPI = 160
"""Resolution of PNG files."""


@contextmanager
def plot_style() -> Iterator[None]:
    """Apply the style of plots within a `with` block, and suppress matplotlib's warnings."""
    with mpl.rc_context(), warnings.catch_warnings():
        # matplotlib warns of glyphs that its font lacks, which names in a study may contain.
        warnings.simplefilter("ignore")
        mpl.rcdefaults()
        mpl.rcParams.update(RC_PARAMS)
        yield


def new_figure(width: float = 6.4, height: float = 3.8) -> tuple[Picture, Any]:
    """Return a figure and its axes; sizes in inches.

    Created without pyplot, which would keep figures in global state until closed.
    """
    figure = Picture(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def new_grid(rows: int, columns: int) -> tuple[Picture, Any]:
    """Return a figure of small panels and the array of their axes. Shape: `(rows, columns)`."""
    figure = Picture(figsize=(2.9 * columns + 0.4, 2.5 * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def encode_figure(figure: Picture, kind: str) -> bytes:
    """Return the figure as PNG or SVG, without date and software version, which would change the bytes."""
    buffer = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    figure.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def colour_map_for(goal: str) -> Any:
    """Return the colour map of an objective: dark is better for both goals."""
    return mpl.colormaps[COLOUR_MAP if goal == "minimize" else f"{COLOUR_MAP}_r"]
