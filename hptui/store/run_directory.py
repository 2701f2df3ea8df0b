"""The run directory of one attempt: the only channel between runner, shim and worker. Standard library only.

    attempt-1/
      config.json    what to train           runner -> worker, written before the start
      lock           held (flock) by the shim while the attempt is alive
      events.jsonl   what happened           worker -> runner, append only, one JSON object a line
      control        one verb                runner -> shim and worker: pause | stop | prune | kill
      shim.json      the shim's process      shim -> doctor
      notice.json    why it must end early   job of a scheduler -> runner
      exit.json      how the process ended   shim -> runner, written last
      log.txt        output of the process

Every event has `q`, gap-free from 1, `k`, its kind, and `t`, seconds of activity since the attempt began:

    hello       time (UTC), pid, resumed_step, total_steps, environment
    total       steps
    phase       name, allow: seconds without events to tolerate (load, compile, evaluate, save)
    metrics     step, m {name: value}, nonfinite {name: "nan" | "inf" | "-inf"}, progress (0 to 1, optional),
                sub {name: n}: which value of this attempt at this step it is, from 0, where it is not the first
    retract     metric: delete its points so far, a better source reports it from now on
    heartbeat   n
    progressed  passes: the shared process computes, so that silence is no hang; seconds_alone: this attempt's part
    checkpoint  step, path, bytes
    environment environment {name: value}: facts of the environment learnt since hello
    effective   settings {name: value}
    facts       facts {name: value}: neither settings nor metrics
    artifact    path, label
    warning     message
    end         status, reason, message, m and nonfinite (final metrics), peak_gpu_gb, peak_rss_gb

JSON has no NaN: such a value is null in `m` and named in `nonfinite`."""

from __future__ import annotations

import fcntl
import json
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.store.safe_reading import UnusableFile, move_aside, open_regular, read_start

MAX_EVENT_BYTES = 64 * 1024
"""Most bytes of an event."""
FLUSH_INTERVAL_S = 0.25
"""Longest time that events stay in memory."""
MAX_UNFLUSHED_EVENTS = 64
"""Number of events after which they are flushed."""
HEARTBEAT_INTERVAL_S = 10.0
SYNC_INTERVAL_S = 30.0
"""Interval of fdatasync."""
MAX_BUFFERED_BYTES = 4 * 1024 * 1024
"""Bytes of events that a worker holds in memory while its disk is full; then metrics are dropped."""

CONTROL_VERBS = ("pause", "stop", "prune", "kill")
"""Verbs of a control file."""


@dataclass(frozen=True, slots=True)
class RunDir:
    """The run directory of an attempt: the names of its files."""

    root: Path

    @property
    def config(self) -> Path:
        """Settings of the attempt."""
        return self.root / "config.json"

    @property
    def lock(self) -> Path:
        """Lock file that the shim holds while the attempt is alive."""
        return self.root / "lock"

    @property
    def events(self) -> Path:
        """Events of the worker."""
        return self.root / "events.jsonl"

    @property
    def control(self) -> Path:
        """Verb for shim and worker."""
        return self.root / "control"

    @property
    def shim(self) -> Path:
        """Facts about the shim's process."""
        return self.root / "shim.json"

    @property
    def descendants(self) -> Path:
        """Processes under the shim: written by the runner, for what outlives shim and worker."""
        return self.root / "descendants.json"

    @property
    def script(self) -> Path:
        """The pipe between a script and its worker: written by the worker, for the same."""
        return self.root / "script.json"

    @property
    def executor(self) -> Path:
        """Where the attempt was handed to; missing for one of this machine."""
        return self.root / "executor.json"

    @property
    def exit(self) -> Path:
        """How the worker's process ended."""
        return self.root / "exit.json"

    @property
    def log(self) -> Path:
        """Output of the worker."""
        return self.root / "log.txt"


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a temporary file and rename it: readers see the old file or the complete new one.

    With `durable`, it is on the disk when the call returns.

    Raises: OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)  # os.write may write only a part
        while view:
            view = view[os.write(fd, view) :]
        if durable:
            os.fsync(fd)  # before the rename: else a power failure may leave the new name with empty content
    except OSError:
        os.close(fd)
        temporary.unlink(missing_ok=True)
        raise
    os.close(fd)
    os.replace(temporary, path)
    if durable:
        sync_to_disk(path.parent)


def sync_to_disk(path: Path) -> None:
    """Sync a file, or a directory and the renames in it, so that they survive a power failure."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Write a JSON file atomically.

    Raises: ValueError for NaN and infinities.
    """
    write_atomic(path, json.dumps(value, allow_nan=False).encode(), durable=durable)


def read_json(path: Path) -> Any:
    """Return the value of a JSON file; None if it is missing, incomplete, or no such file at all.

    Raises: OSError for a failure of the machine.
    """
    try:
        return json.loads(read_start(path))
    except (FileNotFoundError, UnusableFile, ValueError, RecursionError):
        return None


def put_control(run: RunDir, verb: str) -> None:
    """Write a verb to an attempt's control file. The caller holds `study.lock`."""
    if verb not in CONTROL_VERBS:
        raise ValueError(f"verb must be one of {CONTROL_VERBS}, got {verb!r}")
    try:
        write_atomic(run.control, verb.encode(), durable=False)
    except (IsADirectoryError, PermissionError):  # a script has put something else there, or closed the directory
        os.chmod(run.root, 0o700)
        if run.control.is_dir():
            move_aside(run.control)
        write_atomic(run.control, verb.encode(), durable=False)


