"""The terminal as the screens write to it: it may be gone, and it may be slow.

What is written to a line lies in buffers on its way (the pty's, the network's), which nobody can look into: a program
that draws as fast as it can fills them, and from then on each key is answered when all of them are empty. So after each
frame the terminal is asked where its cursor is, which every terminal answers; as long as too much is on its way that it
has not answered for, nothing new is drawn, and what is drawn next is the newest.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import IO, Any

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from hptui.tui.painted import Painted

ASK = "\x1b[6n"
WINDOW = 4000
"""So many bytes may be on their way when something is drawn."""
PATIENCE = 15.0
"""Seconds after which an answer is not waited for any more."""


SLOW = 0.7
"""An answer that takes so many seconds comes over a slow line."""


class Seen(Message, bubble=False):
    """The terminal has drawn what it was sent `seconds` ago."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.slow = seconds > SLOW


class _Output:
    """The terminal's end of a driver. When the terminal is gone, what is written to it is gone, too."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class TerminalDriver(LinuxDriver):
    """Textual's driver of a terminal, which knows how much of what was drawn has arrived."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        # Textual's writer dies with an error of the terminal, and the next writes wait for it for ever.
        self._file: Any = _Output(self._file)
        self._answers = False
        self.painted = Painted()
        self._written = 0
        self._unseen: deque[tuple[float, int]] = deque()

    def write(self, data: str) -> None:
        self._written += len(data)
        super().write(data)

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self.painted.forget()
        self._unseen.clear()
        self.ask()

    @property
    def behind(self) -> bool:
        """Whether the line is full: what is drawn now would be seen late, and so would all that follows it."""
        if not self._answers:
            return False
        with suppress(IndexError):
            if self._unseen[0][0] < time.monotonic() - PATIENCE:
                self._unseen.clear()
        return sum(size for _, size in tuple(self._unseen)) > WINDOW

    def ask(self) -> None:
        """Ask the terminal to answer when it has seen what was written since the last time."""
        if self._written and (self._answers or not self._unseen):
            self._unseen.append((time.monotonic(), self._written))
            self.write(ASK)
            self._written = 0

    def process_message(self, message: Message) -> None:
        if isinstance(message, events.CursorPosition):
            self._answers = True
            with suppress(IndexError):
                self._app.post_message(Seen(time.monotonic() - self._unseen.popleft()[0]))
            return
        super().process_message(message)
