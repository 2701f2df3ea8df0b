"""Imports in the background the modules that screens opened later need, so that opening one does not wait."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

log = logging.getLogger(__name__)

PRELOAD_DELAY_S = 0.5
"""Seconds that the first screen has for itself before importing begins."""
PRELOAD_PAUSE_S = 0.005
"""Seconds between two imports, so that other threads get the interpreter."""
PRELOADED = (
    "hptui.operations.logs",
    "hptui.operations.run",
    "hptui.operations.space",
    "hptui.operations.steer",
    "hptui.results.diagnosis",
    "hptui.results.json_output",
    "hptui.studyfile.read",
    "hptui.studyfile.serialize",
    "hptui.core.unit_cube",
    "hptui.trainers.registry",
    "hptui.tui.charts.layout",
    "hptui.tui.charts.raster",
    "hptui.tui.charts.series",
)
"""Modules that screens import on use. Heavy libraries are not among them."""


def preloaded_modules() -> Iterator[str]:
    """Yield the names of the modules to import: all screens, and what they use."""
    screens = import_module("hptui.tui.screens")
    yield from (module.name for module in iter_modules(screens.__path__, "hptui.tui.screens."))
    yield from PRELOADED


def start_preloading() -> None:
    """Import the modules in a thread of its own."""
    threading.Thread(target=preload, name="ahead", daemon=True).start()


def preload() -> None:
    """Import the modules now, one after the other."""
    for name in preloaded_modules():
        try:
            import_module(name)
        except ImportError:  # reported where the module is used
            log.exception("%s", name)
        time.sleep(PRELOAD_PAUSE_S)  # lets other threads run
