"""Sources of the machine's load: rounded coarsely for a line, or with history and processes for a screen.

A screen must not be drawn again for a tenth of a percent. The coarse source reads only while something runs, so that
nothing is sent to the terminal of an idle study."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import field, replace
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.operations.machine import DiskNow, GpuNow, Machine, MachineNow, ProcessNow, disks_now, processes_now
from hptui.tui.sources.pool import ReaderPool


class MachineSource:
    """Watches the machine while `active`."""

    def __init__(self) -> None:
        self.active = False
        self._machine = Machine()
        self._latest: MachineNow | None = None

    @property
    def latest(self) -> MachineNow | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> MachineNow | None:
        """Return the load if it has changed noticeably, else None."""
        if not self.active and self._latest is not None and self._latest.cpu is None:
            return None
        reading = _rounded(self._machine.read())
        if not self.active:
            # A load that is not read again would be shown long after it has passed.
            reading = replace(reading, cpu=None)
        if reading == self._latest:
            return None
        self._latest = reading
        return reading


def _rounded(now: MachineNow) -> MachineNow:
    return replace(
        now,
        cpu=None if now.cpu is None else round(now.cpu, 2),
        used_gb=None if now.used_gb is None else round(now.used_gb, 1),
        gpus=tuple(_rounded_gpu(gpu) for gpu in now.gpus),
    )


def _rounded_gpu(gpu: GpuNow) -> GpuNow:
    watts = None if gpu.watts is None else float(round(gpu.watts / 5) * 5)
    return replace(gpu, used_gb=round(gpu.used_gb, 1), watts=watts, mhz=None)


MAX_HISTORY = 240
"""Number of readings that the history keeps."""
POLLS_PER_SLOW_READING = 3
"""Number of polls between two readings of processes and disks, which change slowly and cost more."""


@dataclass(frozen=True, slots=True)
class SystemSnapshot:
    """The machine now.

    `history` by name (`cpu`, `ram`, `gpu0`, `vram0`, `watts0`, `clock0`): shares from 0 to 1, the oldest first.
    `loads` by pid: the processor time that a process and what it started used, in shares of one core.
    """

    now: MachineNow
    processes: tuple[ProcessNow, ...]
    disks: tuple[DiskNow, ...]
    history: dict[str, tuple[float, ...]] = field(default_factory=dict)
    loads: dict[int, tuple[float, ...]] = field(default_factory=dict)


def share_of(value: float | None, limit: float | None) -> float | None:
    """Return a value as a share of its limit; None if one of them is not known."""
    return value / limit if value is not None and limit else None


class SystemSource:
    """Reads the machine at every poll: a user who opens this screen expects to see it change."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._machine = Machine()
        self._latest: SystemSnapshot | None = None
        self._history: dict[str, deque[float]] = {}
        self._polls = 0
        self._slow_readings: tuple[tuple[ProcessNow, ...], tuple[DiskNow, ...]] = ((), ())
        self._seconds_used: dict[int, tuple[float, float]] = {}
        self._loads: dict[int, deque[float]] = {}

    @property
    def latest(self) -> SystemSnapshot | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> SystemSnapshot | None:
        """Return a new reading; there is one at every poll."""
        now = self._machine.read()
        if self._polls % POLLS_PER_SLOW_READING == 0:
            self._slow_readings = processes_now(self.home), disks_now(self.home)
            self._record_loads(self._slow_readings[0])
        self._polls += 1
        self._record("cpu", now.cpu)
        if now.used_gb is not None and now.total_gb:
            self._record("ram", now.used_gb / now.total_gb)
        for gpu in now.gpus:
            self._record(f"gpu{gpu.label}", gpu.busy)
            self._record(f"vram{gpu.label}", gpu.used_gb / gpu.total_gb if gpu.total_gb else None)
            self._record(f"watts{gpu.label}", share_of(gpu.watts, gpu.max_watts))
            self._record(f"clock{gpu.label}", share_of(gpu.mhz, gpu.max_mhz))
        history = {name: tuple(values) for name, values in self._history.items()}
        loads = {pid: tuple(values) for pid, values in self._loads.items()}
        self._latest = SystemSnapshot(now, *self._slow_readings, history, loads)
        return self._latest

    def _record_loads(self, processes: tuple[ProcessNow, ...]) -> None:
        """Record how much processor time each process has used since it was looked at last."""
        now, used_before = time.monotonic(), self._seconds_used
        self._seconds_used = {
            process.pid: (now, process.cpu_seconds) for process in processes if process.cpu_seconds is not None
        }
        self._loads = {pid: self._loads.get(pid, deque(maxlen=MAX_HISTORY)) for pid in self._seconds_used}
        for pid, (at, seconds) in self._seconds_used.items():
            before = used_before.get(pid)
            if before is not None and at > before[0]:
                self._loads[pid].append(max(0.0, (seconds - before[1]) / (at - before[0])))

    def _record(self, name: str, value: float | None) -> None:
        if value is not None:
            self._history.setdefault(name, deque(maxlen=MAX_HISTORY)).append(min(1.0, max(0.0, value)))
