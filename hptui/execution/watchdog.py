"""The clocks that watch a running attempt. They count its activity, not the time of day."""

from __future__ import annotations

import time

from hptui.core.dataclass import dataclass
from hptui.core.study import Resources
from hptui.execution.running_attempt import RunningAttempt
from hptui.store.recorded import EventKind

CLOCKLESS_KINDS = ("queued", "starting", "unknown")
"""States in which no clock of an attempt runs: it has not begun, or nobody can be asked what it does."""


@dataclass(frozen=True, slots=True)
class WatchdogAction:
    """What the watchdog demands of an attempt. `verb` is 'stop' or '' (only warn), `asked` the requested end."""

    verb: str
    asked: str
    message: str


def check_clocks(live: RunningAttempt, resources: Resources) -> WatchdogAction | None:
    """Return what to do about an attempt that has run or been silent for too long; None if it has not."""
    if (
        resources.timeout is not None
        and live.earlier_seconds + live.seconds > resources.timeout
        and not live.requested_end
    ):
        return WatchdogAction("stop", EventKind.TIMEOUT, f"longer than its timeout of {resources.timeout:g} s")
    silent_s = time.monotonic() - live.last_event_at
    if silent_s <= max(resources.hang_after, live.allowance) or live.hang_reported:
        return None
    message = f"nothing moved for {silent_s:.0f} s (hang_after is {resources.hang_after:g} s)"
    stop = resources.on_hang == "stop" and not live.requested_end
    return WatchdogAction("stop" if stop else "", EventKind.HUNG, message)
