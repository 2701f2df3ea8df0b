"""Clocks over running attempts: timeout, and silence. All of them count activity, none the time of day."""

from __future__ import annotations

import time
from dataclasses import dataclass

from hptui.model.study import Resources
from hptui.running.live import Live


@dataclass(frozen=True, slots=True)
class Finding:
    """What the watchdog wants of one attempt. `verb` is 'stop' or '' (only tell); `asked` says why."""

    verb: str
    asked: str
    message: str


def look(live: Live, resources: Resources) -> Finding | None:
    """Whether an attempt has run too long or been silent too long."""
    if resources.timeout is not None and live.before + live.seconds > resources.timeout and not live.asked:
        return Finding("stop", "timeout", f"longer than its timeout of {resources.timeout:g} s")
    silent = time.monotonic() - live.moved
    if silent <= max(resources.hang_after, live.allowance) or live.hang_told:
        return None
    message = f"nothing moved for {silent:.0f} s (hang_after is {resources.hang_after:g} s)"
    stop = resources.on_hang == "stop" and not live.asked
    return Finding("stop" if stop else "", "hung", message)
