"""The shim: one small process per attempt that outlives the runner and cleans up after the worker.

Cold:  python -S -E shim.py DIR TOKEN FDS PAUSE_GRACE STOP_GRACE CWD COMMAND...
Warm:  `supervise` in a child forked by the launcher.

It holds the attempt's lock (inherited, never passed to the worker), so "the attempt lives" and "the lock is held" are
the same fact. It passes the verbs of `control` on to the worker as signals, keeps the log within bounds, and when the
worker has ended kills what it left behind and writes `exit.json` last. It imports only the standard library, and
nothing of hptui: it must start quickly, also as a lone file.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

POLL_S = 0.2  # how soon a verb in `control` is noticed
MAX_LOG_BYTES = 64 << 20  # bytes of one log file
MAX_LOG_FILES = 3  # files kept: `log.txt` and its rotated predecessors
PARTIAL_LINE_S = 0.5  # after this a line without its end is written
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
OWNER_VARIABLE = "HPTUI_OWNER"  # pid of a process with which the attempt has to end; without it, it outlives all
ignored_signals = [signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM]
"""Signals that the shim ignores (a hangup, ^C in the user's terminal); a scheduler's job takes out what it handles."""


def prctl(option: int, value: int) -> None:
    """Call Linux's `prctl`; do nothing on other systems, where orphans are possible."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def write_json_durably(directory: str, name: str, value: object, timeout_s: float = 60.0) -> None:
    """Write a JSON file atomically and durably; on a full disk retry for `timeout_s`, then give up.

    Other errors are ignored: the shim has nobody to report to, and the runner copes with a missing file.
    """
    temporary, deadline = os.path.join(directory, f".{name}.tmp"), time.monotonic() + timeout_s
    while True:
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                os.write(fd, json.dumps(value).encode())
                os.fsync(fd)  # before the rename: else a crash can leave an empty file under the final name
            finally:
                os.close(fd)
            os.replace(temporary, os.path.join(directory, name))
            directory_fd = os.open(directory, os.O_RDONLY)
            os.fsync(directory_fd)  # makes the rename itself durable
            os.close(directory_fd)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or time.monotonic() > deadline:
                return
            time.sleep(1.0)  # another process may free space meanwhile
        else:
            return


def oom_kills() -> int:
    """Return how many processes the kernel has killed for lack of memory since boot."""
    with suppress(OSError), open("/proc/vmstat") as lines:
        return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
    return 0


def boot_id() -> str:
    """Return the identifier of this boot of the machine; '' where it is not known."""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id") as line:
        return line.read().strip()
    return ""


class WorkerLog:
    """The file `log.txt`: bounded in size, with redrawn progress bars reduced to their last state."""

    def __init__(self, path: str) -> None:
        self._path, self._line, self._touched = path, b"", 0.0
        self._open()

    def _open(self) -> None:
        self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._fd).st_size

    def feed(self, data: bytes) -> None:
        """Take what the worker printed."""
        self._touched = time.monotonic()
        *lines, self._line = (self._line + data).split(b"\n")
        out = b"".join(_visible_text(line) + b"\n" for line in lines)
        if b"\r" in self._line:
            self._line = _visible_text(self._line, open_end=True)
        elif len(self._line) > 1 << 16:
            out, self._line = out + self._line, b""
        self._write(out)

    def idle(self) -> None:
        """Write an unfinished line, such as a prompt, after a while without output."""
        if self._line and b"\r" not in self._line and time.monotonic() - self._touched > PARTIAL_LINE_S:
            self._write(self._line)
            self._line = b""

    def close(self) -> None:
        """Write what is left and close the file."""
        self._write(_visible_text(self._line) + b"\n" if self._line else b"")
        os.close(self._fd)

    def _write(self, data: bytes) -> None:
        while data:
            try:
                written = os.write(self._fd, data)
            except OSError:  # disk full: rather lose a log line than the trial
                return
            self._size += written
            data = data[written:]
        if self._size > MAX_LOG_BYTES:
            self._rotate()

    def _rotate(self) -> None:
        os.close(self._fd)
        for n in range(MAX_LOG_FILES - 1, 0, -1):
            older = self._path if n == 1 else f"{self._path}.{n - 1}"
            if os.path.exists(older):
                os.replace(older, f"{self._path}.{n}")
        self._open()


