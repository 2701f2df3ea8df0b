"""What all screens share: the line of keys, what the feed says, and keys that change nothing when they may not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.message import Message
from textual.screen import ModalScreen, Screen

from hptui.storage.paths import StudyDir
from hptui.tui.feed import Feed, Reading, Trouble
from hptui.tui.keys import of_scope
from hptui.tui.messages import Fresh
from hptui.tui.sources.pool import Source

if TYPE_CHECKING:
    from hptui.tui.app import HptuiApp

Result = TypeVar("Result")

BLANK = 0.3
"""Seconds that a screen waits for what it shows, before it is drawn without."""


def app_of(node: Any) -> HptuiApp:
    """The program that a widget or screen belongs to."""
    return cast("HptuiApp", node.app)


def allowed(node: Any, scope: str, action: str) -> bool:
    """Whether a key's action may be used: with `--readonly` those that change something are gone."""
    if not app_of(node).config.readonly:
        return True
    return not any(key.changes and key.action.partition("(")[0] == action for key in of_scope(scope))


class Paced(Screen[Result]):
    """Between two messages all others have their turn: Textual would take every message that waits at one go."""

    def __init__(self, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name, id, classes)
        # As Textual does at the first resize, when all styles would be worked out a second time.
        width, height = self.app.size
        for extent, steps in ((width, self.app.HORIZONTAL_BREAKPOINTS), (height, self.app.VERTICAL_BREAKPOINTS)):
            self.add_class(*self._get_breakpoint_classes(extent, steps or []))

    async def _dispatch_message(self, message: Message) -> None:
        await super()._dispatch_message(message)
        await asyncio.sleep(0)


class Dialog(ModalScreen[Result], Paced[Result]):
    """A question over the screen that asks it; it focuses what it wants. Styles follow the first base alone."""

    AUTO_FOCUS = ""
    _unveiled = False

    def on_screen_resume(self) -> None:
        self.call_later(self._unveil)

    def _unveil(self) -> None:
        self._unveiled = True
        self.refresh()

    def _compositor_refresh(self) -> None:
        """It is drawn once, when it has been laid out, and not in the same breath."""
        if self._unveiled:
            super()._compositor_refresh()


class Place(Paced[None]):
    """A screen that watches something. Subclasses name their sources, and draw what those say."""

    scope: ClassVar[str] = ""
    AUTO_FOCUS = ""
    _blank = True
    """Whether it has nothing to show yet: what was there before stays until it has."""
    _late = False
    """Whether something has changed that is not drawn yet, because the line is full."""

    def sources(self) -> Sequence[Source]:
        """What it watches while it is in front."""
        return ()

    def read(self, source: Source, found: Any) -> None:
        """A source has something new."""

    def trouble(self, source: Source, trouble: Trouble) -> None:
        """A source cannot be read."""
        app_of(self).say(f"{trouble.message}{f'; {trouble.hint}' if trouble.hint else ''}", "bad")

    def look_soon(self) -> None:
        """Have the feed look again, when what it has said already is drawn: both need the interpreter."""
        self.call_after_refresh(self.feed.wake)

    @property
    def feed(self) -> Feed:
        return app_of(self).feed

    def on_screen_resume(self) -> None:
        if self._blank and self.sources():
            self.set_timer(BLANK, self.unveil)
        else:
            self.unveil()
        self.watch_sources()

    def watch_sources(self) -> None:
        """Have the feed look at this screen's sources."""
        self.feed.watch(self.sources(), self._post)

    def _post(self, reading: Reading) -> None:
        self.post_message(Fresh(reading))

    def on_fresh(self, message: Fresh) -> None:
        reading = message.reading
        with self.app.batch_update():
            if isinstance(reading.found, Trouble):
                self.trouble(reading.source, reading.found)
            else:
                self.read(reading.source, reading.found)
        self.unveil()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return allowed(self, self.scope, action)

    def _compositor_refresh(self) -> None:
        """Textual draws here what has changed. On a line that is full it waits, and draws later what is true then."""
        app = app_of(self)
        if self._blank:
            return
        if app.behind:
            self._late = True
            return
        super()._compositor_refresh()

    def catch_up(self) -> None:
        """The terminal has taken something in: draw what has waited for it."""
        if self._late:
            self._late = False
            self._compositor_refresh()

    def unveil(self) -> None:
        """Draw it from now on."""
        if self._blank:
            self._blank = False
            self.refresh()

    def launch(self, sd: StudyDir, *, alive: bool) -> None:
        """Run a study: at once where it runs already, else after a form with what it is to run with."""
        from hptui.tui import verbs

        def start(found: Mapping[str, str] | None) -> None:
            if found is not None:
                app_of(self).carry_out(lambda: verbs.launch(sd, found), f"starting {sd.name}…")

        if alive:
            start({})
            return
        from hptui.tui.screens.launch import LaunchScreen

        self.app.push_screen(LaunchScreen(sd), start)

    def write_table(self, name: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Ask for a path, and write a table of this screen there."""
        from pathlib import Path

        from hptui.tui import tables
        from hptui.tui.screens.ask import Ask

        def take(where: str | None) -> None:
            if where:
                path = Path(where).expanduser()
                app_of(self).carry_out(lambda: tables.write(headings, rows, path), f"writing {path}…")

        hint = "a path that ends in .csv or .md"
        self.app.push_screen(Ask("Write the table", f"{name}.csv", hint=hint, check=tables.check), take)

    def ask(self, question: str, details: Sequence[str], then: Callable[[], None], *, yes: str = "Yes") -> None:
        """Have a destructive key confirmed."""
        from hptui.tui.screens.confirm import Confirm

        self.app.push_screen(Confirm(question, details, yes), lambda sure: then() if sure else None)
