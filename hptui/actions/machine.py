"""The machine now: its processors, memory and GPUs, as a screen shows them. What cannot be known is None."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GIB = float(1 << 30)


@dataclass(frozen=True, slots=True)
class GpuNow:
    """A GPU at a moment: share of time it was busy and memory (GiB), temperature (°C), power (W)."""

    index: int
    name: str
    busy: float | None
    used_gb: float
    total_gb: float
    celsius: float | None = None
    watts: float | None = None


@dataclass(frozen=True, slots=True)
class MachineNow:
    """The machine at a moment. `cpu` is the share of all cores that was busy since the last look."""

    cpu: float | None
    cores: int
    used_gb: float | None
    total_gb: float | None
    gpus: tuple[GpuNow, ...] = ()


class Machine:
    """Looks at the machine; remembers what the processors had done when it looked last."""

    def __init__(self) -> None:
        self._before: tuple[int, int] | None = None

    def look(self) -> MachineNow:
        """As it is now."""
        used, total = _memory()
        return MachineNow(self._cpu(), os.cpu_count() or 1, used, total, gpus_now())

    def _cpu(self) -> float | None:
        try:
            words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        except OSError:
            return None
        ticks = [int(word) for word in words]
        now = (sum(ticks) - ticks[3] - ticks[4], sum(ticks))
        before, self._before = self._before, now
        if before is None or now[1] <= before[1]:
            return None
        return (now[0] - before[0]) / (now[1] - before[1])


def _memory() -> tuple[float | None, float | None]:
    """(used, total) in GiB; what the kernel would give back counts as free."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None, None
    facts = {line.split(":")[0]: int(line.split()[1]) * 1024 / GIB for line in lines[:6]}
    total, free = facts.get("MemTotal"), facts.get("MemAvailable")
    return (total - free, total) if total is not None and free is not None else (None, total)


def gpus_now() -> tuple[GpuNow, ...]:
    """Every GPU that answers."""
    from hptui.running import nvml

    found: list[GpuNow] = []
    for index, handle in enumerate(nvml.handles()):
        memory: Any = nvml.ask("nvmlDeviceGetMemoryInfo", None, handle)
        if memory is None:
            continue
        rates: Any = nvml.ask("nvmlDeviceGetUtilizationRates", None, handle)
        milliwatts: Any = nvml.ask("nvmlDeviceGetPowerUsage", None, handle)
        found.append(
            GpuNow(
                index,
                nvml.text(nvml.ask("nvmlDeviceGetName", "", handle)).removeprefix("NVIDIA "),
                None if rates is None else rates.gpu / 100,
                (memory.total - memory.free) / GIB,
                memory.total / GIB,
                nvml.ask("nvmlDeviceGetTemperature", None, handle, 0),
                None if milliwatts is None else milliwatts / 1000,
            )
        )
    return tuple(found)
