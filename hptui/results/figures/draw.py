"""Writes all plots of a study as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hptui.results.export.csv_text import csv_text
from hptui.results.export.files import write_atomically
from hptui.results.facts import Line
from hptui.results.figures.categories import categorization
from hptui.results.figures.curves import objective_curves, training_loss
from hptui.results.figures.figure import Plot, WrittenPlot
from hptui.results.figures.history import history
from hptui.results.figures.importances import importances
from hptui.results.figures.pairs import hyperparam_comparison
from hptui.results.figures.parallel import parallel
from hptui.results.figures.pareto import pareto
from hptui.results.figures.scene import PlotContext
from hptui.results.figures.slices import slices
from hptui.results.figures.style import encode_figure, plot_style
from hptui.results.view import View
from hptui.storage.reader import StoreReader

IMAGE_FORMATS = ("png", "svg")
"""Image formats."""
PLOTS: tuple[Callable[[PlotContext], Plot | None], ...] = (
    training_loss,
    objective_curves,
    history,
    hyperparam_comparison,
    categorization,
    importances,
    slices,
    parallel,
    pareto,
)
"""The plots in the order of a report."""


def write_plots(view: View, reader: StoreReader, directory: Path, kind: str = "png") -> list[WrittenPlot]:
    """Write every plot that the study has data for as NAME.png or NAME.svg, and its data as NAME.csv."""
    assert kind in IMAGE_FORMATS, kind
    with plot_style():
        scene = PlotContext(view, reader)
        plots = (make(scene) for make in PLOTS)
        return [_write(plot, directory, kind) for plot in plots if plot is not None]


def plot_captions(view: View, reader: StoreReader) -> list[Line]:
    """Return the captions of all plots without writing files."""
    with plot_style():
        scene = PlotContext(view, reader)
        plots = (make(scene) for make in PLOTS)
        return [plot.caption for plot in plots if plot is not None]


def _write(plot: Plot, directory: Path, kind: str) -> WrittenPlot:
    path, csv_path = directory / f"{plot.name}.{kind}", directory / f"{plot.name}.csv"
    write_atomically(path, encode_figure(plot.figure, kind))
    write_atomically(csv_path, csv_text(plot.rows).encode())
    return WrittenPlot(plot.name, path, csv_path, plot.alt, plot.caption)
