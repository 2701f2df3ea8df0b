"""What screens need that are opened later, imported while nobody waits: a key would otherwise wait for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

log = logging.getLogger(__name__)

REST = 0.5
"""Seconds that the first screen has for itself."""
PAUSE = 0.005
"""Seconds between two modules, for whoever wants the interpreter."""
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
"""What screens import when they are used. Whatever is heavy is not among them."""


def modules() -> Iterator[str]:
    """Their names: all screens, and what these use."""
    screens = import_module("hptui.tui.screens")
    yield from (found.name for found in iter_modules(screens.__path__, "hptui.tui.screens."))
    yield from BESIDE


def begin() -> None:
    """Import them in a thread of its own."""
    threading.Thread(target=import_all, name="ahead", daemon=True).start()


def import_all() -> None:
    """Import them now, one after the other."""
    for name in modules():
        try:
            import_module(name)
        except ImportError:  # it is told where it is used
            log.exception("%s", name)
        time.sleep(PAUSE)
