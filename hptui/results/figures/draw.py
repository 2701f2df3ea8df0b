"""Writes all plots of a study as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hptui.results.export.csv_text import csv_text
from hptui.results.export.files import save
from hptui.results.facts import Line
from hptui.results.figures.categories import categorization
from hptui.results.figures.curves import objective_curves, training_loss
from hptui.results.figures.figure import Drawn, Figure
from hptui.results.figures.history import history
from hptui.results.figures.importances import importances
from hptui.results.figures.pairs import hyperparam_comparison
from hptui.results.figures.parallel import parallel
from hptui.results.figures.pareto import pareto
from hptui.results.figures.scene import Scene
from hptui.results.figures.slices import slices
from hptui.results.figures.style import encoded, styled
from hptui.results.view import View
from hptui.storage.reader import Reader

KINDS = ("png", "svg")
"""Image formats."""
MAKERS: tuple[Callable[[Scene], Drawn | None], ...] = (
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


def draw(view: View, reader: Reader, directory: Path, kind: str = "png") -> list[Figure]:
    """Write every plot that the study has data for as NAME.png or NAME.svg, and its data as NAME.csv."""
    assert kind in KINDS, kind
    with styled():
        scene = Scene(view, reader)
        plots = (make(scene) for make in MAKERS)
        return [_write(plot, directory, kind) for plot in plots if plot is not None]


def captions(view: View, reader: Reader) -> list[Line]:
    """Return the captions of all plots without writing files."""
    with styled():
        scene = Scene(view, reader)
        plots = (make(scene) for make in MAKERS)
        return [plot.caption for plot in plots if plot is not None]


def _write(plot: Drawn, directory: Path, kind: str) -> Figure:
    path, csv_path = directory / f"{plot.name}.{kind}", directory / f"{plot.name}.csv"
    save(path, encoded(plot.picture, kind))
    save(csv_path, csv_text(plot.rows).encode())
    return Figure(plot.name, path, csv_path, plot.alt, plot.caption)
