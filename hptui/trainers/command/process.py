"""Runs a script as a child of the worker, in its own process group, and kills the processes that it leaves."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
ORPHAN_GRACE_S = 0.5
"""Seconds that processes left behind by a script have to end by themselves before they are killed."""
MAX_READ_BYTES = 1 << 16
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def adopt_orphans() -> None:
    """Make this process the parent of what its descendants leave behind. Linux only."""
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class ScriptProcess:
    """A running script."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        worker_pid = os.getpid()

        def prepare_child() -> None:  # between fork and exec: nothing here may allocate much or take a lock
            if _libc is not None:
                _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != worker_pid:
                os._exit(87)  # the worker died before PDEATHSIG was set: nobody would end the script
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        self._process = subprocess.Popen(
            words,
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            process_group=0,
            preexec_fn=prepare_child,
        )
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        os.set_blocking(self._pipe, False)  # a read after a wait without output must not block
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._handle = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else -1
        if self._handle >= 0:
            self._poll.register(self._handle, select.POLLIN)
        self._open = True

    @property
    def pid(self) -> int:
        """The script's process id, which is that of its process group, too."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the script has ended. It is not reaped here, so its process id cannot be reused."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait(self, seconds: float) -> None:
        """Wait until the script prints, ends, or `seconds` are over."""
        self._poll.poll(seconds * 1000)

    def output(self) -> bytes:
        """Return what the script has printed since the last call, at most 64 KiB."""
        if not self._open:
            return b""
        try:
            data = os.read(self._pipe, MAX_READ_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            self._open = False
            self._poll.unregister(self._pipe)
        return data

    def send_signal(self, number: int) -> None:
        """Send a signal to the script alone: its own children must live until it has saved."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def finish(self) -> tuple[int, int]:
        """Reap the ended script; return its exit code or minus the signal, and the number of processes killed.

        Those are the processes that it left behind.
        """
        deadline = time.monotonic() + ORPHAN_GRACE_S
        while _adopted_children(self.pid) and time.monotonic() < deadline:
            _reap(self.pid)
            time.sleep(0.01)  # there is no handle to wait on for adopted processes
        killed = self._sweep()
        code = self._process.wait()
        if self._handle >= 0:
            os.close(self._handle)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code, killed

    def kill(self) -> None:
        """Kill the script with its process group and wait for its end."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def _sweep(self) -> int:
        killed: set[int] = set()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        for _ in range(200):  # repeatedly: a process may fork while it is being killed
            orphans = _adopted_children(self.pid)
            killed |= set(orphans)
            for pid in orphans:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            _reap(self.pid)
            if not orphans:
                break
            time.sleep(0.005)  # a killed process takes a moment to become reapable
        return len(killed)


def _adopted_children(script: int) -> list[int]:
    """Return the ids of our children except the script: its orphans, which the kernel has handed to us."""
    pids = []
    try:
        for thread in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{thread}/children") as line:
                pids += [int(pid) for pid in line.read().split()]
    except OSError:
        return []
    return [pid for pid in pids if pid != script]


def _reap(script: int) -> None:
    for pid in _adopted_children(script):
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
