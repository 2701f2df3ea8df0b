"""The base classes of all screens: screens that let other tasks run, and dialogs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from textual.screen import ModalScreen

from hptui.tui.textual_private import HookedScreen

MIN_FRAMED_LINES = 8
"""Lines of a terminal below which panes have no frames."""

Result = TypeVar("Result")
"""Type of a screen's result."""


class FairScreen(HookedScreen[Result]):
    """A screen that lets all other tasks run between two messages; Textual would handle all waiting ones at once."""

    def __init__(self, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name, id, classes)
        # Textual does the same at the first resize, but then computes all styles a second time.
        width, height = self.app.size
        for extent, steps in ((width, self.app.HORIZONTAL_BREAKPOINTS), (height, self.app.VERTICAL_BREAKPOINTS)):
            self.add_class(*self.breakpoint_classes(extent, steps or []))
        self.set_class(height < MIN_FRAMED_LINES, "-low")

    def on_resize(self) -> None:
        """Leave out the frames of panes where they would take all lines."""
        self.set_class(self.app.size.height < MIN_FRAMED_LINES, "-low")

    def call_if_open(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function in the application's thread from another one, unless this screen is closed."""

        def call() -> None:
            if self in self.app.screen_stack:
                function(*arguments)

        self.app.call_from_thread(call)

    async def after_message(self) -> None:
        """Let the other tasks run."""
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

    def draw_changes(self) -> None:
        """Draw only after the first layout, so that the dialog is drawn once."""
        if self._is_laid_out:
            super().draw_changes()
