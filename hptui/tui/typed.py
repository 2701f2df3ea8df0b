"""The queue of keys that arrive faster than they are carried out: over a slow line they come in bunches.

Textual gives a key to the widget in focus when it arrives. A key that opens an input has then not been carried out
yet, and the letters that follow would go to the table: `N` and a note, typed over a slow line, would pause trials.
So a key waits until the one before it has been handled everywhere: by the widget in focus, by its parents up to the
application, and by what these have called.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from textual import events
from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from hptui.tui.app import HptuiApp

MAX_KEY_WAIT_S = 1.0
"""Seconds after which a key is not waited for any more, because what it opened takes long."""
MESSAGE_ROUNDS = 2
"""Times that a key is followed from the focus to the application: what it opens may call back once."""


class KeyQueue:
    """The keys of an application, carried out one after the other."""

    def __init__(self, app: HptuiApp) -> None:
        self._app = app
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
            self._app.set_timer(MAX_KEY_WAIT_S, self._post_next)
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
        return self._app.focused or self._app.screen

    def _follow(self, node: MessagePump, rounds: int, turn: int) -> None:
        """Wait until a node has handled all its messages, then go on to its parent, as the key itself does."""
        if node is not self._app:
            parent = node._parent or self._app  # private: a message pump has no public one
            if not node.call_later(self._follow, parent, rounds, turn):
                self._follow(parent, rounds, turn)
        elif rounds > 1:
            self._app.call_later(lambda: self._follow(self._focused_node(), rounds - 1, turn))
        else:
            # An input that has just opened gets the focus only when it is drawn.
            self._app.screen.call_after_refresh(self._finish, turn)

    def _finish(self, turn: int) -> None:
        if turn == self._turn:
            self._started_at = None
            self._post_next()

    def _post_next(self) -> None:
        """Post the next key, if the one before it is done."""
        if self._queue and self._posted is None and not self._busy:
            self._posted = self._queue.popleft()
            self._app.post_message(self._posted)
