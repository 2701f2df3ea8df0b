"""The directory of one attempt: the only channel between runner, shim and worker. Standard library only.

    attempt-1/
      config.json    what to train           runner -> worker, written before the start
      lock           held (flock) for as long as the attempt lives, by the shim
      events.jsonl   what happened           worker -> runner, append only, one JSON object a line
      control        one verb                runner -> shim and worker: pause | stop | prune | kill
      shim.json      who runs                shim -> doctor
      exit.json      how the process ended   shim -> runner, written last
      log.txt        what it printed

Every event has `q`, gap-free from 1, `k`, its kind, and `t`, seconds of activity since the attempt began:

    hello       time (UTC), pid, resumed_step, total_steps, environment
    total       steps
    phase       name, allow: seconds of silence to allow for (load, compile, evaluate, save)
    metrics     step, m {name: value}, nonfinite {name: "nan" | "inf" | "-inf"}, progress (0 to 1, optional)
    retract     metric: forget its points so far, a better source tells it from now on
    heartbeat   n
    checkpoint  step, path, bytes
    environment environment {name: value}: what was learnt of the surroundings since hello
    effective   settings {name: value}
    facts       facts {name: value}: what is neither a setting nor a metric
    artifact    path, label
    warning     message
    end         status, reason, message, m and nonfinite (final metrics), peak_gpu_gb, peak_rss_gb

JSON has no NaN: such a value is null in `m` and named in `nonfinite`.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINE_LIMIT = 64 * 1024
FLUSH_SECONDS = 0.25
FLUSH_RECORDS = 64
HEARTBEAT_SECONDS = 10.0
SYNC_SECONDS = 30.0
KEPT_WHEN_FULL = 4 * 1024 * 1024
"""Bytes of events a worker holds in memory while its disk is full."""

VERBS = ("pause", "stop", "prune", "kill")


@dataclass(frozen=True, slots=True)
class RunDir:
    """The names of the files of one attempt."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config.json"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def events(self) -> Path:
        return self.root / "events.jsonl"

    @property
    def control(self) -> Path:
        return self.root / "control"

    @property
    def shim(self) -> Path:
        return self.root / "shim.json"

    @property
    def exit(self) -> Path:
        return self.root / "exit.json"

    @property
    def log(self) -> Path:
        return self.root / "log.txt"


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write beside and rename: readers see the old file or the whole new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        if durable:
            os.fsync(fd)
    except OSError:
        os.close(fd)
        beside.unlink(missing_ok=True)
        raise
    os.close(fd)
    os.replace(beside, path)
    if durable:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make renames in a directory survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """An atomic JSON file; NaN is refused."""
    write_atomic(path, json.dumps(value, allow_nan=False).encode(), durable=durable)


def read_json(path: Path) -> Any:
    """What a JSON file holds; None when there is none or it is torn."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def put_control(run: RunDir, verb: str) -> None:
    """Tell an attempt what to do. Only the holder of the study's lock may."""
    if verb not in VERBS:
        raise ValueError(f"verb must be one of {VERBS}, got {verb!r}")
    write_atomic(run.control, verb.encode(), durable=False)


def get_control(run: RunDir) -> str:
    """The verb that an attempt was last told, or ''."""
    try:
        verb = run.control.read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return verb if verb in VERBS else ""


