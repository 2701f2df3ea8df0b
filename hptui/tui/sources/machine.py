"""The machine under watch, coarsely: a screen must not be drawn for a tenth of a percent.

It is looked at only while something runs: a terminal on which nothing happens gets nothing.
"""

from __future__ import annotations

from dataclasses import replace

from hptui.actions.machine import GpuNow, Machine, MachineNow
from hptui.tui.sources.pool import Pool


class MachineSource:
    """Watches the machine while `active`."""

    def __init__(self) -> None:
        self.active = False
        self._machine = Machine()
        self._latest: MachineNow | None = None

    @property
    def latest(self) -> MachineNow | None:
        return self._latest

    def poll(self, pool: Pool) -> MachineNow | None:
        if not self.active and self._latest is not None:
            return None
        found = _coarse(self._machine.look())
        if not self.active:
            found = replace(found, cpu=None)
        if found == self._latest:
            return None
        self._latest = found
        return found


def _coarse(now: MachineNow) -> MachineNow:
    return replace(
        now,
        cpu=None if now.cpu is None else round(now.cpu, 2),
        used_gb=None if now.used_gb is None else round(now.used_gb, 1),
        gpus=tuple(_coarse_gpu(gpu) for gpu in now.gpus),
    )


def _coarse_gpu(gpu: GpuNow) -> GpuNow:
    watts = None if gpu.watts is None else float(round(gpu.watts / 5) * 5)
    return replace(gpu, used_gb=round(gpu.used_gb, 1), watts=watts)
