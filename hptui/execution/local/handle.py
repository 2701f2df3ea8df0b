"""The handle of an attempt on this machine: its lock says whether it lives, its shim takes its verbs."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections import deque
from contextlib import suppress
from typing import Protocol

from hptui.execution.executor import LaunchRecord, State
from hptui.execution.local.descendants import Descendants
from hptui.execution.local.hosts import PackHost
from hptui.execution.local.launcher import LauncherClient
from hptui.execution.local.processes import (
    kill_marked_processes,
    kill_orphans,
    kill_worker,
    killed_but_alive,
    local_state,
    open_shim_pidfd,
    shim_pid,
)
from hptui.store.records import Sample
from hptui.store.run_directory import put_control

log = logging.getLogger(__name__)

MAX_START_S = 240.0
"""Time that an attempt's shim may take to appear, before the launcher is taken for stuck and replaced."""
MAX_COUNTED_GAP_S = 5.0
"""Longest time between two looks that counts: over a longer one the machine or the runner was suspended."""


class Owner(Protocol):
    """The executor of a handle, as far as the handle needs it."""

    launcher: LauncherClient | None

    def watch(self, handle: LocalHandle, pid: int) -> None: ...
    def drop(self, handle: LocalHandle) -> None: ...


class LocalHandle:
    """An attempt on this machine. `shim` is the pid of its shim, None as long as that has not shown itself.

    `launcher` is the one that starts it; None for an attempt that started cold, or was found. `started` says that this
    process has made its directory: if nothing is there any more, somebody removed it. `host` is the process that it
    shares; None: it has its own.
    """

    def __init__(self, executor: Owner, record: LaunchRecord, launcher: LauncherClient | None = None) -> None:
        self.token, self.run, self.label = record.token, record.run, record.label
        self.warm = launcher is not None
        self.shim: int | None = None
        self.started = False
        self.host: PackHost | None = None
        self.pidfd: int | None = None
        self.samples: deque[Sample] = deque()
        self.descendants = Descendants(record.run)
        self._executor, self._boot = executor, record.boot
        self._starts_from = launcher
        self._starting_s = 0.0
        self._looked_at = time.monotonic()

    def state(self) -> State:
        """Return whether the lock is held. An attempt whose start hangs is killed, with its launcher."""
        state = local_state(self.run, self._boot)
        if state.gone or self.shim is not None:
            return state
        if (pid := shim_pid(self.run)) is not None:
            self.note_shim(pid)
            return state
        now, launcher = time.monotonic(), self._launcher
        if launcher is None or launcher.ready:  # a cold disk may take minutes for a launcher's imports
            self._starting_s += min(now - self._looked_at, MAX_COUNTED_GAP_S)
        self._looked_at = now
        if self._starting_s > MAX_START_S and launcher is not None:
            log.error("%s does not start; a new launcher is taken", self.run.root)
            self.fence()
            self._starting_s = 0.0
        return State("starting")

    @property
    def _launcher(self) -> LauncherClient | None:
        """The launcher that its start may still wait in."""
        return self._starts_from or self._executor.launcher

    def note_shim(self, pid: int) -> None:
        """Follow the shim from now on: wake when it ends, sample what its tree uses."""
        if self.shim is None:
            self.shim, self.pidfd = pid, open_shim_pidfd(pid, self.run)
            self._executor.watch(self, pid)

    def signal(self, verb: str) -> None:
        """Write the verb to `control`, which the shim and the worker read."""
        if not local_state(self.run).gone:
            put_control(self.run, verb)

    def fence(self) -> None:
        """Kill the attempt. One that was never started is marked, so that no start by its token does anything."""
        if not kill_worker(self.run):  # its shim holds the GPUs, which must go to nobody before it ends
            return
        if self.shim is None and not self.started and local_state(self.run).proof == "never":
            self.run.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            put_control(self.run, "kill")
            return
        if self.shim is None and self._launcher is not None:
            self._launcher.close()  # a start that still waits in it dies with it
        if self.pidfd is not None:
            with suppress(OSError):  # the worker dies with it; once the directory is gone, nothing else leads to them
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        kill_marked_processes(self.token, self.run)

    def stuck(self) -> str:
        """Return which process of the attempt was killed and does not end; '' if none does."""
        return killed_but_alive(self.run)

    def sync(self) -> None:
        """Do nothing: the run directory is the one that the worker writes to."""

    def collect(self) -> None:
        """Kill every process that could still write to the attempt, and delete half-written files."""
        kill_orphans(self.token, self.run)

    def usage(self) -> Sample | None:
        """Return the oldest sample that has not been returned yet."""
        return self.samples.popleft() if self.samples else None

    def forget(self) -> None:
        """Free the slot and close the handle."""
        self._executor.drop(self)
        self.close()

    def close(self) -> None:
        """Close the descriptor that wakes the runner."""
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None
