"""The matplotlib side of plots: style, figures, and axes of settings and metrics.

Readable in print and with colour blindness; the same data gives the same bytes. No pyplot: it keeps global state."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
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

from hptui.core.format import setting
from hptui.core.parameters import Choice
from hptui.core.sanitize import sanitize
from hptui.core.trial import Value
from hptui.core.values import canonical_json, is_number, number_text
from hptui.results.plots.plot import axis_label
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis. `levels` are the values of a choice, in order; empty for a range, which may be logarithmic (`log`)."""

    name: str
    label: str
    levels: tuple[Value, ...] = ()
    log: bool = False
    whole: bool = False

    def position_of(self, value: Any) -> float | None:
        """Return the position of a value; None if it is missing, not finite, or not on the axis."""
        if self.levels:
            keys = [canonical_json(level) for level in self.levels]
            return float(keys.index(canonical_json(value))) if canonical_json(value) in keys else None
        if not is_number(value) or not math.isfinite(value) or (self.log and value <= 0):
            return None
        return float(value)

    def apply_to(self, axes: Any, which: str, *, titled: bool = True) -> None:
        """Set scale, ticks and label of the x or y axis (`which`) of matplotlib `axes`."""
        axis = axes.xaxis if which == "x" else axes.yaxis
        if titled:
            axis.set_label_text(self.label)
        if self.levels:
            axis.set_major_locator(FixedLocator(list(range(len(self.levels)))))
            texts = [sanitize(setting(level), limit=16) for level in self.levels]
            axis.set_major_formatter(FuncFormatter(lambda at, _: _level_text(texts, at)))
            getattr(axes, f"set_{which}lim")(-0.6, len(self.levels) - 0.4)
            if which == "x" and sum(map(len, texts)) > 40:
                axes.tick_params(axis="x", labelrotation=30)
            return
        set_number_axis(axes, which, log=self.log, whole=self.whole)


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


def make_axis(view: View, name: str, values: Sequence[Value]) -> Axis:
    """Return the axis of a setting or metric, wide enough for all values that were run."""
    parameters = {parameter.name: parameter for parameter in view.study.space.parameters}
    parameter = parameters.get(name)
    present = [value for value in values if value is not None]
    if isinstance(parameter, Choice) or not all(map(is_number, present)):
        levels = list(parameter.levels) if isinstance(parameter, Choice) else []
        return Axis(name, axis_label(view, name), _ordered([*levels, *present]))
    log = bool(parameter and parameter.log) or (parameter is None and _spans_decades(present))
    log = log and all(value > 0 for value in present if is_number(value))
    return Axis(name, axis_label(view, name), (), log, all(isinstance(value, int) for value in present))


def _ordered(values: Sequence[Value]) -> tuple[Value, ...]:
    unique = list({canonical_json(value): value for value in values}.values())
    numbers = all(map(is_number, unique))
    return tuple(sorted(unique, key=_magnitude) if numbers else unique)


def _magnitude(value: Value) -> float:
    return float(value) if is_number(value) else 0.0


def _spans_decades(values: Sequence[Value]) -> bool:
    """Return whether positive numbers span more than a factor of 30."""
    numbers = [float(value) for value in values if is_number(value)]
    return bool(numbers) and min(numbers) > 0 and max(numbers) / min(numbers) > 30


def _level_text(texts: Sequence[str], tick: float) -> str:
    index = round(tick)
    return texts[index] if 0 <= index < len(texts) and abs(tick - index) < 1e-6 else ""


def jitter(index: int, level: Axis) -> float:
    """Return a small deterministic offset that separates points of the same choice; 0 on a range."""
    # Multiples of the golden ratio are spread evenly modulo 1.
    return ((index * 0.61803398875) % 1.0 - 0.5) * 0.3 if level.levels else 0.0


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
