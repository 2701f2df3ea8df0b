"""Start attempts on this machine, and tell whether they live: by their lock, never by a pid."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hptui.running import shim
from hptui.running.warm import Warm
from hptui.storage.crashpoints import crash_point
from hptui.storage.rundir import RunDir, is_held, open_lock, read_json, write_json

log = logging.getLogger(__name__)

MARK = "HPTUI_ATTEMPT"
DYING_SECONDS = 0.5


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
        fds = list(launch.locks)
        try:
            launch.run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            crash_point("after_mkdir")
            write_json(launch.run.config, launch.config)
            crash_point("after_config")
            lock = open_lock(launch.run.lock)
            if lock is None:
                raise BlockingIOError(f"{launch.run.lock} is held by another process")
            fds.insert(0, lock)
            crash_point("after_lock")
            if self.warm is not None and self.warm.start(self._request(launch), fds):
                return True, None
            return False, self._cold(launch, fds)
        finally:
            for fd in fds:
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


def silence(token: str, run: RunDir) -> None:
    """After this nobody writes to an attempt whose lock is free: a lock may be let go of before the last worker dies.

    Whoever wrote `exit.json` has swept already. Files that were killed half-written go, too.
    """
    if read_json(run.exit) is None:
        sweep_strays(token, run)
    for left in run.root.glob(".*.tmp"):
        left.unlink(missing_ok=True)


def sweep_strays(token: str, run: RunDir) -> int:
    """Kill what a lost attempt left behind, and see it dead: whatever carries its token, or can write to its files.

    A forked child keeps its launcher's environment in /proc until it executes something, hence the second sign: the
    attempt's events, and the pipe that its shim read. Whoever only reads is left alone.
    """
    mark, files = f"{MARK}={token}".encode(), {str(run.events), *_output(run)}
    killed, deadline = 0, time.monotonic() + DYING_SECONDS
    while dying := _kill(mark, files):  # again, until nobody is found: they may have had children meanwhile
        killed += len(dying)
        for handle in dying:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            os.close(handle)
        if time.monotonic() > deadline:  # in the kernel, with a GPU in trouble: nobody can kill it
            break
    return killed


def _output(run: RunDir) -> list[str]:
    """The pipe of what the worker printed, as /proc names it; its number means nothing after a restart."""
    facts = read_json(run.shim)
    known = isinstance(facts, dict) and facts.get("output") and facts.get("boot") == shim.boot_id()
    return [f"pipe:[{facts['output']}]"] if known else []


def _kill(mark: bytes, files: Collection[str]) -> list[int]:
    """Kill all that belong to an attempt: handles that become readable when they are dead."""
    dying = []
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid() or not _belongs(entry, mark, files):
            continue
        try:
            handle = os.pidfd_open(int(entry.name))
        except OSError:
            continue
        dying.append(handle)
        if _belongs(entry, mark, files):  # still: so the handle is its
            with suppress(OSError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
    return dying


def _belongs(process: Path, mark: bytes, files: Collection[str]) -> bool:
    try:
        if mark in (process / "environ").read_bytes().split(b"\0"):
            return True
        return any(_writes(process, fd, files) for fd in os.listdir(process / "fd"))
    except OSError:
        return False


def _writes(process: Path, fd: str, files: Collection[str]) -> bool:
    try:
        if os.readlink(process / "fd" / fd) not in files:
            return False
        lines = (process / "fdinfo" / fd).read_text().splitlines()
    except OSError:  # closed meanwhile
        return False
    flags = next(line.split()[1] for line in lines if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
