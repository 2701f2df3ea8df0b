"""The terminal driver: it sends only changed parts of lines, and does not draw faster than the terminal shows.

What is written lies in buffers on its way, which no program can inspect. So after each frame the terminal is asked for
its cursor's position; while too many characters are unanswered, nothing new is drawn, and the next frame is the newest.
Keys that arrive in bunches are carried out one after the other, each by the widget that the one before has focused."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any

from rich.console import Console
from rich.control import Control
from textual import events
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.message import Message
from textual.message_pump import MessagePump
from textual.strip import Strip

from hptui.tui.textual_private import (
    ChopsUpdate,
    CompositorUpdate,
    LayoutUpdate,
    app_of_driver,
    parent_of,
    wrap_output,
)
from hptui.tui.widgets.lines import changed_span

Piece = tuple[int, int, Strip]
"""Where a part of a line begins (x, y), and its content."""


class ChangedLines(CompositorUpdate):
    """An update that writes parts of lines at their positions."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        """Return the parts as text with cursor movements."""
        return "".join(Control.move_to(x, y).segment.text + strip.render(console) for x, y, strip in self.pieces)


class FrameDiff:
    """The lines that are known to be on the terminal, and what a new frame changes of them."""

    def __init__(self) -> None:
        self._lines: dict[int, Strip] = {}
        self._region: Region | None = None

    def forget(self) -> None:
        """Forget all lines: the terminal no longer shows what was drawn."""
        self._lines.clear()

    def changed_part(self, update: Any) -> Any:
        """Return the part of an update that has to be sent; None if the terminal shows it already."""
        if isinstance(update, ChopsUpdate):
            pieces = self._pieces_of_chops(update)
        elif isinstance(update, LayoutUpdate):
            pieces = self._pieces_of_layout(update)
        else:
            self.forget()
            return update
        return ChangedLines(pieces) if pieces else None

    def _pieces_of_layout(self, update: LayoutUpdate) -> list[Piece]:
        if update.region != self._region:
            self.forget()
            self._region = update.region
        pieces: list[Piece] = []
        for y, parts in enumerate(update.strips):
            line = Strip.join(part for part in parts if part is not None).simplify()
            pieces += self._pieces_of_line(y, line) if y in self._lines else [(0, y, line)]
            self._lines[y] = line
        return pieces

    def _pieces_of_chops(self, update: ChopsUpdate) -> list[Piece]:
        pieces: list[Piece] = []
        lines: dict[int, Strip] = {}
        for y, start, end in update.spans:
            for stop, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=True):
                if strip is None or x > end or stop <= start:
                    continue
                part = strip if x >= start and stop <= end else strip.crop(0, min(stop, end) - x)
                line = lines.get(y, self._lines.get(y))
                if line is None:
                    pieces.append((x, y, part))
                else:
                    tail = line.crop(x + part.cell_length, line.cell_length)
                    lines[y] = Strip.join([line.crop(0, x), part, tail])
        for y, line in lines.items():
            line = line.simplify()
            pieces += self._pieces_of_line(y, line)
            self._lines[y] = line
        return pieces

    def _pieces_of_line(self, y: int, line: Strip) -> list[Piece]:
        """Return the parts to send of a line whose former content is known."""
        span = changed_span(self._lines[y], line)
        return [] if span is None else [(span[0], y, line.crop(*span))]


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
        self._output = file

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._output.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._output.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)


class TerminalDriver(LinuxDriver):
    """Textual's terminal driver, which also knows how much of what was written has arrived."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Textual's writer thread dies with the terminal's error, and later writes would wait for it for ever.
        wrap_output(self, _SafeOutput)
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
                app_of_driver(self).post_message(FrameSeen(time.monotonic() - self._unacknowledged.popleft()[0]))
            return
        super().process_message(message)


MAX_KEY_WAIT_S = 1.0
"""Seconds after which a key is not waited for any more, because what it opened takes long."""
MESSAGE_ROUNDS = 2
"""Times that a key is followed from the focus to the application: what it opens may call back once."""


class KeyQueue:
    """The keys of an application, carried out one after the other."""

    def __init__(self, app: App[Any], can_repeat: Callable[[str], bool]) -> None:
        """`can_repeat` tells whether a key that waits several times in a row may be carried out once, for all."""
        self._application = app
        self._can_repeat = can_repeat
        self._repeats = 1
        self._queue: deque[events.Key] = deque()
        self._posted: events.Key | None = None
        self._turn = 0
        self._started_at: float | None = None

    def accept(self, key: events.Key) -> bool:
        """Return whether a key is to be carried out now; otherwise it is posted again when it is its turn."""
        if key is self._posted:
            self._posted = None
        elif self._posted is not None or self._queue or self._busy:
            self._queue.append(key)
            self._application.set_timer(MAX_KEY_WAIT_S, self._post_next)
            return False
        self._turn += 1
        self._started_at = time.monotonic()
        return True

    @property
    def _busy(self) -> bool:
        return self._started_at is not None and time.monotonic() - self._started_at < MAX_KEY_WAIT_S

    def follow_accepted(self) -> None:
        """Follow the key that was just passed to the widget in focus, until its handling has ended."""
        self._follow(self._focused_node(), MESSAGE_ROUNDS, self._turn)

    def _focused_node(self) -> MessagePump:
        return self._application.focused or self._application.screen

    def _follow(self, node: MessagePump, rounds: int, turn: int) -> None:
        """Wait until a node has handled all its messages, then go on to its parent, as the key itself does."""
        if node is not self._application:
            parent = parent_of(node) or self._application
            if not node.call_later(self._follow, parent, rounds, turn):
                self._follow(parent, rounds, turn)
        elif rounds > 1:
            self._application.call_later(lambda: self._follow(self._focused_node(), rounds - 1, turn))
        else:
            # An input that has just opened gets the focus only when it is drawn.
            self._application.screen.call_after_refresh(self._finish, turn)

    def _finish(self, turn: int) -> None:
        if turn == self._turn:
            self._started_at = None
            self._post_next()

    def _post_next(self) -> None:
        """Post the next key, if the one before it is done."""
        if self._queue and self._posted is None and not self._busy:
            self._posted = self._queue.popleft()
            self._repeats = 1
            while self._queue and self._queue[0].key == self._posted.key and self._can_repeat(self._posted.key):
                self._queue.popleft()
                self._repeats += 1
            self._application.post_message(self._posted)

    def take_repeats(self) -> int:
        """Return how many times the accepted key was pressed in a row."""
        repeats, self._repeats = self._repeats, 1
        return repeats
