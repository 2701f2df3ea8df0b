"""Keys that come faster than they are carried out: over a slow line they arrive in bunches.

Textual gives a key to what has the focus when it arrives. A key that opens a line to type in has then not been carried
out yet, and the letters that follow would go to the table: `N` and a note, typed over a slow line, would hold trials.
So a key waits until the one before it has gone all its way: to the widget in focus, up to the program, and back through
what that has asked for.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from textual import events
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from hptui.tui.app import HptuiApp

PATIENCE = 1.0
"""Seconds after which a key is not waited for any more: what it opened takes its time."""
ROUNDS = 2


class Typed:
    """The keys of a program, one after the other."""

    def __init__(self, app: HptuiApp) -> None:
        self._app = app
        self._waiting: deque[events.Key] = deque()
        self._next: events.Key | None = None
        self._turn = 0
        self._since: float | None = None

    def take(self, key: events.Key) -> bool:
        """Whether a key is to be carried out now; else it comes again when it is its turn."""
        if key is self._next:
            self._next = None
        elif self._next is not None or self._waiting or self._busy:
            self._waiting.append(key)
            self._app.set_timer(PATIENCE, self._look)
            return False
        self._turn += 1
        self._since = time.monotonic()
        return True

    @property
    def _busy(self) -> bool:
        return self._since is not None and time.monotonic() - self._since < PATIENCE

    def given(self) -> None:
        """The key has been handed to who has the focus: what comes of it is followed from there."""
        self._follow(self._start(), ROUNDS, self._turn)

    def _start(self) -> MessagePump:
        return self._app.focused or self._app.screen

    def _follow(self, node: MessagePump, rounds: int, turn: int) -> None:
        """Come by after all that a node has to do now, then by its parent's, as the key does itself."""
        if node is not self._app:
            above = node._parent or self._app
            if not node.call_later(self._follow, above, rounds, turn):
                self._follow(above, rounds, turn)
        elif rounds > 1:
            self._app.call_later(lambda: self._follow(self._start(), rounds - 1, turn))
        else:
            # A line to type in that has just opened has the focus when it is drawn.
            self._app.screen.call_after_refresh(self._done, turn)

    def _done(self, turn: int) -> None:
        if turn == self._turn:
            self._since = None
            self._look()

    def _look(self) -> None:
        """Give the next key, if it is its turn."""
        if self._waiting and self._next is None and not self._busy:
            self._next = self._waiting.popleft()
            self._app.post_message(self._next)
