"""The style of figures: colours, markers, sizes, ticks of axes; and figures as bytes.

Readable in print and with colour blindness; the same data gives the same bytes. No pyplot: it keeps global state."""

from __future__ import annotations

import io
import math
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
    ScalarFormatter,
)

from hptui.core.sanitize import sanitize
from hptui.core.values import number_text
from hptui.results.plots.plot import Axis, Curve, Plot, Point, percent_tick


def set_number_axis(axes: Any, which: str, *, log: bool = False, whole: bool = False) -> None:
    """Set plain ticks for numbers: no superscript powers, no offset."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if log:
        getattr(axes, f"set_{which}scale")("log")
        low, high = getattr(axes, f"get_{which}lim")()
        decades = math.log10(high / low) if low > 0 else 3.0
        subs = (1.0,) if decades > 2.5 else (1.0, 3.0) if decades > 1.2 else (1.0, 2.0, 5.0)
        axis.set_major_locator(LogLocator(10.0, subs=subs, numticks=12))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda at, _: _power(at, small=low < 2e-3)))
    else:
        axis.set_major_locator(MaxNLocator(6, integer=whole))
        axis.set_major_formatter(ScalarFormatter(useOffset=False))


def _power(tick: float, *, small: bool) -> str:
    """Return the text of a logarithmic tick; with `small` values below 1 as `1e-3`."""
    if not small or tick >= 0.999 or tick <= 0:
        return number_text(float(f"{tick:.6g}"))
    digits, power = f"{tick:.5e}".split("e")
    return f"{float(digits):g}e{int(power)}"


def set_axis(axes: Any, which: str, axis: Axis, *, titled: bool = True) -> None:
    """Set scale, ticks and label of the x or y axis (`which`) of matplotlib `axes`."""
    target = axes.xaxis if which == "x" else axes.yaxis
    if titled:
        target.set_label_text(axis.label)
    if axis.format == "percent":
        if axis.kind == "log":
            set_number_axis(axes, which, log=True)
        target.set_major_formatter(lambda at, _: percent_tick(at, _span(axes, which)))
    elif not axis.categories:
        set_number_axis(axes, which, log=axis.kind == "log", whole=axis.format == "integer")
    else:
        count = len(axis.categories)
        target.set_major_locator(FixedLocator(list(range(count))))
        texts = [sanitize(text, limit=16) for text in axis.categories]
        target.set_major_formatter(FuncFormatter(lambda at, _: _category_text(texts, at)))
        getattr(axes, f"set_{which}lim")(-0.6, count - 0.4)
        if which == "x" and sum(map(len, texts)) > 40:
            axes.tick_params(axis="x", labelrotation=30)


def _span(axes: Any, which: str) -> float:
    low, high = getattr(axes, f"get_{which}lim")()
    return float(high - low)


def _category_text(texts: Sequence[str], tick: float) -> str:
    index = round(tick)
    return texts[index] if 0 <= index < len(texts) and abs(tick - index) < 1e-6 else ""


def jitter(index: int, axis: Axis) -> float:
    """Return a small deterministic offset that separates points of the same category; 0 on a range."""
    # Multiples of the golden ratio are spread evenly modulo 1.
    return ((index * 0.61803398875) % 1.0 - 0.5) * 0.3 if axis.categories else 0.0


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
CATEGORY_COLOURS = (BLUE, ORANGE, GREY, SKY, PURPLE, GREEN, RED)
"""Colours of the parts of a bar, in order."""
COLOUR_MAP = "viridis"
"""Colour map with even steps of lightness: its order survives printing in grey."""
HATCHES = ("", "//", "..", "xx", "\\\\", "oo")
"""Hatches of stacked bars: the second distinction, for print."""

BASELINE_MARKER: dict[str, Any] = {"s": 40, "marker": "D", "facecolor": "white", "edgecolor": INK}
"""Marker of the baseline."""
WITHOUT_VALUE_MARKERS = {"failed": ("x", RED), "pruned": ("|", INK), "stopped": ("+", INK)}
"""Marker and colour of the trials without a value, by status."""
MAX_LARGE_MARKERS = 200
"""With more trials the markers are small."""
ABOVE: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0)}
"""Place of a legend above the axes."""
OUTSIDE_MARKER: dict[str, Any] = {
    "s": 130,
    "marker": "s",
    "facecolor": "none",
    "edgecolor": RED,
    "lw": 1.1,
    "zorder": 5,
}
"""Frame around a trial that today's space does not contain."""

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


def add_colour_bar(figure: Any, axes: Any, plot: Plot, norm: Any, label: str) -> None:
    """Add the scale of the colours of a plot to its figure."""
    bar = figure.colorbar(ScalarMappable(norm, colour_map_for(plot.goal)), ax=axes, pad=0.02)
    bar.set_label(label)
    bar.outline.set_visible(False)
    set_number_axis(bar.ax, "y")
    if plot.z is not None and plot.z.format == "percent":
        bar.ax.yaxis.set_major_formatter(lambda at, _: percent_tick(at, _span(bar.ax, "y")))


def points_by_meaning(plot: Plot) -> dict[str, list[Point]]:
    """Return the points of a plot by their meaning; an empty list for any other."""
    groups: dict[str, list[Point]] = defaultdict(list)
    for point in plot.points:
        groups[point.meaning].append(point)
    return groups


def columns_of(curve: Curve) -> tuple[list[float], list[float]]:
    """Return the x and the y of the points of a curve."""
    return [x for x, _ in curve.points], [y for _, y in curve.points]