def get_control(run: RunDir) -> str:
    """Return the verb in an attempt's control file; '' if there is none."""
    try:
        verb = read_start(run.control, 64).decode(errors="replace").strip()
    except (FileNotFoundError, UnusableFile):
        return ""
    return verb if verb in CONTROL_VERBS else ""


def acquire_lock(path: Path) -> int | None:
    """Lock a file exclusively without waiting; return its descriptor, None if another process has it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # flock: the kernel releases it when the last process that has the descriptor dies.
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def lock_is_held(path: Path) -> bool:
    """Return whether a process holds a lock file."""
    try:
        fd = open_regular(path)
    except (FileNotFoundError, UnusableFile):
        return False
    try:
        # A shared lock, so that two processes that test at the same time do not see each other.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def split_nonfinite(metrics: Mapping[str, float]) -> tuple[dict[str, float | None], dict[str, str]]:
    """Return metrics as JSON can express them: (values, None if not finite; kinds of those)."""
    numbers = {name: float(value) for name, value in metrics.items()}
    odd = {name: str(number) for name, number in numbers.items() if not math.isfinite(number)}  # nan, inf or -inf
    return {name: None if name in odd else number for name, number in numbers.items()}, odd


def join_nonfinite(metrics: Mapping[str, float | None], odd: Mapping[str, str]) -> dict[str, float]:
    """Return the metrics of the mappings that `split_nonfinite` returned; None without a kind is NaN."""
    return {name: float(odd.get(name, "nan")) if value is None else float(value) for name, value in metrics.items()}


class EventWriter:
    """The worker's end of `events.jsonl`. Events are flushed every 250 ms, and kept while the disk is full.

    A thread flushes and emits heartbeats, so that a busy training loop loses at most 250 ms of events if it is killed.
    `dropped` counts metrics events that were not kept.
    """

    def __init__(self, path: Path, *, threaded: bool = True, sync_s: float = SYNC_INTERVAL_S) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._lock = threading.Lock()
        self._pending = bytearray()
        self._records = 0
        self._sequence = 0
        self._beats = 0
        self._start = self._flushed = self._synced = time.monotonic()
        self.dropped, self._sync_s = 0, sync_s
        self._closed = threading.Event()
        if threaded:
            threading.Thread(target=self._beat, name="events", daemon=True).start()

    @property
    def seconds(self) -> float:
        """Seconds of activity since the attempt began."""
        return time.monotonic() - self._start

    @property
    def unwritten_bytes(self) -> int:
        """Number of bytes that are not written yet."""
        with self._lock:
            return len(self._pending)

    def emit(self, kind: str, **fields: Any) -> None:
        """Append an event.

        Raises: ValueError for one of more than 64 KiB, or with a NaN.
        """
        with self._lock:
            if self._closed.is_set():
                return
            record = {"q": self._sequence + 1, "k": kind, "t": round(self.seconds, 4), **fields}
            line = json.dumps(record, allow_nan=False, separators=(",", ":")).encode() + b"\n"
            if len(line) > MAX_EVENT_BYTES:
                raise ValueError(f"an event of kind {kind!r} has {len(line)} bytes, the limit is {MAX_EVENT_BYTES}")
            if len(self._pending) > MAX_BUFFERED_BYTES and kind == "metrics":
                self.dropped += 1
                return
            self._sequence += 1
            self._pending += line
            self._records += 1
            if self._records >= MAX_UNFLUSHED_EVENTS or time.monotonic() - self._flushed >= FLUSH_INTERVAL_S:
                self._flush()

    def flush(self, *, sync: bool = False) -> None:
        """Write all events; with `sync`, wait until they are on the disk."""
        with self._lock:
            self._flush()
            if sync:
                os.fdatasync(self._fd)  # callers write checkpoints, or exit, only after this
                self._synced = time.monotonic()

    def close(self) -> None:
        """Flush, close the file and stop the thread."""
        with self._lock:  # the thread must not use the descriptor after it is closed and perhaps reused
            self._closed.set()
            self._flush()
            os.close(self._fd)

    def _flush(self) -> None:
        self._flushed = time.monotonic()
        self._records = 0
        while self._pending:
            try:
                written = os.write(self._fd, self._pending)
            except OSError:  # disk full or quota: keep the bytes, in order, for the next flush
                return
            del self._pending[:written]

    def _beat(self) -> None:
        last_beat = time.monotonic()
        while not self._closed.wait(FLUSH_INTERVAL_S):
            now = time.monotonic()
            if now - last_beat >= HEARTBEAT_INTERVAL_S:
                last_beat, self._beats = now, self._beats + 1
                self.emit("heartbeat", n=self._beats)
            with self._lock:
                if self._closed.is_set():
                    return
                if self._pending:
                    self._flush()
                if now - self._synced >= self._sync_s:
                    self._synced = now
                    with suppress(OSError):  # a failing disk must not end the heartbeats
                        os.fdatasync(self._fd)


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold a lock file for the block; yields False if another process has it."""
    fd = acquire_lock(path)
    try:
        yield fd is not None
    finally:
        if fd is not None:
            os.close(fd)


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Wait for a lock file and hold it for a block. The kernel releases it when its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(path, "ab", opener=lambda name, flags: os.open(name, flags | os.O_CLOEXEC, 0o600)) as file:
        # Blocks without a timeout: its holder is doing the work that this process needs.
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
