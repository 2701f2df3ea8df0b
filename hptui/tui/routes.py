"""Every screen that can be opened, by name: opening one and importing it ahead read the same table.

Modules are imported in the background once the first screen is shown, so that opening another does not wait."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from hptui.core.dataclass import dataclass

log = logging.getLogger(__name__)

PRELOAD_DELAY_S = 0.5
"""Seconds that the first screen has for itself before importing begins."""
PRELOAD_PAUSE_S = 0.005
"""Seconds between two imports, so that other threads get the interpreter."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a screen is found, as `module:name`, and what it is called where it cannot be opened.

    The name is that of a screen's class, or of a function that opens several dialogs in turn: it is called with the
    host.
    """

    target: str
    title: str

    @property
    def module(self) -> str:
        """Name of the module."""
        return self.target.partition(":")[0]

    def load(self) -> Callable[..., Any]:
        """Import the module, and return the class or function.

        Raises: ImportError or AttributeError if there is none.
        """
        loaded: Callable[..., Any] = getattr(import_module(self.module), self.target.partition(":")[2])
        return loaded


ROUTES: Mapping[str, Route] = {
    "studies": Route("hptui.tui.screens.studies:StudiesScreen", "All studies"),
    "study": Route("hptui.tui.screens.study:StudyScreen", "A study"),
    "broken": Route("hptui.tui.screens.broken:BrokenScreen", "A study that cannot be read"),
    "trial": Route("hptui.tui.screens.trial:TrialScreen", "One trial"),
    "compare": Route("hptui.tui.screens.compare:CompareScreen", "Trials side by side"),
    "metrics": Route("hptui.tui.screens.metrics:MetricsScreen", "All metrics"),
    "health": Route("hptui.tui.screens.health:HealthScreen", "Health of the trials"),
    "plots": Route("hptui.tui.screens.plots:PlotsScreen", "Plots"),
    "report": Route("hptui.tui.screens.report:ReportScreen", "The report"),
    "space": Route("hptui.tui.screens.space:SpaceScreen", "The search space"),
    "log": Route("hptui.tui.screens.log:LogScreen", "A log"),
    "sample": Route("hptui.tui.screens.log:SampleScreen", "A text of a trial"),
    "decisions": Route("hptui.tui.screens.log:DecisionsScreen", "What the runner decided"),
    "found": Route("hptui.tui.screens.log:FoundScreen", "Lines of all logs"),
    "records": Route("hptui.tui.screens.records:RecordsScreen", "Generated records"),
    "system": Route("hptui.tui.screens.system:SystemScreen", "The machine"),
    "doc": Route("hptui.tui.screens.doc:DocScreen", "A part of the documentation"),
    "help": Route("hptui.tui.screens.help:HelpScreen", "Help"),
    "messages": Route("hptui.tui.screens.messages:MessagesScreen", "The last messages"),
    "new_study": Route("hptui.tui.screens.new_study:begin_study", "A new study"),
    "launch": Route("hptui.tui.screens.launch:LaunchForm", "Options of a run"),
    "theme": Route("hptui.tui.screens.theme:ThemeDialog", "Themes"),
    "tour": Route("hptui.tui.screens.tour:TourScreen", "A tour"),
    "clone": Route("hptui.tui.screens.clone:CloneForm", "A trial made by hand"),
    "parameter": Route("hptui.tui.screens.parameter_form:ParameterForm", "A parameter"),
    "add_parameter": Route("hptui.tui.screens.parameter_form:add_parameter", "A new parameter"),
    "constraint": Route("hptui.tui.screens.parameter_form:edit_constraint", "A constraint"),
}
"""Name -> screen."""

PRELOADED = (
    "hptui.operations.docs",
    "hptui.operations.logs",
    "hptui.operations.run",
    "hptui.operations.space",
    "hptui.operations.steer",
    "hptui.results.diagnosis",
    "hptui.results.json_output",
    "hptui.studyfile.read",
    "hptui.core.unit_cube",
    "hptui.studyfile.schema",
    "hptui.studyfile.space_table",
    "hptui.trainers.registry",
    "hptui.tui.charts.layout",
    "hptui.tui.charts.raster",
    "hptui.tui.charts.series",
)
"""Modules that screens import on use. Heavy libraries are not among them."""


def preloaded_modules() -> Iterator[str]:
    """Yield the names of the modules to import: those of all screens, and what they use."""
    yield from dict.fromkeys(route.module for route in ROUTES.values())
    yield from PRELOADED


def start_preloading() -> None:
    """Import the modules in a thread of its own."""
    threading.Thread(target=preload, name="ahead", daemon=True).start()


def preload() -> None:
    """Import the modules now, one after the other."""
    for name in preloaded_modules():
        try:
            import_module(name)
        except Exception:  # reported where the module is used, which may be never
            log.exception("%s", name)
        time.sleep(PRELOAD_PAUSE_S)  # lets other threads run