def open_lock(path: Path) -> int | None:
    """Take a lock file exclusively: its descriptor, or None when somebody holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock file. A shared probe, so that probers never collide."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def split_nonfinite(metrics: Mapping[str, float]) -> tuple[dict[str, float | None], dict[str, str]]:
    """Metrics as JSON can say them: non-finite values become None, with their kind in the second mapping."""
    plain: dict[str, float | None] = {}
    odd: dict[str, str] = {}
    for name, value in metrics.items():
        number = float(value)
        if math.isfinite(number):
            plain[name] = number
        else:
            plain[name] = None
            odd[name] = "nan" if math.isnan(number) else ("inf" if number > 0 else "-inf")
    return plain, odd


def join_nonfinite(metrics: Mapping[str, float | None], odd: Mapping[str, str]) -> dict[str, float]:
    """The inverse of `split_nonfinite`; a null without a kind is NaN."""
    return {name: float(odd.get(name, "nan")) if value is None else float(value) for name, value in metrics.items()}


class EventWriter:
    """The worker's end of `events.jsonl`: buffered, flushed every 250 ms, patient with a full disk.

    A thread flushes and beats, so that a busy training loop loses at most 250 ms when it is killed.
    """

    def __init__(self, path: Path, *, threaded: bool = True) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._lock = threading.Lock()
        self._pending = bytearray()
        self._records = 0
        self._sequence = 0
        self._beats = 0
        self._start = self._flushed = self._synced = time.monotonic()
        self.dropped = 0
        self._closed = threading.Event()
        if threaded:
            threading.Thread(target=self._beat, name="events", daemon=True).start()

    @property
    def seconds(self) -> float:
        """Seconds of activity since the attempt began."""
        return time.monotonic() - self._start

    @property
    def pending(self) -> int:
        """Bytes that a full disk has not taken yet."""
        with self._lock:
            return len(self._pending)

    def emit(self, kind: str, **fields: Any) -> None:
        """Append an event. Lines over 64 KiB are refused with `ValueError`."""
        with self._lock:
            if self._closed.is_set():
                return
            record = {"q": self._sequence + 1, "k": kind, "t": round(self.seconds, 4), **fields}
            line = json.dumps(record, allow_nan=False, separators=(",", ":")).encode() + b"\n"
            if len(line) > LINE_LIMIT:
                raise ValueError(f"an event of kind {kind!r} has {len(line)} bytes, the limit is {LINE_LIMIT}")
            if len(self._pending) > KEPT_WHEN_FULL and kind == "metrics":
                self.dropped += 1
                return
            self._sequence += 1
            self._pending += line
            self._records += 1
            if self._records >= FLUSH_RECORDS or time.monotonic() - self._flushed >= FLUSH_SECONDS:
                self._flush()

    def flush(self, *, sync: bool = False) -> None:
        """Hand everything to the kernel; with `sync`, to the disk."""
        with self._lock:
            self._flush()
            if sync:
                os.fdatasync(self._fd)
                self._synced = time.monotonic()

    def close(self) -> None:
        """Flush and stop the thread."""
        with self._lock:  # the thread must not use a descriptor that is somebody else's by then
            self._closed.set()
            self._flush()
            os.close(self._fd)

    def _flush(self) -> None:
        self._flushed = time.monotonic()
        self._records = 0
        while self._pending:
            try:
                written = os.write(self._fd, self._pending)
            except OSError:  # disk full, quota: keep the bytes, in order, and try again later
                return
            del self._pending[:written]

    def _beat(self) -> None:
        beaten = time.monotonic()
        while not self._closed.wait(FLUSH_SECONDS):
            now = time.monotonic()
            if now - beaten >= HEARTBEAT_SECONDS:
                beaten, self._beats = now, self._beats + 1
                self.emit("heartbeat", n=self._beats)
            with self._lock:
                if self._closed.is_set():
                    return
                if self._pending:
                    self._flush()
                if now - self._synced >= SYNC_SECONDS:
                    self._synced = now
                    with suppress(OSError):  # a disk in trouble must not end the heartbeat
                        os.fdatasync(self._fd)


def read_lines(path: Path, offset: int, limit: int = 1 << 20) -> tuple[list[bytes], int]:
    """Whole lines after `offset`, at most about `limit` bytes of them, and the offset behind the last.

    A torn tail (no newline yet) is left for the next call.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return [], offset
    try:
        data = os.pread(fd, limit, offset)
        end = data.rfind(b"\n")
        while end < 0 and len(data) == limit and limit < 1 << 24:  # one line longer than the limit
            limit *= 2
            data = os.pread(fd, limit, offset)
            end = data.rfind(b"\n")
    finally:
        os.close(fd)
    if end < 0:
        return [], offset
    return data[:end].split(b"\n"), offset + end + 1


@contextmanager
def holding(path: Path) -> Iterator[bool]:
    """Hold a lock file for a block; yields False when somebody else has it."""
    fd = open_lock(path)
    try:
        yield fd is not None
    finally:
        if fd is not None:
            os.close(fd)
