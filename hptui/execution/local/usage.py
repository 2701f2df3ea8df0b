"""What running attempts use: memory, CPU and GPU of their process trees, sampled by a thread.

The runner's loop only names the trees and collects samples; walking /proc and asking the driver, which can take a
second when a GPU is in trouble, never delays it. A number that cannot be known is None. `rss_gb` is GiB: of a page
that several processes share, each counts its part (PSS).
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import field, replace
from pathlib import Path

import psutil

from hptui.core.dataclass import dataclass
from hptui.execution.local import devices, nvml
from hptui.execution.local.nvml import GIB
from hptui.store.records import Sample

FIRST_SAMPLE_S = 1.0  # seconds
SAMPLE_INTERVAL_S = 5.0  # seconds


@dataclass
class _Watched:
    """A watched process tree; `born` is the root's start time, which tells it from a later process with its pid.

    `alone` are the UUIDs of GPUs that nothing else is given.
    """

    token: str
    pid: int
    due: float
    alone: Collection[str] = ()
    born: float | None = None
    cpu_seconds: dict[int, float] = field(default_factory=dict)
    looked: float | None = None


class UsageSampler:
    """Samples every watched tree `first` seconds after `watch`, then every `interval` seconds. Methods never wait."""

    def __init__(self, *, first: float = FIRST_SAMPLE_S, interval: float = SAMPLE_INTERVAL_S) -> None:
        self._first, self._interval = first, interval
        self._watched: dict[str, _Watched] = {}
        self._samples: queue.SimpleQueue[Sample] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def watch(self, token: str, pid: int, alone: Collection[str] = ()) -> None:
        """Sample the tree under `pid` from now on, as `token`; it has the GPUs `alone` (UUIDs) to itself."""
        with self._changed:
            self._watched[token] = _Watched(token, pid, time.monotonic() + self._first, alone)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="samples", daemon=True)
                self._thread.start()
            self._changed.notify()

    def unwatch(self, token: str) -> None:
        """Stop sampling the tree of `token`."""
        with self._changed:
            self._watched.pop(token, None)

    def drain(self) -> list[Sample]:
        """Return the samples since the last call, oldest first."""
        samples: list[Sample] = []
        while True:
            try:
                samples.append(self._samples.get_nowait())
            except queue.Empty:
                return samples

    def close(self) -> None:
        """End the thread, without waiting for it."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while due := self._due():
            gpus = GpuUse.now()
            for watched in due:
                sample = sample_tree(watched, gpus)
                if sample is not None:
                    self._samples.put(sample)

    def _due(self) -> list[_Watched]:
        """Wait until a tree is due; an empty list ends the thread."""
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


@dataclass(frozen=True, slots=True)
class GpuUse:
    """What the driver says at a moment: processes with pids of this name space, memory in GiB and rates by UUID.

    `usages` has no entry for a GPU whose processes are not known, as in a container.
    """

    usages: Mapping[str, list[nvml.Usage]]
    used_gb: Mapping[str, float]
    busy: Mapping[str, float]
    watts: Mapping[str, float] = field(default_factory=dict)
    clocks: Mapping[str, float] = field(default_factory=dict)
    slowed: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def now(cls) -> GpuUse:
        """Ask the driver. In a container its pids are of others, even where one equals a pid here."""
        usages = nvml.usages_by_gpu() if devices.pids_are_ours() else {}
        return cls(usages, nvml.used_gb(), nvml.utilisation(), *nvml.power_and_clock(), nvml.slowed())


def sample_tree(watched: _Watched, gpus: GpuUse) -> Sample | None:
    """Return one sample of a tree; None once its root has ended."""
    try:
        root = psutil.Process(watched.pid)
        start_time = root.create_time()
        if watched.born is None:
            watched.born = start_time
        if start_time != watched.born:
            return None
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return None
    rss, seconds = 0, {}
    for process in tree:
        try:
            with process.oneshot():
                rss += memory_of(process)
                times = process.cpu_times()
        except psutil.Error:
            continue
        seconds[process.pid] = times.user + times.system
    cpu = _cpu_percent(watched, seconds)
    sample = Sample(watched.token, time.time(), rss_gb=rss / GIB, cpu=cpu)
    of_tree = [usage for there in gpus.usages.values() for usage in there if usage.pid in seconds]
    return _with_gpus(sample, of_tree, watched.alone, gpus)


PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


def memory_of(process: psutil.Process) -> int:
    """Return the bytes of memory of a process: its part of what it shares with others, and all of its own.

    A forked worker shares most of its libraries with its launcher; added up as they stand (RSS) they count twice. Of
    a process of somebody else only that sum is known.
    """
    try:
        match = PSS.search(Path(f"/proc/{process.pid}/smaps_rollup").read_bytes())
    except OSError:  # no permission, or a kernel without it
        match = None
    return int(match[1]) * 1024 if match is not None else int(process.memory_info().rss)


def _cpu_percent(watched: _Watched, seconds: dict[int, float]) -> float | None:
    """Return CPU use since the last sample, in percent of one core."""
    now, previous = time.monotonic(), watched.looked
    cpu_seconds = sum(max(0.0, value - watched.cpu_seconds.get(pid, 0.0)) for pid, value in seconds.items())
    watched.cpu_seconds, watched.looked = seconds, now
    return None if previous is None or now <= previous else 100.0 * cpu_seconds / (now - previous)


def _with_gpus(sample: Sample, usages: list[nvml.Usage], alone: Collection[str], gpus: GpuUse) -> Sample:
    """Add GPU memory and use: of the tree's pids, else of the GPUs that it has to itself.

    A GPU whose processes are known counts only while the tree is among them: what others hold there is not its memory.
    """
    sizes: dict[str, float] = {}
    for usage in usages:
        if usage.gb is not None:
            sizes[usage.gpu] = sizes.get(usage.gpu, 0.0) + usage.gb
    used = {usage.gpu for usage in usages} or set(alone)
    if not sizes:
        unlisted = [uuid for uuid in alone if uuid not in gpus.usages or any(u.gpu == uuid for u in usages)]
        sizes = {uuid: gpus.used_gb[uuid] for uuid in unlisted if uuid in gpus.used_gb}
    rates = [gpus.busy[uuid] for uuid in used if uuid in gpus.busy]
    watts = [gpus.watts[uuid] for uuid in used if uuid in gpus.watts]
    clocks = [gpus.clocks[uuid] for uuid in used if uuid in gpus.clocks]
    return replace(
        sample,
        gpu_gb=sum(sizes.values()) if sizes else None,
        util=sum(rates) / len(rates) if rates else None,
        watts=sum(watts) if watts else None,
        mhz=sum(clocks) / len(clocks) if clocks else None,
        gpus=sizes,
        slowed_by=tuple(dict.fromkeys(cause for uuid in sorted(used) for cause in gpus.slowed.get(uuid, ()))),
    )
