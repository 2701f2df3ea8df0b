"""What all screens share: their sources, drawing that waits for the terminal, and the effect of `--readonly`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.message import Message
from textual.screen import ModalScreen, Screen

from hptui.store.paths import StudyDir
from hptui.tui.feed import Feed, NewReading, SourceReading, Trouble
from hptui.tui.keys import keys_of_scope
from hptui.tui.sources.pool import FeedSource

if TYPE_CHECKING:
    from hptui.tui.app import HptuiApp

Result = TypeVar("Result")
"""Type of a screen's result."""

MAX_BLANK_S = 0.3
"""Seconds that a screen waits for its first data, before it is drawn without."""


def app_of(node: Any) -> HptuiApp:
    """Return the application that a widget or screen belongs to."""
    return cast("HptuiApp", node.app)


def is_allowed(node: Any, scope: str, action: str) -> bool:
    """Return whether a key's action may be used: with `--readonly`, those that change something may not."""
    if not app_of(node).config.readonly:
        return True
    return not any(key.changes and key.action.partition("(")[0] == action for key in keys_of_scope(scope))


class FairScreen(Screen[Result]):
    """A screen that lets all other tasks run between two messages; Textual would handle all waiting ones at once."""

    def __init__(self, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name, id, classes)
        # Textual does the same at the first resize, but then computes all styles a second time. A private method.
        width, height = self.app.size
        for extent, steps in ((width, self.app.HORIZONTAL_BREAKPOINTS), (height, self.app.VERTICAL_BREAKPOINTS)):
            self.add_class(*self._get_breakpoint_classes(extent, steps or []))

    async def _dispatch_message(self, message: Message) -> None:
        # Private to Textual: the only place that every message passes. Sleeping lets the other tasks run.
        await super()._dispatch_message(message)
        await asyncio.sleep(0)


class Dialog(ModalScreen[Result], FairScreen[Result]):
    """A question over the screen that asks it; it sets its own focus.

    `ModalScreen` is the first base because Textual takes styles from the first one only.
    """

    AUTO_FOCUS = ""
    _is_laid_out = False

    def on_screen_resume(self) -> None:
        self.call_later(self._draw_from_now_on)

    def _draw_from_now_on(self) -> None:
        self._is_laid_out = True
        self.refresh()

    def _compositor_refresh(self) -> None:
        """Draw only after the first layout, so that the dialog is drawn once."""
        # A private method of Textual, which draws what has changed.
        if self._is_laid_out:
            super()._compositor_refresh()


class SourceScreen(FairScreen[None]):
    """A screen that watches sources. Subclasses name the sources, and draw their snapshots."""

    scope: ClassVar[str] = ""
    AUTO_FOCUS = ""
    _is_blank = True
    """True until there is something to show; until then the screen below stays visible."""
    _has_pending = False
    """True if something has changed that is not drawn yet, because the terminal is behind."""

    def sources(self) -> Sequence[FeedSource]:
        """Return the sources to poll while this screen is in front."""
        return ()

    def read(self, source: FeedSource, snapshot: Any) -> None:
        """Handle a new snapshot of a source."""

    def trouble(self, source: FeedSource, trouble: Trouble) -> None:
        """Handle a source that cannot be read."""
        app_of(self).say(f"{trouble.message}{f'; {trouble.hint}' if trouble.hint else ''}", "bad")

    def request_poll(self) -> None:
        """Wake the feed after the next frame: reading and drawing both need the interpreter."""
        self.call_after_refresh(self.feed.wake)

    @property
    def feed(self) -> Feed:
        """The application's feed."""
        return app_of(self).feed

    def on_screen_resume(self) -> None:
        if self._is_blank and self.sources():
            self.set_timer(MAX_BLANK_S, self.show)
        else:
            self.show()
        self.watch_sources()

    def watch_sources(self) -> None:
        """Have the feed poll this screen's sources, and no others."""
        self.feed.watch(self.sources(), self._post_reading)

    def _post_reading(self, reading: SourceReading) -> None:
        self.post_message(NewReading(reading))

    def on_new_reading(self, message: NewReading) -> None:
        reading = message.reading
        with self.app.batch_update():
            if isinstance(reading.result, Trouble):
                self.trouble(reading.source, reading.result)
            else:
                self.read(reading.source, reading.result)
        self.show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action may be used: with `--readonly`, none that changes something."""
        return is_allowed(self, self.scope, action)

    def _compositor_refresh(self) -> None:
        """Draw what has changed; later, if the terminal is behind: what is drawn then is the newest."""
        # A private method of Textual, which draws what has changed.
        app = app_of(self)
        if self._is_blank:
            return
        if app.terminal_is_behind:
            self._has_pending = True
            return
        super()._compositor_refresh()

    def draw_pending(self) -> None:
        """Draw what has waited for the terminal."""
        if self._has_pending:
            self._has_pending = False
            self._compositor_refresh()

    def show(self) -> None:
        """Draw this screen from now on."""
        if self._is_blank:
            self._is_blank = False
            self.refresh()

    def run_study(self, sd: StudyDir, *, alive: bool) -> None:
        """Run a study: at once if it is running already, otherwise after a form of its options."""
        from hptui.tui import verbs

        def start(choices: Mapping[str, str] | None) -> None:
            if choices is not None:
                app_of(self).run_in_background(lambda: verbs.run_with_choices(sd, choices), f"starting {sd.name}…")

        if alive:
            start({})
            return
        from hptui.tui.screens.new_study import LaunchForm

        self.app.push_screen(LaunchForm(sd), start)

    def write_table(self, name: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Ask for a path, and write a table of this screen there."""
        from pathlib import Path

        from hptui.tui import cells
        from hptui.tui.screens.dialogs import TextDialog

        def write(answer: str | None) -> None:
            if answer:
                path = Path(answer).expanduser()
                app_of(self).run_in_background(lambda: cells.write_table_file(headings, rows, path), f"writing {path}…")

        hint = "a path that ends in .csv or .md"
        self.app.push_screen(
            TextDialog("Write the table", f"{name}.csv", hint=hint, check=cells.check_table_path), write
        )

    def ask(self, question: str, details: Sequence[str], then: Callable[[], None], *, yes: str = "Yes") -> None:
        """Have a destructive action confirmed, then call `then`; `yes` is the button's label."""
        from hptui.tui.screens.dialogs import ConfirmDialog

        self.app.push_screen(ConfirmDialog(question, details, yes), lambda confirmed: then() if confirmed else None)
