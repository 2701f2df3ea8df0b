"""All figures of a study, written as files."""

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
"""In the order of a report."""


def draw(view: View, reader: Reader, directory: Path, kind: str = "png") -> list[Figure]:
    """Write every figure that the study has data for into `directory`, as NAME.png or NAME.svg with NAME.csv beside."""
    assert kind in KINDS, kind
    with styled():
        scene = Scene(view, reader)
        found = (make(scene) for make in MAKERS)
        return [_write(drawn, directory, kind) for drawn in found if drawn is not None]


def captions(view: View, reader: Reader) -> list[Line]:
    """What the captions of all figures would say, without writing any."""
    with styled():
        scene = Scene(view, reader)
        found = (make(scene) for make in MAKERS)
        return [drawn.caption for drawn in found if drawn is not None]


def _write(drawn: Drawn, directory: Path, kind: str) -> Figure:
    path, data = directory / f"{drawn.name}.{kind}", directory / f"{drawn.name}.csv"
    save(path, encoded(drawn.picture, kind))
    save(data, csv_text(drawn.rows).encode())
    return Figure(drawn.name, path, data, drawn.alt, drawn.caption)
