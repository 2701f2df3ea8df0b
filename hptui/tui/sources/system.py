"""The machine with its history and processes, for the screen that shows only these."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from hptui.actions.machine import Machine, MachineNow
from hptui.actions.processes import DiskNow, ProcessNow, disks_now, processes_now
from hptui.tui.sources.pool import ReaderPool

MAX_HISTORY = 240
"""Number of readings that the history keeps."""
POLLS_PER_SLOW_READING = 3
"""Number of polls between two readings of processes and disks, which change slowly and cost more."""


@dataclass(frozen=True, slots=True)
class SystemSnapshot:
    """The machine now.

    `history` by name (`cpu`, `ram`, `gpu0`, `vram0`): shares from 0 to 1, the oldest first.
    """

    now: MachineNow
    processes: tuple[ProcessNow, ...]
    disks: tuple[DiskNow, ...]
    history: dict[str, tuple[float, ...]] = field(default_factory=dict)


class SystemSource:
    """Reads the machine at every poll: a user who opens this screen expects to see it change."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._machine = Machine()
        self._latest: SystemSnapshot | None = None
        self._history: dict[str, deque[float]] = {}
        self._polls = 0
        self._slow_readings: tuple[tuple[ProcessNow, ...], tuple[DiskNow, ...]] = ((), ())

    @property
    def latest(self) -> SystemSnapshot | None:
        """The newest snapshot; None before the first poll."""
        return self._latest

    def poll(self, pool: ReaderPool) -> SystemSnapshot | None:
        """Return a new reading; there is one at every poll."""
        now = self._machine.read()
        if self._polls % POLLS_PER_SLOW_READING == 0:
            self._slow_readings = processes_now(self.home), disks_now(self.home)
        self._polls += 1
        self._record("cpu", now.cpu)
        if now.used_gb is not None and now.total_gb:
            self._record("ram", now.used_gb / now.total_gb)
        for gpu in now.gpus:
            self._record(f"gpu{gpu.index}", gpu.busy)
            self._record(f"vram{gpu.index}", gpu.used_gb / gpu.total_gb if gpu.total_gb else None)
        history = {name: tuple(values) for name, values in self._history.items()}
        self._latest = SystemSnapshot(now, *self._slow_readings, history)
        return self._latest

    def _record(self, name: str, value: float | None) -> None:
        if value is not None:
            self._history.setdefault(name, deque(maxlen=MAX_HISTORY)).append(min(1.0, max(0.0, value)))
