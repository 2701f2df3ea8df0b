"""What screens and widgets ask of the application, so that they import neither it nor each other.

`HptuiApp` is the only host; a screen opens another one by the name of its route (`routes.ROUTES`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, cast

from textual.screen import Screen

from hptui.store.paths import StudyDir
from hptui.tui.alerts import StudyFacts
from hptui.tui.config import Config
from hptui.tui.feed import Feed
from hptui.tui.keys import keys_of_scope
from hptui.tui.themes import Glyphs
from hptui.tui.trial_palette import TrialPalette


class Host(Protocol):
    """The application as screens and widgets see it."""

    home: Path
    """Directory of the studies."""
    config: Config
    feed: Feed
    glyphs: Glyphs

    @property
    def readonly(self) -> bool:
        """True if nothing may be changed."""

    @property
    def terminal_is_behind(self) -> bool:
        """True if the terminal is still busy with frames that were drawn before."""

    def open(
        self, route: str, *, then: Callable[[Any], Any] | None = None, replace: bool = False, **arguments: Any
    ) -> Awaitable[object] | None:
        """Open a screen by the name of its route, over the one in front or, with `replace`, in its place.

        `then` is called with the screen's result when it is closed. Returns what can be awaited until the screen is
        shown; None if it could not be opened, which is shown.
        """

    def push_screen(self, screen: Screen[Any], callback: Callable[[Any], Any] | None = None) -> Awaitable[Any]:
        """Open one of the general dialogs; `callback` is called with its result."""

    def say(self, text: str, meaning: str = "") -> None:
        """Show a message in the line at the bottom of the screen in front; `meaning` is its colour."""

    def run_in_background(
        self, call: Callable[[], Any], text: str = "", then: Callable[[Any], object] | None = None
    ) -> None:
        """Call `call` in a thread, and show the text it returns, or its error."""

    def copy(self, text: str | Callable[[], str], label: str) -> None:
        """Copy a text to every clipboard that can be reached; `label` names it in the message that is shown."""

    def palette_of(self, sd: StudyDir) -> TrialPalette:
        """Return the colours of a study's trials, the same on every screen."""

    def watch_study(self, facts: StudyFacts) -> None:
        """Alert the user to what has happened to a study since it was seen last."""

    def suspend(self) -> AbstractContextManager[None]:
        """Give the terminal to another program while the context lasts."""


def host_of(node: Any) -> Host:
    """Return the application that a widget or screen belongs to."""
    return cast("Host", node.app)


def is_allowed(node: Any, scope: str, action: str) -> bool:
    """Return whether a key's action may be used: with `--readonly`, those that change something may not."""
    return not (host_of(node).readonly and is_change(scope, action))


def is_change(scope: str, action: str) -> bool:
    """Return whether an action of a scope changes something."""
    name = action.partition("(")[0]
    return any(key.changes and key.action.partition("(")[0] == name for key in keys_of_scope(scope))
