"""The only thread that reads: it polls each source in turn for changes, and posts snapshots to the screens.

Snapshots are immutable; screens draw them, and no other thread opens a store. When nothing has changed nothing is
sent, so nothing is drawn. Only the sources of the screen in front are polled, and seldom one of the application."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from textual.message import Message

from hptui.core.dataclass import dataclass
from hptui.core.errors import HptuiError
from hptui.tui.sources.pool import FeedSource, ReaderPool

log = logging.getLogger(__name__)

BACKGROUND_S = 3.0
"""Seconds between two looks at what is watched whatever screen is in front."""
Post = Callable[["SourceReading"], object]
"""Takes a reading; called in the feed's thread."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a source cannot be read."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SourceReading:
    """The result of polling a source: its snapshot, or `Trouble`."""

    source: FeedSource
    result: Any


class Feed:
    """Polls sources every `refresh` seconds, and at once when woken.

    Methods may be called from any thread.
    """

    def __init__(self, refresh: float = 1.0) -> None:
        self.refresh = refresh
        # Guards all that other threads set below: what is watched, whether a poll is requested, whether to end.
        self._condition = threading.Condition()
        self._watched: tuple[Sequence[FeedSource], Post] = ((), lambda reading: None)
        self._background: tuple[FeedSource, Post] | None = None
        self._next_background = 0.0
        self._poll_requested = True
        self._closed = False
        self.is_idle = False
        """True if the last round found nothing new, and no other round is requested."""
        self._troubles: dict[int, Trouble] = {}
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def watch(self, sources: Sequence[FeedSource], post: Post) -> None:
        """Poll these sources from now on, and no others; `post` is called in the feed's thread."""
        with self._condition:
            self._watched = (tuple(sources), post)
            self._troubles.clear()
            self._poll_requested, self.is_idle = True, False
            self._condition.notify()

    def watch_always(self, source: FeedSource, post: Post) -> None:
        """Poll a source every few seconds whatever else is watched; its troubles are not posted."""
        with self._condition:
            self._background = (source, post)
            self._next_background = time.monotonic() + BACKGROUND_S

    def wake(self) -> None:
        """Poll at once: other data is needed, or something was changed."""
        with self._condition:
            self._poll_requested, self.is_idle = True, False
            self._condition.notify()

    def close(self) -> None:
        """End the thread, and wait up to 2 s for it."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            # A source may hang on a network disk: the thread is a daemon, and leaving does not wait for it.
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        pool = ReaderPool()
        try:
            while True:
                with self._condition:
                    if not self._poll_requested and not self._closed:
                        self._condition.wait(self.refresh)
                    if self._closed:
                        return
                    self._poll_requested = False
                    sources, post = self._watched
                pool.begin()
                news = [self._poll(source, pool, post) for source in sources]
                self._poll_background(pool)
                with self._condition:
                    self.is_idle = not self._poll_requested and not any(news)
        finally:
            pool.close()

    def _poll_background(self, pool: ReaderPool) -> None:
        """Poll the application's own source, if it is due."""
        if self._background is None or time.monotonic() < self._next_background:
            return
        source, post = self._background
        try:
            result = source.poll(pool)
        except Exception:  # nobody looks at it: the screen that shows it says what cannot be read
            log.exception("source %s", type(source).__name__)
            result = None
        self._next_background = time.monotonic() + BACKGROUND_S
        if result is not None:
            post(SourceReading(source, result))

    def _poll(self, source: FeedSource, pool: ReaderPool, post: Post) -> bool:
        """Poll one source, pass its news on, and return whether there were any."""
        try:
            result: object | None = source.poll(pool)
            if result is not None:
                self._troubles.pop(id(source), None)
        except HptuiError as error:
            result = self._new_trouble(source, Trouble(error.message, error.hint))
        except OSError as error:
            result = self._new_trouble(source, Trouble(f"{error.filename or 'the machine'}: {error.strerror or error}"))
        except Exception as error:  # a bug in a source must not end the feed: it is shown, and logged
            log.exception("source %s", type(source).__name__)
            result = self._new_trouble(source, Trouble(f"a bug in hptui: {type(error).__name__}: {error}"))
        if result is not None and (sources := self._watched[0]) and source in sources:
            post(SourceReading(source, result))
        return result is not None

    def _new_trouble(self, source: FeedSource, trouble: Trouble) -> Trouble | None:
        """Return the trouble, or None if it is the one that was reported last."""
        if self._troubles.get(id(source)) == trouble:
            return None
        self._troubles[id(source)] = trouble
        return trouble


class NewReading(Message, bubble=False):
    """A source has a new reading. Of several that wait, only the newest of each source is delivered."""

    def __init__(self, reading: SourceReading) -> None:
        super().__init__()
        self.reading = reading

    def can_replace(self, message: Message) -> bool:
        """Return whether this reading makes a waiting one obsolete: both are of the same source."""
        return isinstance(message, NewReading) and message.reading.source is self.reading.source


class OperationDone(Message):
    """An operation has ended; `text` is its message, `result` what follows it and its return value."""

    def __init__(self, text: str, ok: bool, result: object = None) -> None:
        super().__init__()
        self.text, self.ok, self.result = text, ok, result
