"""How figures look: readable in print and to the colour-blind, quiet, and the same bytes for the same data."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Picture

INK, SOFT, GRID = "#222222", "#8a8a8a", "#e4e4e4"
BLUE, ORANGE, GREEN, PURPLE, SKY, RED, YELLOW = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#f0e442",
)
"""Okabe and Ito's colours: they differ to every eye, and in grey."""
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1)), (0, (8, 3)))
"""A second way to tell series apart, for print."""
SCALE = "viridis"
"""Rises evenly in brightness: its order survives a grey printer."""
HATCHES = ("", "//", "..", "xx", "\\\\", "oo")

BASELINE: dict[str, Any] = {"s": 40, "marker": "D", "facecolor": "white", "edgecolor": INK}
"""How the baseline is marked."""

RULES: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.color": INK,
    "text.parse_math": False,  # a name with dollars is a name
    "svg.hashsalt": "hptui",
    "lines.linewidth": 1.2,
    "path.simplify": True,
}
DPI = 160


@contextmanager
def styled() -> Iterator[None]:
    """Draw inside: our style, no display, and no talk of missing glyphs."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mpl.rcdefaults()
        mpl.rcParams.update(RULES)
        yield


def sheet(width: float = 6.4, height: float = 3.8) -> tuple[Picture, Any]:
    """A picture with its axes, in inches. No pyplot: nothing global, nothing to close."""
    picture = Picture(figsize=(width, height), layout="constrained")
    return picture, picture.subplots()


def grid_of(rows: int, columns: int) -> tuple[Picture, Any]:
    """A picture of small panels, and an array of their axes."""
    picture = Picture(figsize=(2.9 * columns + 0.4, 2.5 * rows), layout="constrained")
    return picture, picture.subplots(rows, columns, squeeze=False)


def encoded(picture: Picture, kind: str) -> bytes:
    """PNG or SVG, without the date and the program that made it."""
    out = io.BytesIO()
    about = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    picture.savefig(out, format=kind, dpi=DPI, metadata=about)
    return out.getvalue()


def scale_of(goal: str) -> Any:
    """The colours of an objective: dark is better, whichever way it goes."""
    return mpl.colormaps[SCALE if goal == "minimize" else f"{SCALE}_r"]
