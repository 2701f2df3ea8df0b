"""Remember the processes under an attempt's shim, while they live there, by pid and start time.

A daemon that cleared its environment, closed its output and left its session can be recognised by nothing
else, once shim and worker have died and the kernel has given it to init. One that is younger than a second then stays
unknown. Linux only."""

from __future__ import annotations

import os
import time
from contextlib import suppress

from hptui.execution.local.shim import boot_id
from hptui.store.run_directory import RunDir, read_json, write_json

INTERVAL_S = 1.0
"""Seconds between two looks at an attempt's processes."""


def start_time(pid: int) -> int | None:
    """Return when a process began, in clock ticks since the boot; None when it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return None if fields[0] in b"ZX" else int(fields[19])
    except (OSError, IndexError, ValueError):
        return None


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as line:
                children += map(int, line.read().split())
    return children


def descendants(pid: int) -> dict[int, int]:
    """Return the living processes under a process, with their start times."""
    living: dict[int, int] = {}
    waiting = _children(pid)
    while waiting:
        child = waiting.pop()
        if child not in living and (began := start_time(child)) is not None:
            living[child] = began
            waiting += _children(child)
    return living


class Descendants:
    """The processes of one attempt, kept in its run directory for a runner that comes later."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._known = recorded(run)
        self._looked_at = 0.0

    def look(self, shim: int) -> None:
        """Note what lives under the shim now, if the last look is some time ago."""
        now = time.monotonic()
        if now - self._looked_at < INTERVAL_S:
            return
        self._looked_at = now
        living = {pid: began for pid, began in self._known.items() if start_time(pid) == began} | descendants(shim)
        if living != self._known:
            self._known = living
            with suppress(OSError):  # a full disk: the next look tries again
                processes = {str(pid): began for pid, began in living.items()}
                write_json(self._run.descendants, {"boot": boot_id(), "processes": processes}, durable=False)


def recorded(run: RunDir) -> dict[int, int]:
    """Return the recorded processes of an attempt with their start times; {} after a reboot."""
    facts = read_json(run.descendants)
    if not isinstance(facts, dict) or facts.get("boot") != boot_id() or not isinstance(facts.get("processes"), dict):
        return {}
    return {
        int(pid): began
        for pid, began in facts["processes"].items()
        if pid.isascii() and pid.isdigit() and len(pid) < 10 and isinstance(began, int)
    }
