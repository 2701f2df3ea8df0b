"""Find runners of a study that live without its lock: `study.lock` was removed or replaced under them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from hptui.core.errors import Locked
from hptui.store.ground import identity
from hptui.store.paths import StudyDir

RUNNER_MODULE = b"hptui.operations.runner_process"
MAX_LEAVE_S = 10.0
"""How long to wait for such a runner to leave, which it does at its next turn."""


def runner_processes(sd: StudyDir) -> Iterator[int]:
    """Yield the pids of the processes, except this one, that were started to run a study. Linux only."""
    root = os.fsencode(sd.root)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(process.name) != os.getpid() and RUNNER_MODULE in words and root in words:
            yield int(process.name)


def displaced_runners(sd: StudyDir) -> list[int]:
    """Return the runners that hold a lock file which is not the one at the study's path any more."""
    return [pid for pid in runner_processes(sd) if _holds_another_lock(pid, sd)]


def _holds_another_lock(pid: int, sd: StudyDir) -> bool:
    folder = f"/proc/{pid}/fd"
    try:
        for fd in os.listdir(folder):
            name = os.readlink(f"{folder}/{fd}").removesuffix(" (deleted)")
            if os.path.basename(name) == sd.lock.name:
                return identity(f"{folder}/{fd}") != identity(sd.lock)
    except OSError:  # it has ended, or belongs to somebody else
        return False
    return False


def wait_until_left(sd: StudyDir, seconds: float = MAX_LEAVE_S) -> None:
    """Wait until every runner has left that lost the study's lock file.

    Raises: Locked when one lives on, with what to do.
    """
    deadline = time.monotonic() + seconds
    while pids := displaced_runners(sd):
        if time.monotonic() > deadline:
            which = ", ".join(map(str, pids))
            raise Locked(
                f"a runner of {sd.name!r} lives (pid {which}), but its lock file is not at {sd.lock} any more: "
                "study.lock was removed or replaced while it ran",
                hint=f"it should have left by itself; end it with: kill -9 {which}; running trials go on. "
                f"Then: hptui run {sd.name}",
            )
        time.sleep(0.05)  # nothing tells when a process of somebody else ends
