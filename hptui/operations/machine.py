"""The machine now: processors, memory, disks, GPUs, processes, and logouts. What cannot be known is None."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.store.paths import StudyDir, list_studies
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir, lock_is_held, read_json

GIB = float(1 << 30)
"""Bytes of a GiB."""
BUSCTL_TIMEOUT_S = 3.0
"""Time limit of `busctl`."""


@dataclass(frozen=True, slots=True)
class GpuNow:
    """A GPU at a moment: share of time it was busy (0 to 1), memory (GiB), temperature (°C), power (W), clock (MHz).

    `label` is its number, `0:1` for an instance of a divided card (MIG), of which only its memory is known.
    `max_watts` is the limit that the driver enforces, `max_mhz` the highest clock.
    """

    label: str
    name: str
    busy: float | None
    used_gb: float
    total_gb: float
    celsius: float | None = None
    watts: float | None = None
    max_watts: float | None = None
    mhz: float | None = None
    max_mhz: float | None = None


@dataclass(frozen=True, slots=True)
class MachineNow:
    """The machine at a moment; `cpu` is the share (0 to 1) of all cores that was busy since the last reading."""

    cpu: float | None
    cores: int
    used_gb: float | None
    total_gb: float | None
    gpus: tuple[GpuNow, ...] = ()
    unusable: tuple[str, ...] = ()
    """A sentence about each card that is here and cannot be used."""


class Machine:
    """Reads the machine's state; keeps the processors' counters of the last reading."""

    def __init__(self) -> None:
        self._last_ticks: tuple[int, int] | None = None

    def read(self) -> MachineNow:
        """Return the state of now."""
        used, total = _memory()
        return MachineNow(self._cpu(), os.cpu_count() or 1, used, total, gpus_now(), unusable_gpus())

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
    """Return every GPU that answers, and in place of a divided card its instances."""
    from hptui.execution.local import nvml

    gpus: list[GpuNow] = []
    for device in nvml.devices():
        handle, memory = device.handle, nvml.memory_of(device.handle)
        if memory is None:
            continue
        rates: Any = nvml.query("nvmlDeviceGetUtilizationRates", None, handle)
        milliwatts: Any = nvml.query("nvmlDeviceGetPowerUsage", None, handle)
        limit: Any = nvml.query("nvmlDeviceGetEnforcedPowerLimit", None, handle)
        gpus.append(
            GpuNow(
                device.label,
                nvml.decode(nvml.query("nvmlDeviceGetName", "", handle)).removeprefix("NVIDIA "),
                None if rates is None else rates.gpu / 100,
                memory[0] - memory[1],
                memory[0],
                nvml.query("nvmlDeviceGetTemperature", None, handle, 0),
                None if milliwatts is None else milliwatts / 1000,
                None if limit is None else limit / 1000,
                nvml.query("nvmlDeviceGetClockInfo", None, handle, nvml.SM_CLOCK),
                nvml.query("nvmlDeviceGetMaxClockInfo", None, handle, nvml.SM_CLOCK),
            )
        )
    return tuple(gpus)


def unusable_gpus() -> tuple[str, ...]:
    """Return a sentence about each card that is here and cannot be used."""
    from hptui.execution.local import nvml

    return tuple(f"GPU {index} {why}" for index, why in nvml.unusable_cards().items())


BYTES_PER_GIB = float(1 << 30)
"""Bytes of a GiB."""


@dataclass(frozen=True, slots=True)
class ProcessNow:
    """A process at a moment; memory is GiB.

    `whose` is the trial that it belongs to, '' for other processes. `gpu` is the number of the GPU that it uses, None
    for none.
    """

    pid: int
    user: str
    command: str
    whose: str = ""
    gpu: str | None = None
    gpu_gb: float | None = None
    rss_gb: float | None = None
    cpu_seconds: float | None = None
    """Seconds of processor time of the process and those that it has started, since they began."""


@dataclass(frozen=True, slots=True)
class DiskNow:
    """The disk that a directory is on, in GiB."""

    path: str
    free_gb: float
    total_gb: float


def disk_of(path: Path) -> DiskNow | None:
    """Return the disk under `path`; None where it cannot be asked."""
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    return DiskNow(str(path), usage.free / BYTES_PER_GIB, usage.total / BYTES_PER_GIB)


def processes_now(home: Path) -> tuple[ProcessNow, ...]:
    """Return the processes of running trials of HOME, and all others on a GPU, GPU processes first."""
    from hptui.execution.local import nvml

    trial_by_pid = dict(_worker_pids(home))
    label = {nvml.uuid_of(device.handle): device.label for device in nvml.devices()}
    processes: list[ProcessNow] = []
    on_gpus = set()
    for usage in nvml.usages():
        on_gpus.add(usage.pid)
        processes.append(_process(usage.pid, _trial_of(usage.pid, trial_by_pid), label.get(usage.gpu), usage.gb))
    processes += [_process(pid, trial_text) for pid, trial_text in trial_by_pid.items() if pid not in on_gpus]
    return tuple(
        sorted(
            processes, key=lambda process: (process.gpu is None, _order(process.gpu), not process.whose, process.pid)
        )
    )


def _order(gpu: str | None) -> list[int]:
    return [int(number) for number in (gpu or "").split(":") if number.isdecimal()]


def _worker_pids(home: Path) -> Iterator[tuple[int, str]]:
    """Yield (pid, `STUDY trial 7`) of the worker processes of running attempts."""
    for sd in list_studies(home):
        with (
            suppress(Exception),
            StoreReader.open(sd) as reader,
        ):  # one unreadable store must not hide the other studies' processes
            for attempt in reader.attempts(open=True):
                run = RunDir(sd.attempt(attempt.trial, attempt.n))
                if not lock_is_held(run.lock):  # its number may be another process's by now, or one elsewhere
                    continue
                facts = read_json(run.shim)
                pid = facts.get("worker") if isinstance(facts, dict) else None
                if isinstance(pid, int) and Path(f"/proc/{pid}").exists():
                    yield pid, f"{sd.name} trial {attempt.trial}"


def _trial_of(pid: int, trial_by_pid: dict[int, str]) -> str:
    """Return the trial of a process: it or one of its ancestors is a worker."""
    for _ in range(20):  # bounded: the process tree may change while it is read
        if pid in trial_by_pid:
            return trial_by_pid[pid]
        parent = _parent(pid)
        if parent <= 1:
            return ""
        pid = parent
    return ""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _process(pid: int, whose: str, gpu: str | None = None, gpu_gb: float | None = None) -> ProcessNow:
    folder = Path(f"/proc/{pid}")
    user, command, rss_gb = "?", "?", None
    with suppress(OSError, KeyError):
        user = pwd.getpwuid(folder.stat().st_uid).pw_name
    with suppress(OSError):
        raw = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        command = raw or (folder / "comm").read_text().strip()
    with suppress(OSError, ValueError, IndexError):
        rss_gb = int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / BYTES_PER_GIB
    return ProcessNow(pid, user, command[:300], whose, gpu, gpu_gb, rss_gb, _cpu_seconds(pid))


def _cpu_seconds(pid: int, depth: int = 4) -> float | None:
    """Return the processor time of a process and of `depth` generations that it has started."""
    folder = Path(f"/proc/{pid}")
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        children = (folder / "task" / str(pid) / "children").read_text().split()
    except (OSError, IndexError):
        return None
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds + sum(_cpu_seconds(int(child), depth - 1) or 0.0 for child in children) if depth else seconds


def disks_now(home: Path, study: StudyDir | None = None) -> tuple[DiskNow, ...]:
    """Return the disks of HOME and of a study's directory, each once."""
    directories = [home]
    if study is not None:
        directories.append(study.root)
    disks = {(disk.total_gb, disk.free_gb): disk for place in directories if (disk := disk_of(place)) is not None}
    return tuple(disks.values())


def logout_warning() -> str:
    """Return how to let a study outlive the login session; '' where it does anyway."""
    if not _kills_at_logout() or _lingers():
        return ""
    return (
        "this machine ends all processes of a user at logout (logind, KillUserProcesses=yes); "
        "so that studies run on: loginctl enable-linger"
    )


def _kills_at_logout() -> bool:
    property_path = [
        "org.freedesktop.login1",
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager",
        "KillUserProcesses",
    ]
    try:
        process = subprocess.run(
            ["busctl", "--system", "get-property", *property_path],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=BUSCTL_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False  # systemd does not answer, so its logind ends nothing
    return process.stdout.split() == [b"b", b"true"]


def _lingers() -> bool:
    try:
        return Path("/var/lib/systemd/linger", getpass.getuser()).exists()
    except (OSError, KeyError):
        return False
