"""Tells a runner that is about to start from one that has gone: in the store both look the same for some seconds."""

from __future__ import annotations

import time

from hptui.core.trial import StudyState

START_S = 15.0
"""Seconds after which a runner that has not started counts as gone."""


class StartWatch:
    """Watches the state of one study and whether its runner is alive."""

    def __init__(self) -> None:
        self._was_running: bool | None = None
        self._since: float | None = None

    def is_starting(self, state: StudyState, *, alive: bool) -> bool:
        """Return whether a runner is about to start: the state became running a moment ago, and it was seen."""
        running = state in (StudyState.RUNNING, StudyState.DRAINING)
        if alive or not running:
            self._since = None
        elif self._was_running is False:
            self._since = time.monotonic()
        self._was_running = running
        return self._since is not None and time.monotonic() - self._since < START_S
