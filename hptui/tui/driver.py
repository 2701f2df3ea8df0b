"""The terminal driver: it survives a terminal that is gone, and does not draw faster than the terminal shows.

What is written lies in buffers on its way (the pty's, the network's), which no program can inspect: one that draws as
fast as it can fills them, and from then on each key is answered only when all of them are empty. So after each frame
the terminal is asked for its cursor's position, which every terminal answers; while too many characters are unanswered,
nothing new is drawn, and the next frame drawn is the newest.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from typing import IO, Any

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from hptui.tui.painted import FrameDiff

CURSOR_QUERY = "\x1b[6n"
"""The query for the cursor's position (DSR 6)."""
MAX_CHARACTERS_UNSEEN = 4000
"""Characters that may be on their way, unanswered, when a frame is drawn."""
MAX_ANSWER_WAIT_S = 15.0
"""Seconds after which the answer of a terminal is given up."""


SLOW_ANSWER_S = 0.7
"""Seconds from which an answer counts as one over a slow line."""


class FrameSeen(Message, bubble=False):
    """The terminal has drawn what it was sent `seconds` ago."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.slow = seconds > SLOW_ANSWER_S


class _SafeOutput:
    """The output of a driver, which ignores the errors of a terminal that is gone."""

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
    """Textual's terminal driver, which also knows how much of what was written has arrived."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Textual's writer thread dies with the terminal's error, and later writes would wait for it for ever. `_file`
        # is Textual's private name.
        self._file: Any = _SafeOutput(self._file)
        self._has_answered = False
        self.frame_diff = FrameDiff()
        self._characters_written = 0
        self._unacknowledged: deque[tuple[float, int]] = deque()

    def write(self, data: str) -> None:
        """Write to the terminal, and count what was written."""
        self._characters_written += len(data)
        super().write(data)

    def start_application_mode(self) -> None:
        """Set the terminal up, also after a suspension, when nothing of the last frame is left on it."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self.frame_diff.forget()
        self._unacknowledged.clear()
        self.query_cursor()

    @property
    def terminal_is_behind(self) -> bool:
        """True if the line is full: a frame drawn now, and each that follows it, would be seen late."""
        if not self._has_answered:
            return False
        with suppress(IndexError):  # the input thread may empty the queue meanwhile
            if self._unacknowledged[0][0] < time.monotonic() - MAX_ANSWER_WAIT_S:
                self._unacknowledged.clear()
        return sum(size for _, size in tuple(self._unacknowledged)) > MAX_CHARACTERS_UNSEEN

    def query_cursor(self) -> None:
        """Ask the terminal for its cursor's position.

        Its answer acknowledges what was written since the last query.
        """
        if self._characters_written and (self._has_answered or not self._unacknowledged):
            self._unacknowledged.append((time.monotonic(), self._characters_written))
            self.write(CURSOR_QUERY)
            self._characters_written = 0

    def process_message(self, message: Message) -> None:
        """Take the answers to our queries out of the input; all else is passed on."""
        if isinstance(message, events.CursorPosition):
            self._has_answered = True
            with suppress(IndexError):
                self._app.post_message(FrameSeen(time.monotonic() - self._unacknowledged.popleft()[0]))
            return
        super().process_message(message)
