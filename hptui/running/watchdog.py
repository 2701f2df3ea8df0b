"""Clocks over running attempts: timeout, and silence. They count activity, not the time of day."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hptui.model.study import Resources
from hptui.running.live import Live


@dataclass(frozen=True, slots=True)
class Finding:
    """What the watchdog demands of an attempt. `verb` is 'stop' or '' (only warn), `asked` the requested end."""

    verb: str
    asked: str
    message: str


def look(live: Live, resources: Resources) -> Finding | None:
    """Return what to do about an attempt that has run or been silent for too long; None if it has not."""
    if resources.timeout is not None and live.before + live.seconds > resources.timeout and not live.asked:
        return Finding("stop", "timeout", f"longer than its timeout of {resources.timeout:g} s")
    silent_s = time.monotonic() - live.moved
    if silent_s <= max(resources.hang_after, live.allowance) or live.hang_told:
        return None
    message = f"nothing moved for {silent_s:.0f} s (hang_after is {resources.hang_after:g} s)"
    stop = resources.on_hang == "stop" and not live.asked
    return Finding("stop" if stop else "", "hung", message)
