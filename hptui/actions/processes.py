"""Who uses the GPUs, and what the processes of hptui's own trials use."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hptui.storage.paths import StudyDir, list_studies
from hptui.storage.reader import StoreReader
from hptui.storage.rundir import RunDir, read_json

BYTES_PER_GIB = float(1 << 30)
"""Bytes of a GiB."""


@dataclass(frozen=True, slots=True)
class ProcessNow:
    """A process at a moment; memory is GiB.

    `whose` is the trial that it belongs to, '' for other processes. `gpu` is the index of the GPU that it uses, None
    for none.
    """

    pid: int
    user: str
    command: str
    whose: str = ""
    gpu: int | None = None
    gpu_gb: float | None = None
    rss_gb: float | None = None


@dataclass(frozen=True, slots=True)
class DiskNow:
    """The disk that a directory is on, in GiB."""

    path: str
    free_gb: float
    total_gb: float


def disk_of(path: Path) -> DiskNow | None:
    """Return the disk under `path`; None where it cannot be asked."""
    import shutil

    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    return DiskNow(str(path), usage.free / BYTES_PER_GIB, usage.total / BYTES_PER_GIB)


def processes_now(home: Path) -> tuple[ProcessNow, ...]:
    """Return the processes of running trials of HOME, and all others on a GPU, GPU processes first."""
    from hptui.running import nvml

    trial_by_pid = dict(_worker_pids(home))
    index = {nvml.uuid_of(handle): position for position, handle in enumerate(nvml.handles())}
    processes: list[ProcessNow] = []
    on_gpus = set()
    for usage in nvml.usages():
        on_gpus.add(usage.pid)
        processes.append(_process(usage.pid, _trial_of(usage.pid, trial_by_pid), index.get(usage.gpu), usage.gb))
    processes += [_process(pid, trial_text) for pid, trial_text in trial_by_pid.items() if pid not in on_gpus]
    return tuple(
        sorted(processes, key=lambda process: (process.gpu is None, process.gpu or 0, not process.whose, process.pid))
    )


def _worker_pids(home: Path) -> Iterator[tuple[int, str]]:
    """Yield (pid, `STUDY trial 7`) of the worker processes of running attempts."""
    for sd in list_studies(home):
        with (
            suppress(Exception),
            StoreReader(sd) as reader,
        ):  # one unreadable store must not hide the other studies' processes
            for attempt in reader.attempts(open=True):
                facts = read_json(RunDir(sd.attempt(attempt.trial, attempt.n)).shim)
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


def _process(pid: int, whose: str, gpu: int | None = None, gpu_gb: float | None = None) -> ProcessNow:
    folder = Path(f"/proc/{pid}")
    user, command, rss_gb = "?", "?", None
    with suppress(OSError, KeyError):
        user = pwd.getpwuid(folder.stat().st_uid).pw_name
    with suppress(OSError):
        raw = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        command = raw or (folder / "comm").read_text().strip()
    with suppress(OSError, ValueError, IndexError):
        rss_gb = int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / BYTES_PER_GIB
    return ProcessNow(pid, user, command[:300], whose, gpu, gpu_gb, rss_gb)


def disks_now(home: Path, study: StudyDir | None = None) -> tuple[DiskNow, ...]:
    """Return the disks of HOME and of a study's directory, each once."""
    directories = [home]
    if study is not None:
        directories.append(study.root)
    disks = {(disk.total_gb, disk.free_gb): disk for place in directories if (disk := disk_of(place)) is not None}
    return tuple(disks.values())
