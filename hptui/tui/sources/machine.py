"""The load of the machine, rounded coarsely: a screen must not be drawn again for a tenth of a percent.

It is read only while something runs, so that nothing is sent to the terminal of an idle study.
"""

from __future__ import annotations

from dataclasses import replace

from hptui.actions.machine import GpuNow, Machine, MachineNow
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
        if not self.active and self._latest is not None:
            return None
        reading = _rounded(self._machine.read())
        if not self.active:
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
    return replace(gpu, used_gb=round(gpu.used_gb, 1), watts=watts)
