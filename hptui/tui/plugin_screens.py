"""Screens of installed packages: opened from the command palette, or by their keys on the screen that they name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider

from hptui import plugins
from hptui.core.errors import HptuiError
from hptui.core.plugin_specs import ScreenSpec
from hptui.tui.host import host_of
from hptui.tui.routes import ROUTES

log = logging.getLogger(__name__)


def load_specs() -> list[ScreenSpec]:
    """Return the specs of all installed screens. One that cannot be loaded is logged and left out.

    The first call searches the installed packages, which takes about 100 ms.
    """
    specs = []
    for name in plugins.names("screens", installed=True):
        try:
            specs.append(plugins.spec("screens", name))
        except HptuiError as error:
            log.error("screen %s: %s", name, error)
    return specs


def can_open_from(spec: ScreenSpec, screen: object) -> bool:
    """Return whether a screen is the one that an installed screen opens from."""
    route = ROUTES.get(spec.opens_from)
    return route is not None and route.target == f"{type(screen).__module__}:{type(screen).__qualname__}"


class InstalledScreens:
    """The screens of installed packages, as the application knows them."""

    def __init__(self, app: App[Any]) -> None:
        self._application = app
        self.specs: Sequence[ScreenSpec] = ()

    def start_search(self) -> None:
        """Look for them in a thread, and bind their keys when they are known."""
        self._application.run_worker(lambda: self._application.call_from_thread(self.add, load_specs()), thread=True)

    def add(self, specs: Sequence[ScreenSpec]) -> None:
        """Take over the specs, and bind their keys."""
        self.specs = specs
        for spec in specs:
            for key in spec.keys:
                self._application.bind(key, f"open_installed({spec.name!r})", description=spec.title, show=False)

    def open(self, name: str) -> None:
        """Open a screen, if it opens from the one in front; it is made with that one's study, or None.

        A screen that cannot be made is a message: it must not end the application.
        """
        spec = next((spec for spec in self.specs if spec.name == name), None)
        front = self._application.screen
        if spec is None or not can_open_from(spec, front):
            return
        try:
            screen = plugins.load("screens", name, "screen")(getattr(front, "sd", None))
        except Exception as error:  # noqa: BLE001  the class is somebody else's
            host_of(front).say(f"{spec.title} cannot be opened: {type(error).__name__}: {error}", "bad")
        else:
            self._application.push_screen(screen)


class InstalledScreenCommands(Provider):
    """Palette entries that open the screens of installed packages."""

    def _entries(self) -> list[tuple[str, Callable[[], Any], str]]:
        installed: InstalledScreens = self.app.installed_screens  # type: ignore[attr-defined]  # HptuiApp alone has it
        return [
            (spec.title, partial(installed.open, spec.name), "a screen of an installed package")
            for spec in installed.specs
            if can_open_from(spec, self.screen)
        ]

    async def discover(self) -> Hits:
        """Yield all entries, for an empty search."""
        for title, open_screen, text in self._entries():
            yield DiscoveryHit(title, open_screen, help=text)

    async def search(self, query: str) -> Hits:
        """Yield the entries that match `query`, with their scores."""
        matcher = self.matcher(query)
        for title, open_screen, text in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), open_screen, help=text)
