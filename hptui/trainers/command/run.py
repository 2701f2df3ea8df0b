"""Runs a command to its end: copies its output to the log and to handlers, and asks it to stop when it must."""

from __future__ import annotations

import codecs
import os
import shutil
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hptui.trainers.command.process import ScriptProcess
from hptui.trainers.command.program import CONTAINERS, is_python
from hptui.trainers.metrics_in.lines import split_lines

TICK_S = 0.2
"""Seconds between two calls of `tick`: the delay of a request to stop."""
SMALL_READ_BYTES, SMALL_READ_WAIT_S = 4096, 0.03
"""After fewer bytes than TRICKLE, GATHER seconds are waited for more: a worker that wakes for every line uses twice the
processor time."""
MAX_LAST_LINES = 400
MAX_LINE_CHARS = 1 << 16


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """How a command ended.

    `code` is the exit code or minus the signal, `lines` the last output, `left` the number of processes that it left
    behind, `stopped` whether it was asked to stop.
    """

    code: int
    lines: Sequence[str]
    orphans: int
    stopped: bool
    oom_kills: int


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
    words: Sequence[str], environment: Mapping[str, str], directory: Path, callbacks: RunCallbacks
) -> ScriptResult:
    """Run a command to its end. An exception of a callback kills the script and is raised again."""
    kills = oom_kill_count()
    child = ScriptProcess(line_buffered(words, environment), environment, directory)
    text = OutputSplitter(callbacks.line)
    try:
        stopped = _follow(child, text, callbacks)
    except BaseException:
        child.kill()
        child.finish()
        raise
    text.end(child.output())
    callbacks.tick(True)
    code, left = child.finish()
    return ScriptResult(code, list(text.last), left, stopped, oom_kill_count() - kills)


def line_buffered(words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the command such that programs of C write each line at once, instead of blocks of 4 KiB.

    Python has an environment variable for that, which is set. Programs in containers are left as they are.
    """
    preloads = "LD_PRELOAD" in environment or os.path.basename(words[0]) in CONTAINERS
    tool = None if preloads or is_python(words) else shutil.which("stdbuf")
    return [tool, "-oL", *words] if tool else list(words)


def _follow(child: ScriptProcess, text: OutputSplitter, ears: RunCallbacks) -> bool:
    """Feed output to the callbacks until the script has ended; return whether it was asked to stop."""
    stopped, ticked_at = False, 0.0
    while True:
        child.wait(TICK_S)
        data = child.output()
        text.feed(data)
        now = time.monotonic()
        if now - ticked_at >= TICK_S:
            ticked_at = now
            ears.tick(False)
            if not stopped and ears.stop():
                stopped = True
                if not ears.ask():
                    child.send_signal(signal.SIGTERM)
        if not data and child.ended:
            return stopped
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
        self.last: deque[str] = deque(maxlen=MAX_LAST_LINES)

    def feed(self, data: bytes) -> None:
        """Take bytes that the script printed."""
        if not data:
            return
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        self._take(self._decoder.decode(data))

    def _take(self, text: str) -> None:
        *lines, self._incomplete = (self._incomplete + text).split("\n")
        for line in lines:
            self._line(line)
        *states, self._incomplete = self._incomplete.rsplit("\r", 1) if "\r" in self._incomplete else [self._incomplete]
        for state in states:
            for part in split_lines(state):
                self._handle(part)
        if len(self._incomplete) > MAX_LINE_CHARS:
            self._line(self._incomplete)
            self._incomplete = ""

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
