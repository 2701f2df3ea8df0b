"""Start attempts on this machine, and tell whether they live: by their lock, never by a pid."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hptui.running import shim
from hptui.running.warm import Warm
from hptui.storage.crashpoints import crash_point
from hptui.storage.rundir import RunDir, is_held, open_lock, read_json, write_json

log = logging.getLogger(__name__)

MARK = "HPTUI_ATTEMPT"


@dataclass(frozen=True, slots=True)
class Launch:
    """All that it takes to start one attempt. `locks` (its GPU slots) pass into the shim's keeping."""

    run: RunDir
    token: str
    config: Mapping[str, Any]
    cwd: str
    environment: Mapping[str, str]
    command: Sequence[str]
    locks: Sequence[int] = ()
    pause_grace: float = 120.0
    stop_grace: float = 15.0


@dataclass
class Local:
    """Shims that this process has started, and the launcher if there is one."""

    warm: Warm | None = None
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, launch: Launch) -> tuple[bool, int | None]:
        """Start an attempt: (warm?, pid of the shim if known already).

        The lock is taken before the start and never let go of until the shim ends, so there is no moment at which a
        living attempt looks dead. `OSError` means that nothing was started.
        """
        launch.run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(launch.run.config, launch.config)
        lock = open_lock(launch.run.lock)
        if lock is None:
            raise BlockingIOError(f"{launch.run.lock} is held by another process")
        crash_point("after_lock")
        try:
            fds = [lock, *launch.locks]
            if self.warm is not None and self.warm.start(self._request(launch), fds):
                return True, None
            return False, self._cold(launch, fds)
        finally:
            os.close(lock)
            for fd in launch.locks:
                os.close(fd)
            crash_point("after_spawn")

    def _request(self, launch: Launch) -> dict[str, Any]:
        return {
            "directory": str(launch.run.root),
            "token": launch.token,
            "cwd": launch.cwd,
            "environment": {**launch.environment, MARK: launch.token},
            "pause_grace": launch.pause_grace,
            "stop_grace": launch.stop_grace,
        }

    def _cold(self, launch: Launch, fds: Sequence[int]) -> int:
        numbers = ",".join(map(str, fds))
        grace = [str(launch.pause_grace), str(launch.stop_grace)]
        me = [sys.executable, "-S", "-E", "-s", str(Path(shim.__file__).resolve())]
        process = subprocess.Popen(
            [*me, str(launch.run.root), launch.token, numbers, *grace, launch.cwd, *launch.command],
            pass_fds=list(fds),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **launch.environment, MARK: launch.token},
        )
        self.children.append(process)
        return process.pid

    def reap(self) -> None:
        """Collect shims that have ended, so that they do not stay as zombies."""
        self.children = [child for child in self.children if child.poll() is None]


def watch_handle(pid: int | None, run: RunDir) -> int | None:
    """A descriptor that becomes readable when the shim ends: a hint to look, nothing is ever signalled through it."""
    if pid is None:
        facts = read_json(run.shim)
        pid = facts.get("shim") if isinstance(facts, dict) else None
    if pid is None or not hasattr(os, "pidfd_open"):
        return None
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    if is_held(run.lock):  # the shim lived after the descriptor was opened, so it is the shim's
        return handle
    os.close(handle)
    return None


def sweep_strays(token: str, run: RunDir) -> int:
    """Kill what a lost attempt left behind: processes that carry its token or can write to its events.

    A forked child keeps its launcher's environment in /proc, hence the second sign; whoever only reads is left alone.
    """
    mark, events, killed = f"{MARK}={token}".encode(), str(run.events), 0
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid() or not _belongs(entry, mark, events):
            continue
        try:
            os.kill(int(entry.name), signal.SIGKILL)
            killed += 1
        except OSError:
            continue
    return killed


def _belongs(process: Path, mark: bytes, events: str) -> bool:
    try:
        if mark in (process / "environ").read_bytes().split(b"\0"):
            return True
        return any(
            os.readlink(fd) == events and _writes(process / "fdinfo" / fd.name) for fd in (process / "fd").iterdir()
        )
    except OSError:
        return False


def _writes(info: Path) -> bool:
    flags = next(line.split()[1] for line in info.read_text().splitlines() if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
