"""Tells a runner that is about to start from one that has gone: in the store both look the same for some seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hptui.core.trial import StudyState

START_S = 15.0
"""Seconds after which a runner that has not started counts as gone."""
_STARTED: dict[Path, float] = {}
"""Root of each study that these screens have started -> when: a runner that follows a dead one is waited for."""


@contextmanager
def starting_runner(root: Path) -> Iterator[None]:
    """Start a runner in this context: unless an error is raised, it holds the lock in a moment."""
    _STARTED[root] = time.monotonic()
    try:
        yield
    except BaseException:
        _STARTED.pop(root, None)
        raise
    _STARTED[root] = time.monotonic()


class StartWatch:
    """Watches the state of one study and whether its runner is alive."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self._was_running: bool | None = None
        self._since: float | None = None

    def is_starting(self, state: StudyState, *, alive: bool) -> bool:
        """Return whether a runner is about to start: started here, or the state has become running."""
        running = state in (StudyState.RUNNING, StudyState.DRAINING)
        if alive or not running:
            self._since = None
        elif self._was_running is False:
            self._since = time.monotonic()
        self._was_running = running
        if alive or not running:
            return False
        started_here = _STARTED.get(self._root) if self._root is not None else None
        moments = [moment for moment in (self._since, started_here) if moment is not None]
        return bool(moments) and time.monotonic() - max(moments) < START_S
