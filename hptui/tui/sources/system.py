"""The machine with its history and its processes, for the screen that shows nothing else."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from hptui.actions.machine import Machine, MachineNow
from hptui.actions.processes import DiskNow, ProcessNow, disks_now, processes_now
from hptui.tui.sources.pool import Pool

KEPT = 240
EVERY = 3
"""Processes and disks are asked at every third look: they change slowly, and cost more."""


@dataclass(frozen=True, slots=True)
class SystemSnapshot:
    """The machine now; `history` by name (`cpu`, `ram`, `gpu0`, `vram0`) as shares from 0 to 1, oldest first."""

    now: MachineNow
    processes: tuple[ProcessNow, ...]
    disks: tuple[DiskNow, ...]
    history: dict[str, tuple[float, ...]] = field(default_factory=dict)


class SystemSource:
    """Looks at every poll: who opens this screen wants to see it move."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._machine = Machine()
        self._latest: SystemSnapshot | None = None
        self._history: dict[str, deque[float]] = {}
        self._looks = 0
        self._rest: tuple[tuple[ProcessNow, ...], tuple[DiskNow, ...]] = ((), ())

    @property
    def latest(self) -> SystemSnapshot | None:
        return self._latest

    def poll(self, pool: Pool) -> SystemSnapshot | None:
        now = self._machine.look()
        if self._looks % EVERY == 0:
            self._rest = processes_now(self.home), disks_now(self.home)
        self._looks += 1
        self._keep("cpu", now.cpu)
        if now.used_gb is not None and now.total_gb:
            self._keep("ram", now.used_gb / now.total_gb)
        for gpu in now.gpus:
            self._keep(f"gpu{gpu.index}", gpu.busy)
            self._keep(f"vram{gpu.index}", gpu.used_gb / gpu.total_gb if gpu.total_gb else None)
        history = {name: tuple(values) for name, values in self._history.items()}
        self._latest = SystemSnapshot(now, *self._rest, history)
        return self._latest

    def _keep(self, name: str, value: float | None) -> None:
        if value is not None:
            self._history.setdefault(name, deque(maxlen=KEPT)).append(min(1.0, max(0.0, value)))
