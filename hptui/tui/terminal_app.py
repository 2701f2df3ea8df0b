"""An application that writes to a slow terminal only what has changed, and carries out keys one after the other."""

from __future__ import annotations

import asyncio
import re
import signal
from contextlib import suppress
from typing import Any

from textual import events
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from hptui.tui.driver import FrameSeen, KeyQueue, TerminalDriver
from hptui.tui.textual_private import HookedApp, HookedScreen

REPEATED_ACTION = re.compile(r"(move|side|page|column)\((-?[0-9.]+)\)")
"""Actions of keys that are held: several of them are the same as one with a larger argument."""


class TerminalApp(HookedApp):
    """What an application does with its terminal."""

    def __init__(self) -> None:
        super().__init__()
        self._key_queue = KeyQueue(self, lambda key: self._repeated_action(key, 1) is not None)

    def get_driver_class(self) -> type[Driver]:
        """Return our driver where Textual would take its own terminal driver."""
        driver_class = super().get_driver_class()
        return TerminalDriver if driver_class is LinuxDriver else driver_class

    @property
    def terminal_is_behind(self) -> bool:
        """True if the terminal is still busy with frames that were drawn before."""
        driver = self.terminal_driver
        return isinstance(driver, TerminalDriver) and driver.terminal_is_behind

    def write_frame(self, screen: Screen[Any], renderable: Any) -> None:
        """Write what Textual has drawn: only the part that the terminal does not show yet."""
        driver = self.terminal_driver
        if isinstance(driver, TerminalDriver) and not self.is_batching:
            renderable = driver.frame_diff.changed_part(renderable) if renderable is not None else None
            super().write_frame(screen, renderable)
            driver.query_cursor()
        else:
            super().write_frame(screen, renderable)

    def on_resize(self) -> None:
        self.forget_frame()

    def forget_frame(self) -> None:
        if isinstance(driver := self.terminal_driver, TerminalDriver):
            driver.frame_diff.forget()

    def on_frame_seen(self, message: FrameSeen) -> None:
        if message.slow and not self.has_class("-slow-line"):
            self.add_class("-slow-line")
        self.draw_pending()

    def handle_signals(self) -> None:
        """Close in order on SIGTERM and SIGHUP, so that the terminal is restored."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            # A loop outside the main thread takes no handlers.
            with suppress(ValueError, RuntimeError, NotImplementedError):
                loop.add_signal_handler(number, self.exit)

    def draw_pending(self) -> None:
        """Draw what has waited for the terminal, in the screen in front."""
        if isinstance(self.screen, HookedScreen):
            self.screen.draw_pending()

    async def on_event(self, event: events.Event) -> None:
        """Queue keys, and drop input while the application is closing."""
        if self.is_closing and isinstance(event, events.InputEvent):
            return
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._key_queue.accept(event):
            count = self._key_queue.take_repeats()
            if count == 1 or not await self._repeat(event.key, count):
                await super().on_event(event)
            self._key_queue.follow_accepted()

    def _repeated_action(self, key: str, count: int) -> tuple[str, Any] | None:
        """Return the action that is a key's `count` times, and its node; None for other keys."""
        active = self.screen.active_bindings.get(key)
        match = REPEATED_ACTION.fullmatch(active.binding.action) if active is not None and active.enabled else None
        if active is None or match is None:
            return None
        return f"{match[1]}({float(match[2]) * count:g})", active.node

    async def _repeat(self, key: str, count: int) -> bool:
        """Do at once what a held key does `count` times; return whether that was possible."""
        action = self._repeated_action(key, count)
        return action is not None and await self.run_action(*action)
