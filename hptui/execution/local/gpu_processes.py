"""Who uses a GPU now, as the driver and /proc say."""

from __future__ import annotations

import pwd
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.execution.local import nvml
from hptui.execution.local.nvml import Gpu


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process on a GPU; `gb` is GiB. Fields are '' or None for a process of another container."""

    pid: int
    user: str
    name: str
    gb: float | None

    def __str__(self) -> str:
        memory = "" if self.gb is None else f", {self.gb:.1f} GiB"
        return f"{self.name or 'a process'} (pid {self.pid}{f', {self.user}' if self.user else ''}{memory})"


def gpu_processes(gpu: Gpu) -> list[GpuProcess]:
    """Return the processes that use a GPU now, largest first."""
    holders = [_holder(usage) for usage in nvml.usages() if usage.gpu == gpu.uuid]
    return sorted(holders, key=lambda holder: -(holder.gb or 0.0))


def _holder(usage: nvml.Usage) -> GpuProcess:
    process = Path(f"/proc/{usage.pid}")
    try:
        name, uid = (process / "comm").read_text().strip(), process.stat().st_uid
    except OSError:
        return GpuProcess(usage.pid, "", "", usage.gb)
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    return GpuProcess(usage.pid, user, name, usage.gb)