def _visible_text(line: bytes, *, open_end: bool = False) -> bytes:
    """Return what a terminal would show of a line that was redrawn with carriage returns."""
    parts = line.rstrip(b"\r").split(b"\r")
    shown = parts[-1] if parts[-1] or len(parts) == 1 else parts[-2]
    return b"\r" + shown if open_end else shown


def start_worker(body: Callable[[], None], private: Sequence[int]) -> tuple[int, int]:
    """Fork the worker in a session of its own; return (pid, read end of what it prints).

    The worker closes the descriptors `private` and runs `body`, which must not return.
    """
    shim_pid = os.getpid()
    reader, writer = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid:
        os.close(writer)
        os.set_blocking(reader, False)
        return pid, reader
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != shim_pid:  # the shim died before prctl, so no signal will come
            os._exit(87)
        os.setsid()
        for fd in (*private, reader):
            os.close(fd)
        for number in ignored_signals:
            signal.signal(number, signal.SIG_DFL)
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
            score.write("500")
        null_fd = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null_fd, 0)
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        body()
    except BaseException:  # noqa: BLE001  a forked child must never return into its parent's code
        import traceback  # only when it fails

        traceback.print_exc()
        sys.stderr.flush()
    os._exit(86)


class SignalEscalation:
    """Turns verbs of `control` into signals: SIGTERM first, SIGKILL after the verb's grace period."""

    def __init__(self, directory: str, pid: int, pause_grace: float, stop_grace: float) -> None:
        self._path, self._pid = os.path.join(directory, "control"), pid
        self._grace = {"pause": pause_grace, "stop": stop_grace, "prune": stop_grace}
        self._deadline: float | None = None
        self._control_stat: tuple[int, int] | None = None
        self.asked, self.killed = "", False

    def step(self) -> None:
        """Read the verb if it changed, and kill the worker when its grace period is over."""
        with suppress(OSError):  # no verb yet, or something in its place that is no file
            stat = os.stat(self._path)
            if (stat.st_mtime_ns, stat.st_ino) != self._control_stat:
                self._control_stat = (stat.st_mtime_ns, stat.st_ino)
                with open(self._path, "rb", 0, opener=_open_at_once) as file:
                    self._ask((file.read(64) or b"").decode(errors="replace").strip())
        if self._deadline is not None and time.monotonic() > self._deadline:
            self.kill()

    def kill(self) -> None:
        """Kill the worker and its group."""
        self.killed = True
        self._signal(signal.SIGKILL, group=True)

    def _ask(self, verb: str) -> None:
        if verb == self.asked or not (verb == "kill" or verb in self._grace):
            return
        self.asked = verb
        if verb == "kill":
            self.kill()
            return
        # Only to the worker: its data-loading children must live until the checkpoint is written.
        self._signal(signal.SIGTERM, group=False)
        self._signal(signal.SIGCONT, group=True)
        self._deadline = time.monotonic() + self._grace[verb]

    def _signal(self, number: int, *, group: bool) -> None:
        # The worker is not reaped yet, so neither its pid nor its group can have been reused.
        try:
            (os.killpg if group else os.kill)(self._pid, number)
        except (ProcessLookupError, PermissionError):
            os.kill(self._pid, number)


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # to open a pipe would wait for somebody who writes to it


def open_owner() -> int:
    """Return a descriptor that is readable once the attempt's owner has ended; -1 without an owner."""
    owner = int(os.environ.pop(OWNER_VARIABLE, "0"))
    return os.pidfd_open(owner) if owner and hasattr(os, "pidfd_open") else -1


