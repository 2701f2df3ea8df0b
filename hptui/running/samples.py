"""What running attempts use: memory, CPU and GPU of their process trees, sampled by a thread of its own.

The runner's loop only says whom to watch and collects what has been seen; walking /proc and asking the driver, which
can take a second when a GPU is in trouble, never holds it up. A number that cannot be known is None. `rss_gb` counts
pages that processes share once for each of them.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field, replace

import psutil

from hptui.running import nvml
from hptui.running.nvml import GIB
from hptui.storage.rows import Sample

FIRST = 1.0
INTERVAL = 5.0


@dataclass
class _Watched:
    """A tree under watch; `born` is the root's start time, which tells it from a later process with its pid."""

    token: str
    pid: int
    due: float
    born: float | None = None
    cpu_seconds: dict[int, float] = field(default_factory=dict)
    looked: float | None = None


class Sampler:
    """Samples every watched tree `first` seconds after `watch`, then every `interval`. Methods never wait."""

    def __init__(self, *, first: float = FIRST, interval: float = INTERVAL) -> None:
        self._first, self._interval = first, interval
        self._watched: dict[str, _Watched] = {}
        self._samples: queue.SimpleQueue[Sample] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def watch(self, token: str, pid: int) -> None:
        """Sample the tree under `pid` from now on, as `token`."""
        with self._changed:
            self._watched[token] = _Watched(token, pid, time.monotonic() + self._first)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="samples", daemon=True)
                self._thread.start()
            self._changed.notify()

    def unwatch(self, token: str) -> None:
        """Sample it no more."""
        with self._changed:
            self._watched.pop(token, None)

    def drain(self) -> list[Sample]:
        """What has been seen since the last call, oldest first."""
        found: list[Sample] = []
        while True:
            try:
                found.append(self._samples.get_nowait())
            except queue.Empty:
                return found

    def close(self) -> None:
        """Let the thread end; nobody waits for it."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while due := self._due():
            usages, busy = nvml.usages(), nvml.utilisation()
            for watched in due:
                sample = look(watched, usages, busy)
                if sample is not None:
                    self._samples.put(sample)

    def _due(self) -> list[_Watched]:
        """Wait until somebody's time has come; an empty list ends the thread."""
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                due = [watched for watched in self._watched.values() if watched.due <= now]
                for watched in due:
                    watched.due = now + self._interval
                if due:
                    return due
                soonest = min((watched.due for watched in self._watched.values()), default=None)
                self._changed.wait(None if soonest is None else soonest - now)
            return []


def look(watched: _Watched, usages: list[nvml.Usage], busy: dict[str, float]) -> Sample | None:
    """One sample of a tree; None once its root has gone."""
    try:
        root = psutil.Process(watched.pid)
        born = root.create_time()
        if watched.born is None:
            watched.born = born
        if born != watched.born:
            return None
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return None
    rss, seconds = 0, {}
    for process in tree:
        try:
            with process.oneshot():
                rss += process.memory_info().rss
                times = process.cpu_times()
        except psutil.Error:
            continue
        seconds[process.pid] = times.user + times.system
    cpu = _cpu(watched, seconds)
    ours = [usage for usage in usages if usage.pid in seconds]
    return _with_gpus(Sample(watched.token, time.time(), rss_gb=rss / GIB, cpu=cpu), ours, busy)


def _cpu(watched: _Watched, seconds: dict[int, float]) -> float | None:
    """Percent of one core since the last look. A process that came meanwhile counts from its birth."""
    now, before = time.monotonic(), watched.looked
    spent = sum(max(0.0, value - watched.cpu_seconds.get(pid, 0.0)) for pid, value in seconds.items())
    watched.cpu_seconds, watched.looked = seconds, now
    return None if before is None or now <= before else 100.0 * spent / (now - before)


def _with_gpus(sample: Sample, ours: list[nvml.Usage], busy: dict[str, float]) -> Sample:
    """Add the GPUs where the driver sees the tree; in some containers it sees other pids, or no sizes."""
    rates = [busy[uuid] for uuid in {usage.gpu for usage in ours} if uuid in busy]
    sizes = [usage.gb for usage in ours if usage.gb is not None]
    return replace(
        sample,
        gpu_gb=sum(sizes) if sizes else None,
        util=sum(rates) / len(rates) if rates else None,
    )
