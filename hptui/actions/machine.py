"""The machine now: processors, memory and GPUs. What cannot be known is None."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GIB = float(1 << 30)
"""Bytes of a GiB."""


@dataclass(frozen=True, slots=True)
class GpuNow:
    """A GPU at a moment: share of time it was busy (0 to 1), memory (GiB), temperature (°C), power (W)."""

    index: int
    name: str
    busy: float | None
    used_gb: float
    total_gb: float
    celsius: float | None = None
    watts: float | None = None


@dataclass(frozen=True, slots=True)
class MachineNow:
    """The machine at a moment; `cpu` is the share (0 to 1) of all cores that was busy since the last reading."""

    cpu: float | None
    cores: int
    used_gb: float | None
    total_gb: float | None
    gpus: tuple[GpuNow, ...] = ()


class Machine:
    """Reads the machine's state; keeps the processors' counters of the last reading."""

    def __init__(self) -> None:
        self._last_ticks: tuple[int, int] | None = None

    def read(self) -> MachineNow:
        """Return the state of now."""
        used, total = _memory()
        return MachineNow(self._cpu(), os.cpu_count() or 1, used, total, gpus_now())

    def _cpu(self) -> float | None:
        try:
            words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        except OSError:
            return None
        ticks = [int(word) for word in words]
        current = (sum(ticks) - ticks[3] - ticks[4], sum(ticks))
        previous, self._last_ticks = self._last_ticks, current
        if previous is None or current[1] <= previous[1]:
            return None
        return (current[0] - previous[0]) / (current[1] - previous[1])


def _memory() -> tuple[float | None, float | None]:
    """Return (used, total) in GiB; memory that the kernel would give back counts as free."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None, None
    facts = {line.split(":")[0]: int(line.split()[1]) * 1024 / GIB for line in lines[:6]}
    total, free = facts.get("MemTotal"), facts.get("MemAvailable")
    return (total - free, total) if total is not None and free is not None else (None, total)


def gpus_now() -> tuple[GpuNow, ...]:
    """Return every GPU that answers."""
    from hptui.running import nvml

    gpus: list[GpuNow] = []
    for index, handle in enumerate(nvml.handles()):
        memory: Any = nvml.query("nvmlDeviceGetMemoryInfo", None, handle)
        if memory is None:
            continue
        rates: Any = nvml.query("nvmlDeviceGetUtilizationRates", None, handle)
        milliwatts: Any = nvml.query("nvmlDeviceGetPowerUsage", None, handle)
        gpus.append(
            GpuNow(
                index,
                nvml.decode(nvml.query("nvmlDeviceGetName", "", handle)).removeprefix("NVIDIA "),
                None if rates is None else rates.gpu / 100,
                (memory.total - memory.free) / GIB,
                memory.total / GIB,
                nvml.query("nvmlDeviceGetTemperature", None, handle, 0),
                None if milliwatts is None else milliwatts / 1000,
            )
        )
    return tuple(gpus)
