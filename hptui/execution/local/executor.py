"""Start attempts on this machine in free slots, and tell whether they live: by their lock, never by a pid.

A slot is free when neither this study, nor another one, nor any other process takes its GPU's memory."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hptui.core.study import Resources
from hptui.execution.local import devices, shim
from hptui.execution.local.devices import Gpu, Slot
from hptui.execution.local.launcher import LauncherClient
from hptui.store.crash_points import crash_point
from hptui.store.run_directory import RunDir, acquire_lock, lock_is_held, read_json, write_json

log = logging.getLogger(__name__)

TOKEN_VARIABLE = "HPTUI_ATTEMPT"  # noqa: S105
"""Environment variable with the attempt's token, by which its processes can be found."""
MAX_DYING_S = 0.5
"""How long to wait for killed processes to end."""


@dataclass(frozen=True, slots=True)
class Launch:
    """All that it takes to start one attempt.

    `locks` are the descriptors that hold its GPU slots; they pass to the shim. Grace periods are seconds.
    """

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
class LocalExecutor:
    """Starts attempts as processes of this machine: shims of its own, or through the launcher if there is one."""

    launcher: LauncherClient | None = None
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, launch: Launch) -> tuple[bool, int | None]:
        """Start an attempt; return (started by the launcher?, pid of the shim if known already).

        The lock is taken before the start and inherited, so there is no moment at which a living attempt looks dead.

        Raises: `OSError` when nothing was started; `BlockingIOError` when another process holds the attempt's lock.
        """
        fds = list(launch.locks)
        try:
            launch.run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            crash_point("after_mkdir")
            write_json(launch.run.config, launch.config)
            crash_point("after_config")
            lock = acquire_lock(launch.run.lock)
            if lock is None:
                raise BlockingIOError(f"{launch.run.lock} is held by another process")
            fds.insert(0, lock)
            crash_point("after_lock")
            if self.launcher is not None and self.launcher.start(self._request(launch), fds):
                return True, None
            return False, self._start_shim(launch, fds)
        finally:
            for fd in fds:
                os.close(fd)
            crash_point("after_spawn")

    def _request(self, launch: Launch) -> dict[str, Any]:
        return {
            "directory": str(launch.run.root),
            "token": launch.token,
            "cwd": launch.cwd,
            "environment": {**launch.environment, TOKEN_VARIABLE: launch.token},
            "pause_grace": launch.pause_grace,
            "stop_grace": launch.stop_grace,
        }

    def _start_shim(self, launch: Launch, fds: Sequence[int]) -> int:
        descriptors = ",".join(map(str, fds))
        grace = [str(launch.pause_grace), str(launch.stop_grace)]
        shim_command = [sys.executable, "-S", "-E", "-s", str(Path(shim.__file__).resolve())]
        process = subprocess.Popen(
            [*shim_command, str(launch.run.root), launch.token, descriptors, *grace, launch.cwd, *launch.command],
            pass_fds=list(fds),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **launch.environment, TOKEN_VARIABLE: launch.token},
        )
        self.children.append(process)
        return process.pid

    def reap(self) -> None:
        """Collect shims that have ended, so that they do not stay as zombies."""
        self.children = [child for child in self.children if child.poll() is None]


def open_shim_pidfd(pid: int | None, run: RunDir) -> int | None:
    """Return a pidfd that becomes readable when the shim ends; None where that is not possible.

    It only wakes the poll; the lock decides whether the attempt lives, and no signal is sent through it.
    """
    if pid is None:
        facts = read_json(run.shim)
        pid = facts.get("shim") if isinstance(facts, dict) else None
    if pid is None or not hasattr(os, "pidfd_open"):
        return None
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    if lock_is_held(run.lock):  # the shim still lives, so its pid was not reused before the pidfd was opened
        return handle
    os.close(handle)
    return None


def kill_orphans(token: str, run: RunDir) -> None:
    """Kill every process that could still write to an ended attempt, and delete its half-written files.

    A lock may be released before the last worker dies. The shim that wrote `exit.json` has killed them already. Linux
    only; a process stuck in the kernel is left.
    """
    if read_json(run.exit) is None:
        kill_marked_processes(token, run)
    for temporary in run.root.glob(".*.tmp"):
        temporary.unlink(missing_ok=True)


