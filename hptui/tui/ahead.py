"""Imports in the background the modules that screens opened later need, so that opening one does not wait."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

log = logging.getLogger(__name__)

REST = 0.5
"""Seconds that the first screen has for itself before importing begins."""
PAUSE = 0.005
"""Seconds between two imports, so that other threads get the interpreter."""
BESIDE = (
    "hptui.actions.logs",
    "hptui.actions.run",
    "hptui.actions.space",
    "hptui.actions.steer",
    "hptui.results.diagnosis",
    "hptui.results.shapes",
    "hptui.search.cube",
    "hptui.trainers.registry",
    "hptui.tui.charts.plan",
    "hptui.tui.charts.raster",
    "hptui.tui.charts.series",
)
"""Modules that screens import on use. Heavy libraries are not among them."""


def modules() -> Iterator[str]:
    """Yield the names of the modules to import: all screens, and what they use."""
    screens = import_module("hptui.tui.screens")
    yield from (module.name for module in iter_modules(screens.__path__, "hptui.tui.screens."))
    yield from BESIDE


def begin() -> None:
    """Import the modules in a thread of its own."""
    threading.Thread(target=import_all, name="ahead", daemon=True).start()


def import_all() -> None:
    """Import the modules now, one after the other."""
    for name in modules():
        try:
            import_module(name)
        except ImportError:  # reported where the module is used
            log.exception("%s", name)
        time.sleep(PAUSE)  # lets other threads run
