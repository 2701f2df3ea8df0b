"""A script as a child of the worker: in a group of its own, with one pipe for all it prints, and nothing left of it."""

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
LINGER_SECONDS = 0.5
"""So long what a script leaves behind may take to go by itself."""
CHUNK = 1 << 16
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def adopt_orphans() -> None:
    """Make this process the guardian of what its descendants leave behind."""
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Child:
    """A running script."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        me = os.getpid()

        def become() -> None:  # after the fork: as little as possible, and nothing that takes a lock
            if _libc is not None:
                _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != me:
                os._exit(87)
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
            preexec_fn=become,
        )
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        os.set_blocking(self._pipe, False)
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)
        self._handle = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else -1
        if self._handle >= 0:
            self._poll.register(self._handle, select.POLLIN)
        self._open = True

    @property
    def pid(self) -> int:
        """Its process, and its group."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended. It is not reaped, so its number can belong to nobody else."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def wait(self, seconds: float) -> None:
        """Until it prints, ends, or the time is over."""
        self._poll.poll(seconds * 1000)

    def output(self) -> bytes:
        """What it has printed since."""
        if not self._open:
            return b""
        try:
            data = os.read(self._pipe, CHUNK)
        except BlockingIOError:
            return b""
        if not data:
            self._open = False
            self._poll.unregister(self._pipe)
        return data

    def ask(self, number: int) -> None:
        """Send a signal to the script itself: its own children must live until it has saved."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def finish(self) -> tuple[int, int]:
        """After its end: (exit code, or the negative signal; how many processes it left behind, which are dead now)."""
        deadline = time.monotonic() + LINGER_SECONDS
        while _others(self.pid) and time.monotonic() < deadline:
            _reap(self.pid)
            time.sleep(0.01)
        left = self._sweep()
        code = self._process.wait()
        if self._handle >= 0:
            os.close(self._handle)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code, left

    def kill(self) -> None:
        """End it now, with all it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def _sweep(self) -> int:
        swept: set[int] = set()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        for _ in range(200):
            left = _others(self.pid)
            swept |= set(left)
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            _reap(self.pid)
            if not left:
                break
            time.sleep(0.005)
        return len(swept)


def _others(script: int) -> list[int]:
    """Our children but the script: what it left was handed to us."""
    found = []
    try:
        for thread in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{thread}/children") as line:
                found += [int(pid) for pid in line.read().split()]
    except OSError:
        return []
    return [pid for pid in found if pid != script]


def _reap(script: int) -> None:
    for pid in _others(script):
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
