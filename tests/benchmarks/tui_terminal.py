"""What the screens cost a terminal, measured from outside through a pty.

    python -m tests.benchmarks.tui_terminal [HOME]

Time to the first frame with rows, bytes when nothing happens, bytes a second while a study runs, and the time from a
key to the frame that it causes; on a study of 10,000 trials and 10 million points (made when HOME has none). Then the
bytes of going from screen to screen, and how long that takes over a line of 4 KB/s.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hptui.store.paths import StudyDir
from hptui.store.store import Store
from tests.benchmarks.common import machine, percentile
from tests.benchmarks.tui_store import ready
from tests.tui.terminal import HPTUI
from tests.tui.terminal import Terminal as Seat

SIZE = (120, 36)
ROW = re.compile(rb"\xe2\x98\x85 ?#?\d+")
"""The star of the best trial: rows are on the screen."""


class Terminal:
    """A program in a pty, with what it has written and when."""

    def __init__(self, words: list[str], size: tuple[int, int] = SIZE) -> None:
        self.began = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
            os.execv(sys.executable, [sys.executable, "-m", "hptui", *words])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.chunks: list[tuple[float, bytes]] = []

    def read(self, seconds: float, until: re.Pattern[bytes] | None = None) -> int:
        """Read for so long, or until something was written; the bytes that came."""
        deadline, count, seen = time.monotonic() + seconds, 0, b""
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self.fd], [], [], min(left, 0.05))
            if ready:
                try:
                    data = os.read(self.fd, 1 << 16)
                except OSError:
                    break
                if b"\x1b[?2026$p" in data:  # as a terminal of today answers: it knows synchronised output
                    os.write(self.fd, b"\x1b[?2026;2$y")
                if asked := data.count(b"\x1b[6n"):
                    os.write(self.fd, b"\x1b[1;1R" * asked)
                self.chunks.append((time.monotonic() - self.began, data))
                count += len(data)
                seen = (seen + data)[-(1 << 20) :]
                if until is not None and until.search(seen):
                    break
        return count

    def key(self, key: bytes) -> tuple[float, float] | None:
        """Seconds from a key to the first byte of the frame that it causes, and the CPU of the main thread in them."""
        began, used = time.monotonic(), self.used()
        os.write(self.fd, key)
        ready, _, _ = select.select([self.fd], [], [], 2.0)
        return (time.monotonic() - began, self.used() - used) if ready else None

    def used(self) -> float:
        """Seconds of CPU that its main thread has used, to the nanosecond."""
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/schedstat").read_text().split()[0]) / 1e9

    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        words = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        self.read(1.0)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def first_frame(home: Path, name: str, times: int = 5) -> list[tuple[float, float]]:
    """(seconds, seconds of CPU) from the start of the process to rows on the screen."""
    found = []
    for _ in range(times):
        terminal = Terminal(["--home", str(home), "open", name])
        terminal.read(120.0, ROW)
        found.append((terminal.chunks[-1][0], terminal.cpu()))
        terminal.close()
    return found


def floor(times: int = 5) -> float:
    """Seconds of CPU that importing Textual alone takes here: what no program on it can go below."""
    found = []
    for _ in range(times):
        before = os.times()
        subprocess.run([sys.executable, "-c", "import textual.app, textual.screen"], check=True)
        after = os.times()
        found.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return sorted(found)[times // 2]


class Running:
    """A study that is written to every second, as a runner would."""

    def __init__(self, sd: StudyDir, trials: list[int]) -> None:
        self.sd, self.trials = sd, trials
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        lock = self.sd.lock.open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        with Store.open(self.sd) as store:
            step = 100_000
            while not self._over.wait(0.98):
                step += 1
                with store.transaction():
                    for number in self.trials:
                        loss = 1.5 + 1 / (step - 99_000)
                        points = [("train_loss", step - 99_500, loss, None, float(step))]
                        points += [("val_loss", step - 99_500, loss, None, float(step))] if step % 10 == 0 else []
                        store.add_points(number, 1, points)
                for number in self.trials:
                    folder = self.sd.attempt(number, 1)
                    folder.mkdir(parents=True, exist_ok=True)
                    with (folder / "log.txt").open("a") as log:
                        log.write(f"step {step} loss {loss:.4f} lr 2.3e-04 grad_norm 0.81 tok/s 18.4k\n")

    def close(self) -> None:
        """Write no more."""
        self._over.set()
        self._thread.join()


def _both(waits: list[float]) -> str:
    return f"median {percentile(waits, 0.5) * 1000:.0f} ms, p95 {percentile(waits, 0.95) * 1000:.0f} ms"


def visits(home: Path, name: str, rate: float) -> None:
    """What going to a trial and back sends, and how long a line of `rate` bytes a second takes for it (0: no limit)."""
    seat = Seat([*HPTUI, "--home", str(home), "open", name], rate=rate)
    steps: list[tuple[str, bytes, str | Callable[[], bool]]] = [
        ("a question", b"X", "Stop the study"),
        ("no", b"\x1b", lambda: "Stop the study" not in seat.text),
        ("a trial", b"\r", f"{name} › trial"),
        ("back", b"\x1b", lambda: f"{name} › trial" not in seat.text and "trials 10" in seat.text),
    ]
    try:
        seat.until("★")
        seat.quiet(4.0)
        print(f"over {f'a line of {rate / 1000:.0f} KB/s' if rate else 'a fast line'}:")
        for what, key, came in steps:
            began, before = time.monotonic(), len(seat.written)
            seat.send(key)
            seat.until(came)
            first = time.monotonic() - began
            seat.quiet(0.3)
            whole, sent = time.monotonic() - began - 0.3, (len(seat.written) - before) / 1000
            print(f"  {what}: seen after {first:.1f} s, whole after {whole:.1f} s, {sent:.1f} KB")
    finally:
        seat.close()


def main(home: Path) -> None:
    """Measure all, and print a line each."""
    print(machine())
    sd = ready(home)
    frames = first_frame(home, sd.name)
    wall, cpu = (sorted(column)[len(frames) // 2] for column in zip(*frames, strict=True))
    load = os.getloadavg()[0]
    print(
        f"first frame, 10,000 trials: {wall:.2f} s, {cpu:.2f} s of CPU (Textual alone {floor():.2f}); load {load:.1f}"
    )
    terminal = Terminal(["--home", str(home), "open", sd.name])
    while terminal.read(4.0):  # on a busy machine the rest of the trials takes its time
        pass
    print(f"idle: {terminal.read(10.0) / 10:.0f} B/s")
    running = Running(sd, [9998, 9999])
    terminal.read(4.0)
    seconds = 15.0
    print(f"running at 1 Hz: {terminal.read(seconds) / seconds / 1000:.1f} KB/s")
    waits: list[tuple[float, float]] = []
    for turn in range(60):
        wait = terminal.key(b"j" if turn % 20 < 14 else b"k")
        if wait is not None:
            waits.append(wait)
        terminal.read(0.15)
    seen, used = [wall for wall, _ in waits], [cpu for _, cpu in waits]
    load = os.getloadavg()[0]
    print(f"key to frame while it runs: {_both(seen)}; CPU of it: {_both(used)}; load {load:.1f}")
    running.close()
    terminal.close()
    for rate in (0.0, 4000.0):
        visits(home, sd.name, rate)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory(prefix="hptui-bench-") as folder:
            main(Path(folder))
