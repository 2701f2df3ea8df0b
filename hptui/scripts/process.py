"""Runs a script as a child of the worker, in its own process group, until it ends or must stop.

Its output goes to the log and to callbacks; the processes that it leaves behind are killed."""

from __future__ import annotations

import codecs
import ctypes
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.scripts.metrics.lines import split_lines
from hptui.scripts.program import CONTAINERS, is_python
from hptui.store.run_directory import write_json

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
    def pipe_inode(self) -> int:
        """The inode number of the pipe that the script prints to."""
        return os.fstat(self._pipe).st_ino

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

    def catches(self, number: int) -> bool:
        """Return whether the script has a handler for a signal; True where the system does not tell."""
        try:
            with open(f"/proc/{self.pid}/status") as lines:
                caught = next(line.split()[1] for line in lines if line.startswith("SigCgt:"))
        except (OSError, StopIteration):
            return True
        return bool(int(caught, 16) >> (number - 1) & 1)

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


TICK_S = 0.2
"""Seconds between two calls of `tick`: the delay of a request to stop."""
SMALL_READ_BYTES, SMALL_READ_WAIT_S = 4096, 0.03
"""After fewer bytes than TRICKLE, GATHER seconds are waited for more: a worker that wakes for every line uses twice the
processor time."""
MAX_LAST_LINES = 400
MAX_LINE_CHARS = 1 << 16
"""Characters of a line; a longer one is not read for metrics."""
LINE_END = re.compile(r"[\r\n]")


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """How a command ended.

    `code` is the exit code or minus the signal, `lines` the last output, `left` the number of processes that it left
    behind, `stopped` whether it was asked to stop. `finished_first`: it was, but ended by itself before.
    """

    code: int
    lines: Sequence[str]
    orphans: int
    stopped: bool
    oom_kills: int
    finished_first: bool = False


@dataclass(frozen=True, slots=True)
class RunCallbacks:
    """Callbacks of a run. `line` takes every line (and state of a progress bar), `tick` is called five times a second.

    `tick(True)` is the last call. `stop` returns whether the script should end; `ask` asks it to and returns whether it
    stops by itself, without a signal.
    """

    line: Callable[[str], None]
    tick: Callable[[bool], None]
    stop: Callable[[], bool]
    ask: Callable[[], bool]


def run_command(
    words: Sequence[str],
    environment: Mapping[str, str],
    directory: Path,
    callbacks: RunCallbacks,
    pipe_file: Path | None = None,
) -> ScriptResult:
    """Run a command to its end. An exception of a callback kills the script and is raised again.

    `pipe_file` is where the identity of its output pipe is written, by which processes are found that outlive us.
    """
    kills = oom_kill_count()
    child = ScriptProcess(line_buffered(words, environment), environment, directory)
    if pipe_file is not None:
        with suppress(OSError):
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            write_json(pipe_file, {"output": child.pipe_inode, "boot": boot}, durable=False)
    text = OutputSplitter(callbacks.line)
    try:
        stopped, may_obey = _follow(child, text, callbacks)
    except BaseException:
        child.kill()
        child.finish()
        raise
    text.end(child.output())
    callbacks.tick(True)
    code, left = child.finish()
    finished_first = stopped and code == 0 and not may_obey
    return ScriptResult(code, list(text.last), left, stopped, oom_kill_count() - kills, finished_first)


def line_buffered(words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the command such that programs of C write each line at once, instead of blocks of 4 KiB.

    Python has an environment variable for that, which is set. Programs in containers are left as they are.
    """
    preloads = "LD_PRELOAD" in environment or os.path.basename(words[0]) in CONTAINERS
    tool = None if preloads or is_python(words) else shutil.which("stdbuf")
    return [tool, "-oL", *words] if tool else list(words)


def _follow(child: ScriptProcess, text: OutputSplitter, ears: RunCallbacks) -> tuple[bool, bool]:
    """Feed output to the callbacks until the script has ended.

    Return whether it was asked to stop, and whether it can have stopped for that with exit code 0: a script without a
    handler for the signal dies of it, so one that ends well had finished before.
    """
    stopped, may_obey, ticked_at = False, False, 0.0
    while True:
        child.wait(TICK_S)
        data = child.output()
        text.feed(data)
        now = time.monotonic()
        if now - ticked_at >= TICK_S:
            ticked_at = now
            ears.tick(False)
            if not stopped and not child.ended and ears.stop():
                stopped, may_obey = True, not child.ended
                if not ears.ask():
                    may_obey = may_obey and child.catches(signal.SIGTERM)
                    child.send_signal(signal.SIGTERM)
        if not data and child.ended:
            return stopped, may_obey
        if 0 < len(data) < SMALL_READ_BYTES:
            time.sleep(SMALL_READ_WAIT_S)


class OutputSplitter:
    """Splits output into lines for a callback, and copies its raw bytes to the log.

    `last` are the last lines as a terminal would show them.
    """

    def __init__(self, handle: Callable[[str], None]) -> None:
        self._handle = handle
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._incomplete = ""
        self._skips = False
        self.last: deque[str] = deque(maxlen=MAX_LAST_LINES)

    def feed(self, data: bytes) -> None:
        """Take bytes that the script printed."""
        if not data:
            return
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        self._take(self._decoder.decode(data))

    def _take(self, text: str) -> None:
        if self._skips:  # the rest of a line that is too long: a number in it could be cut
            end = LINE_END.search(text)
            if end is None:
                return
            text, self._skips = text[end.start() :], False
        *lines, self._incomplete = (self._incomplete + text).split("\n")
        for line in lines:
            self._line(line)
        *states, self._incomplete = self._incomplete.rsplit("\r", 1) if "\r" in self._incomplete else [self._incomplete]
        for state in states:
            for part in split_lines(state):
                self._handle(part)
        if len(self._incomplete) > MAX_LINE_CHARS:
            self.last.append(self._incomplete[:MAX_LINE_CHARS])
            self._incomplete, self._skips = "", True

    def _line(self, line: str) -> None:
        parts = list(split_lines(line))
        for part in parts:
            self._handle(part)
        if parts and parts[-1].strip():
            self.last.append(parts[-1][:MAX_LINE_CHARS])

    def end(self, data: bytes) -> None:
        """Take the last bytes, and a last line without an end."""
        self.feed(data)
        line, self._incomplete = self._incomplete + self._decoder.decode(b"", final=True), ""
        if line:
            self._line(line)


def oom_kill_count() -> int:
    """Return how often the kernel of this machine has killed a process for memory since boot."""
    try:
        with open("/proc/vmstat") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
    except OSError:
        return 0
