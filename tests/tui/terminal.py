"""hptui in a terminal of its own: a pty whose other end is kept as `pyte` understands it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyte

from tests.support import PATIENCE

DEADLINE = 60.0
HPTUI = (sys.executable, "-P", "-m", "hptui")
PACKAGE = str(Path(__file__).parents[2])
PRIVATE = re.compile(rb"\x1b\[[<=>][0-9;]*[A-Za-z]|\x1b\[\?[0-9;]*\$p|\x1b\[[0-9]* q|\x1b\[[0-9;]*t")
"""What `pyte` would take for text: the keyboard's protocol, questions, the cursor's shape, the window's."""
BUTTONS = {"enter": "\r", "escape": "\x1b", "up": "\x1b[A", "down": "\x1b[B", "backspace": "\x7f", "ctrl+s": "\x13"}


def surroundings(**more: str) -> dict[str, str]:
    """The environment of a person at a terminal of today."""
    kept = {name: value for name, value in os.environ.items() if name not in ("TMUX", "NO_COLOR", "HPTUI_HOME")}
    said = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    return {**kept, **said, "PYTHONPATH": PACKAGE, **more}


class Terminal:
    """A program in a pty. What it writes is read only in `read` and what calls it."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] = (120, 36),
        rate: float = 0.0,
        *,
        answers: bool = True,
    ) -> None:
        """`rate`: bytes a second that the line carries; 0: as many as come. `answers`: it says where its cursor is."""
        self.rate, self.answers = rate, answers
        self._free = time.monotonic()
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._rest = b""
        self.written = bytearray()
        self.master, slave = pty.openpty()
        self._size(size)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.master)
            _login(slave)
            os.execvpe(command[0], list(command), dict(env or surroundings()))

    def _size(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """Another size, as a window manager would give."""
        self.screen.resize(rows, columns)
        self._size((columns, rows))

    def read(self, seconds: float) -> int:
        """Take in what comes within so many seconds; how many bytes that was."""
        deadline, count = time.monotonic() + seconds, 0
        while (left := deadline - time.monotonic()) > 0:
            if (busy := self._free - time.monotonic()) > 0:
                time.sleep(min(busy, left))
                continue
            ready, _, _ = select.select([self.master], [], [], left)
            if not ready:
                break
            try:
                data = os.read(self.master, int(self.rate / 20) or 1 << 16)
            except OSError:
                break
            if self.rate:
                self._free = time.monotonic() + len(data) / self.rate
            if not data:
                break
            if b"\x1b[?2026$p" in data:  # it knows synchronised output
                self.send(b"\x1b[?2026;2$y")
            if self.answers and (asked := data.count(b"\x1b[6n")):
                self.send(b"\x1b[1;1R" * asked)
            self.written += data
            count += len(data)
            self._feed(data)
        return count

    def _feed(self, data: bytes) -> None:
        """Whole sequences only, without those that `pyte` does not know."""
        data = self._rest + data
        cut = data.rfind(b"\x1b")
        whole = cut == -1 or re.match(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[^\[\]])", data[cut:])
        data, self._rest = (data, b"") if whole else (data[:cut], data[cut:])
        self._stream.feed(PRIVATE.sub(b"", data))

    def send(self, data: bytes) -> None:
        os.write(self.master, data)

    def type(self, text: str) -> None:
        """Letters, one after the other."""
        self.send(text.encode())

    def press(self, *names: str) -> None:
        """Keys by their names, or letters."""
        for name in names:
            self.send(BUTTONS.get(name, name).encode())
            self.read(0.15)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def cells(self) -> list[list[tuple[object, ...]]]:
        """Every cell as it is seen: its sign, its colours, whether it is bold or reversed."""
        rows = [self.screen.buffer[y] for y in range(self.screen.lines)]
        return [
            [(one.data, one.fg, one.bg, one.bold, one.reverse) for one in (row[x] for x in range(self.screen.columns))]
            for row in rows
        ]

    def until(self, what: str | Callable[[], object], seconds: float = DEADLINE) -> None:
        """Wait for a text on the screen, or until something holds."""
        holds = (lambda: what in self.text) if isinstance(what, str) else what
        deadline = time.monotonic() + seconds * PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"never came: {what}\n{self.text}")
            self.read(0.1)

    def quiet(self, seconds: float = 1.5) -> None:
        """Wait until nothing has been drawn for so long."""
        deadline = time.monotonic() + DEADLINE * PATIENCE
        while self.read(seconds):
            assert time.monotonic() < deadline, f"it never comes to rest\n{self.text}"

    def ended(self, seconds: float = DEADLINE) -> int:
        """Wait for the program's end; its exit code, negative for a signal."""
        deadline = time.monotonic() + seconds * PATIENCE
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                if self.master >= 0:
                    self.read(0.2)
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < deadline, f"it has not ended\n{self.text}"
            if self.master >= 0:
                self.read(0.05)
            else:
                time.sleep(0.05)

    def hang_up(self) -> None:
        """The window is closed: nobody reads any more."""
        os.close(self.slave)
        os.close(self.master)
        self.slave = self.master = -1

    def close(self) -> None:
        """End it, whatever it does."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        for fd in (self.slave, self.master):
            if fd >= 0:
                os.close(fd)


def _login(slave: int) -> None:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for number in (0, 1, 2):
        os.dup2(slave, number)