def kill_marked_processes(token: str, run: RunDir) -> int:
    """Kill the processes that carry a lost attempt's token or can write to its files; return their number.

    A forked child keeps its launcher's environment in /proc until it executes something, hence the files: the attempt's
    events, and the pipe that its shim read. Processes that only read them are left alone.
    """
    mark, files = f"{TOKEN_VARIABLE}={token}".encode(), {str(run.events), *_output_pipe(run)}
    killed, deadline = 0, time.monotonic() + MAX_DYING_S
    while dying := _kill(mark, files):  # until none is left: they may have forked meanwhile
        killed += len(dying)
        for handle in dying:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
            os.close(handle)
        if time.monotonic() > deadline:  # stuck in the kernel, for example in a GPU driver call: cannot be killed
            break
    return killed


def _output_pipe(run: RunDir) -> list[str]:
    """Return the worker's output pipe as /proc names it.

    Empty after a reboot: the pipe's inode number may then belong to another pipe.
    """
    facts = read_json(run.shim)
    valid = isinstance(facts, dict) and facts.get("output") and facts.get("boot") == shim.boot_id()
    return [f"pipe:[{facts['output']}]"] if valid else []


def _kill(mark: bytes, files: Collection[str]) -> list[int]:
    """Kill all processes of an attempt; return pidfds that become readable when they are dead."""
    dying = []
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid() or not _belongs_to_attempt(entry, mark, files):
            continue
        try:
            handle = os.pidfd_open(int(entry.name))
        except OSError:
            continue
        dying.append(handle)
        if _belongs_to_attempt(entry, mark, files):  # again: the pid may have been reused meanwhile
            with suppress(OSError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
    return dying


def _belongs_to_attempt(process: Path, mark: bytes, files: Collection[str]) -> bool:
    try:
        if mark in (process / "environ").read_bytes().split(b"\0"):
            return True
        return any(_writes_to(process, fd, files) for fd in os.listdir(process / "fd"))
    except OSError:
        return False


def _writes_to(process: Path, fd: str, files: Collection[str]) -> bool:
    try:
        if os.readlink(process / "fd" / fd) not in files:
            return False
        lines = (process / "fdinfo" / fd).read_text().splitlines()
    except OSError:  # closed meanwhile
        return False
    flags = next(line.split()[1] for line in lines if line.startswith("flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY


MEMORY_MARGIN = 1.1
"""Free GPU memory that a slot must have, as a multiple of the highest peak of earlier trials."""
MIN_FREE_SHARE = 0.05
"""Share (0 to 1) of a GPU's memory that must be free as long as no trial's use is known."""


class SlotPool:
    """The slots of one study.

    `peak` returns how much GPU memory (GiB) its trials have needed, None if not known. `waiting_reason` says why no
    slot could be had at the last try, '' if none was refused for lack of memory.
    """

    def __init__(self, resources: Resources, peak: Callable[[], float | None]) -> None:
        self._all = devices.slots_for(resources)
        self._peak = peak
        self._labels: dict[str, str] = {}
        self.waiting_reason = ""

    def __len__(self) -> int:
        return len(self._all)

    def take(self, token: str, label: str) -> None:
        """Note that an attempt holds a slot."""
        self._labels[token] = label

    def free(self, token: str) -> None:
        """Note that an attempt no longer holds its slot."""
        self._labels.pop(token, None)

    def claim(self) -> tuple[Slot, list[int]] | None:
        """Lock a slot; return it with its descriptors for the attempt, None when none can be had now."""
        self.waiting_reason = ""
        taken = set(self._labels.values())
        for slot in self._all:
            if slot.label in taken:
                continue
            if shortage := self._memory_shortage(slot):
                self.waiting_reason = shortage
                continue
            locks = devices.lock_slot(slot)
            if locks is not None:
                return slot, locks
        return None

    def _memory_shortage(self, slot: Slot) -> str:
        """Return why a slot's GPUs have too little free memory, and who uses them; '' when they have enough."""
        if not slot.gpus:
            return ""
        current = {gpu.uuid: gpu for gpu in devices.visible_gpus()}
        for gpu in (current[listed.uuid] for listed in slot.gpus if listed.uuid in current):
            needed = self._needed_gb(gpu)
            if gpu.free_gb < needed:
                holders = ", ".join(map(str, devices.gpu_processes(gpu))) or "nobody that the driver names"
                room = f"{gpu.free_gb:.1f} of {gpu.total_gb:.1f} GiB free, {needed:.1f} needed"
                return f"waiting for GPU {gpu.index}: {room}; held by {holders}"
        return ""

    def _needed_gb(self, gpu: Gpu) -> float:
        peak = self._peak()
        return peak * MEMORY_MARGIN if peak else gpu.total_gb * MIN_FREE_SHARE
