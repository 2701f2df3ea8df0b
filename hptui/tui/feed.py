"""The only thread that reads: it asks each source, in turn, whether something has changed, and hands on snapshots.

Snapshots are immutable; screens draw them, and nobody else opens a store. When nothing has changed nothing is sent, so
nothing is drawn. Only the sources of the screen in front are asked.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hptui.model.errors import HptuiError
from hptui.tui.sources.pool import Pool, Source

log = logging.getLogger(__name__)

Post = Callable[["Reading"], object]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a source cannot be read."""

    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source had to say: its snapshot, or trouble."""

    source: Source
    found: Any


class Feed:
    """Polls sources every `refresh` seconds, and at once when woken. Methods may be called from any thread."""

    def __init__(self, refresh: float = 1.0) -> None:
        self.refresh = refresh
        self._changed = threading.Condition()
        self._watched: tuple[Sequence[Source], Post] = ((), lambda reading: None)
        self._wanted = True
        self._closed = False
        self.calm = False
        """Whether the last round had nothing new to say, and none is wanted."""
        self._troubles: dict[int, Trouble] = {}
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def watch(self, sources: Sequence[Source], post: Post) -> None:
        """Watch these from now on, and nothing else; `post` is called in the feed's thread."""
        with self._changed:
            self._watched = (tuple(sources), post)
            self._troubles.clear()
            self._wanted, self.calm = True, False
            self._changed.notify()

    def wake(self) -> None:
        """Look at once: somebody wants something else, or has changed something."""
        with self._changed:
            self._wanted, self.calm = True, False
            self._changed.notify()

    def close(self) -> None:
        """Let the thread end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        pool = Pool()
        try:
            while True:
                with self._changed:
                    if not self._wanted and not self._closed:
                        self._changed.wait(self.refresh)
                    if self._closed:
                        return
                    self._wanted = False
                    sources, post = self._watched
                pool.begin()
                news = [self._ask(source, pool, post) for source in sources]
                with self._changed:
                    self.calm = not self._wanted and not any(news)
        finally:
            pool.close()

    def _ask(self, source: Source, pool: Pool, post: Post) -> bool:
        """Ask one source; whether it had something new."""
        try:
            found: object | None = source.poll(pool)
            if found is not None:
                self._troubles.pop(id(source), None)
        except HptuiError as error:
            found = self._news(source, Trouble(error.message, error.hint))
        except OSError as error:
            found = self._news(source, Trouble(f"{error.filename or 'the machine'}: {error.strerror or error}"))
        except Exception as error:  # a bug in a source must not end the feed: it is shown, and logged
            log.exception("source %s", type(source).__name__)
            found = self._news(source, Trouble(f"a bug in hptui: {type(error).__name__}: {error}"))
        if found is not None and (sources := self._watched[0]) and source in sources:
            post(Reading(source, found))
        return found is not None

    def _news(self, source: Source, trouble: Trouble) -> Trouble | None:
        """The trouble, unless it was told already."""
        if self._troubles.get(id(source)) == trouble:
            return None
        self._troubles[id(source)] = trouble
        return trouble
