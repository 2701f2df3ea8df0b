"""One run of a command: its output goes into the log and to whoever listens, and it is told when to stop."""

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
TRICKLE, GATHER = 4096, 0.03
"""After so few bytes, so long is waited for more: woken for every line, the worker takes twice the processor time."""
KEPT_LINES = 400
LONGEST_LINE = 1 << 16


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended: exit code or minus the signal, last lines, processes that it left, whether it was told to."""

    code: int
    lines: Sequence[str]
    left: int
    stopped: bool
    oom_kills: int


@dataclass(frozen=True, slots=True)
class Ears:
    """`line` hears every line (and every state of a progress bar), `tick` is called five times a second.

    `stop` says whether it should end; `ask` tells it to, and says whether the script does so by itself.
    """

    line: Callable[[str], None]
    tick: Callable[[bool], None]
    stop: Callable[[], bool]
    ask: Callable[[], bool]


def run(words: Sequence[str], environment: Mapping[str, str], directory: Path, ears: Ears) -> Result:
    """Run a command to its end. Whatever an ear raises ends the script, and is raised again."""
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
    """The command so that programs of C, too, say a line when it is whole, and not when 4 KiB are.

    Python has a variable for that, which is set. What runs in a container keeps its own ways.
    """
    preloads = "LD_PRELOAD" in environment or os.path.basename(words[0]) in CONTAINERS
    tool = None if preloads or is_python(words) else shutil.which("stdbuf")
    return [tool, "-oL", *words] if tool else list(words)


def _follow(child: Child, text: Text, ears: Ears) -> bool:
    """Until the script has ended; whether it was told to."""
    stopped, ticked = False, 0.0
    while True:
        child.wait(TICK)
        data = child.output()
        text.feed(data)
        now = time.monotonic()
        if now - ticked >= TICK:
            ticked = now
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
    """Bytes become lines; the raw bytes go to the log. `last` are the last lines as a terminal would show them."""

    def __init__(self, hear: Callable[[str], None]) -> None:
        self._hear = hear
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self.last: deque[str] = deque(maxlen=KEPT_LINES)

    def feed(self, data: bytes) -> None:
        """Take what was printed."""
        if not data:
            return
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        self._take(self._decoder.decode(data))

    def _take(self, text: str) -> None:
        *whole, self._rest = (self._rest + text).split("\n")
        for line in whole:
            self._line(line)
        *states, self._rest = self._rest.rsplit("\r", 1) if "\r" in self._rest else [self._rest]
        for state in states:
            for part in split(state):
                self._hear(part)
        if len(self._rest) > LONGEST_LINE:
            self._line(self._rest)
            self._rest = ""

    def _line(self, line: str) -> None:
        parts = list(split(line))
        for part in parts:
            self._hear(part)
        if parts and parts[-1].strip():
            self.last.append(parts[-1][:LONGEST_LINE])

    def end(self, data: bytes) -> None:
        """The last bytes, and a line that never ended."""
        self.feed(data)
        rest, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        if rest:
            self._line(rest)


def oom_kills() -> int:
    """How often the kernel has killed for memory since boot."""
    try:
        with open("/proc/vmstat") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
    except OSError:
        return 0
