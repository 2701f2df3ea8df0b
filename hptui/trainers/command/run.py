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

from hptui.trainers.command.process import Child
from hptui.trainers.command.program import CONTAINERS, is_python
from hptui.trainers.metrics_in.lines import split

TICK = 0.2
"""Seconds between two calls of `tick`: the delay of a request to stop."""
TRICKLE, GATHER = 4096, 0.03
"""After fewer bytes than TRICKLE, GATHER seconds are waited for more: a worker that wakes for every line uses twice the
processor time."""
KEPT_LINES = 400
LONGEST_LINE = 1 << 16


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended.

    `code` is the exit code or minus the signal, `lines` the last output, `left` the number of processes that it left
    behind, `stopped` whether it was asked to stop.
    """

    code: int
    lines: Sequence[str]
    left: int
    stopped: bool
    oom_kills: int


@dataclass(frozen=True, slots=True)
class Ears:
    """Callbacks of a run. `line` takes every line (and state of a progress bar), `tick` is called five times a second.

    `tick(True)` is the last call. `stop` returns whether the script should end; `ask` asks it to and returns whether it
    stops by itself, without a signal.
    """

    line: Callable[[str], None]
    tick: Callable[[bool], None]
    stop: Callable[[], bool]
    ask: Callable[[], bool]


def run(words: Sequence[str], environment: Mapping[str, str], directory: Path, ears: Ears) -> Result:
    """Run a command to its end. An exception of a callback kills the script and is raised again."""
    kills = oom_kills()
    child = Child(by_lines(words, environment), environment, directory)
    text = Text(ears.line)
    try:
        stopped = _follow(child, text, ears)
    except BaseException:
        child.kill()
        child.finish()
        raise
    text.end(child.output())
    ears.tick(True)
    code, left = child.finish()
    return Result(code, list(text.last), left, stopped, oom_kills() - kills)


def by_lines(words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Return the command such that programs of C write each line at once, instead of blocks of 4 KiB.

    Python has an environment variable for that, which is set. Programs in containers are left as they are.
    """
    preloads = "LD_PRELOAD" in environment or os.path.basename(words[0]) in CONTAINERS
    tool = None if preloads or is_python(words) else shutil.which("stdbuf")
    return [tool, "-oL", *words] if tool else list(words)


def _follow(child: Child, text: Text, ears: Ears) -> bool:
    """Feed output to the callbacks until the script has ended; return whether it was asked to stop."""
    stopped, ticked_at = False, 0.0
    while True:
        child.wait(TICK)
        data = child.output()
        text.feed(data)
        now = time.monotonic()
        if now - ticked_at >= TICK:
            ticked_at = now
            ears.tick(False)
            if not stopped and ears.stop():
                stopped = True
                if not ears.ask():
                    child.ask(signal.SIGTERM)
        if not data and child.ended:
            return stopped
        if 0 < len(data) < TRICKLE:
            time.sleep(GATHER)


class Text:
    """Splits output into lines for a callback, and copies its raw bytes to the log.

    `last` are the last lines as a terminal would show them.
    """

    def __init__(self, handle: Callable[[str], None]) -> None:
        self._handle = handle
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._incomplete = ""
        self.last: deque[str] = deque(maxlen=KEPT_LINES)

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
            for part in split(state):
                self._handle(part)
        if len(self._incomplete) > LONGEST_LINE:
            self._line(self._incomplete)
            self._incomplete = ""

    def _line(self, line: str) -> None:
        parts = list(split(line))
        for part in parts:
            self._handle(part)
        if parts and parts[-1].strip():
            self.last.append(parts[-1][:LONGEST_LINE])

    def end(self, data: bytes) -> None:
        """Take the last bytes, and a last line without an end."""
        self.feed(data)
        line, self._incomplete = self._incomplete + self._decoder.decode(b"", final=True), ""
        if line:
            self._line(line)


def oom_kills() -> int:
    """Return how often the kernel of this machine has killed a process for memory since boot."""
    try:
        with open("/proc/vmstat") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
    except OSError:
        return 0