def watch_worker(pid: int, reader: int, log: WorkerLog, ladder: SignalEscalation, owner: int = -1) -> None:
    """Wait for the worker's end without reaping it, while writing its log and following `control`."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    for ending in (handle, owner):
        if ending >= 0:
            poll.register(ending, select.POLLIN)
    while not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        ready = poll.poll(POLL_S * 1000)
        if any(fd == reader for fd, _ in ready) and not _pump(reader, log):
            poll.unregister(reader)  # the worker closed its output
        if any(fd == owner for fd, _ in ready):
            poll.unregister(owner)
            ladder.kill()
        log.idle()
        ladder.step()
    if handle >= 0:
        os.close(handle)


def _pump(reader: int, log: WorkerLog) -> bool:
    """Move available output into the log, up to a limit; return False at the end of the stream."""
    for _ in range(16):
        try:
            data = os.read(reader, 1 << 16)
        except BlockingIOError:
            return True
        if not data:
            return False
        log.feed(data)
    return True


def kill_leftovers(pid: int, *, hold: bool = False) -> int:
    """Kill what the worker left behind: its group, then orphans that the kernel gave to the shim.

    With `hold` it waits for those that hang in the kernel: as long as they do, their GPU must go to nobody.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    swept = 0
    for _ in range(100):  # again, since orphans may fork before they die
        orphans = [child for child in _children() if child != pid]
        for child in orphans:
            swept += 1
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in orphans:
            with suppress(ChildProcessError):
                os.waitpid(child, os.WNOHANG)
        if not orphans:
            break
        time.sleep(0.005)  # a killed child needs a moment until its own children are ours
    while hold and any(child != pid and _state(child) == "D" for child in _children()):
        time.sleep(POLL_S)
    return swept


def _state(pid: int) -> str:
    with suppress(OSError), open(f"/proc/{pid}/stat", "rb") as line:
        return line.read().rpartition(b")")[2].split()[0].decode()
    return ""


def _children() -> list[int]:
    with suppress(OSError), open(f"/proc/self/task/{os.getpid()}/children") as line:
        return [int(pid) for pid in line.read().split()]
    return []


def supervise(
    directory: str, token: str, private: Sequence[int], pause_grace: float, stop_grace: float, body: Callable[[], None]
) -> None:
    """Start the worker, watch it, clean up and write `exit.json`: the whole life of a shim."""
    os.umask(0o077)
    for number in ignored_signals:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    oom_kills_before, started, owner = oom_kills(), time.monotonic(), open_owner()
    pid, reader = start_worker(body, private)
    facts = {"token": token, "shim": os.getpid(), "worker": pid, "started": time.time()}
    facts |= {"output": os.fstat(reader).st_ino, "boot": boot_id()}
    write_json_durably(directory, "shim.json", facts, timeout_s=0)
    log = WorkerLog(os.path.join(directory, "log.txt"))
    ladder = SignalEscalation(directory, pid, pause_grace, stop_grace)
    watch_worker(pid, reader, log, ladder, owner)
    seconds = time.monotonic() - started
    swept = kill_leftovers(pid, hold=ladder.killed)
    _, status, usage = os.wait4(pid, 0)
    _pump(reader, log)
    log.close()
    end: dict[str, object] = {"token": token, "asked": ladder.asked, "insisted": ladder.killed, "swept": swept}
    end["code"] = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    end["signal"] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    end |= {"seconds": round(seconds, 3), "ended": time.time(), "oom_kills": oom_kills() - oom_kills_before}
    end |= {"peak_rss_gb": usage.ru_maxrss / (1 << 20), "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3)}
    write_json_durably(directory, "exit.json", end)


def main(argv: Sequence[str]) -> None:
    """Supervise the command of the command line, in the environment of this process (cold start)."""
    directory, token, fds, pause_grace, stop_grace, cwd, *command = argv
    private = [int(fd) for fd in fds.split(",") if fd]
    for fd in private:
        os.set_inheritable(fd, False)

    def body() -> None:
        os.chdir(cwd)
        os.execvp(command[0], command)  # noqa: S606  a list, no shell

    supervise(directory, token, private, float(pause_grace), float(stop_grace), body)


if __name__ == "__main__":
    main(sys.argv[1:])
