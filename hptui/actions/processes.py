"""Who uses the GPUs, and what the processes of our own trials use: for the screen of the machine."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hptui.storage.paths import StudyDir, studies_in
from hptui.storage.reader import Reader
from hptui.storage.rundir import RunDir, read_json

GIB = float(1 << 30)


@dataclass(frozen=True, slots=True)
class ProcessNow:
    """A process at a moment. `whose` says which trial of which study it belongs to, '' for somebody else's.

    `gpu` is the index of the GPU that it uses, None for none; memory is GiB.
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
    """The disk under `path`; None where it cannot be asked."""
    import shutil

    try:
        found = shutil.disk_usage(path)
    except OSError:
        return None
    return DiskNow(str(path), found.free / GIB, found.total / GIB)


def processes_now(home: Path) -> tuple[ProcessNow, ...]:
    """Processes of running trials of HOME, and every other one that a GPU knows."""
    from hptui.running import nvml

    ours = dict(_ours(home))
    index = {nvml.uuid_of(handle): place for place, handle in enumerate(nvml.handles())}
    found: list[ProcessNow] = []
    on_gpus = set()
    for usage in nvml.usages():
        on_gpus.add(usage.pid)
        found.append(_process(usage.pid, _trial_of(usage.pid, ours), index.get(usage.gpu), usage.gb))
    found += [_process(pid, whose) for pid, whose in ours.items() if pid not in on_gpus]
    return tuple(sorted(found, key=lambda one: (one.gpu is None, one.gpu or 0, not one.whose, one.pid)))


def _ours(home: Path) -> Iterator[tuple[int, str]]:
    """Worker processes of running attempts: pid -> `study trial 7`."""
    for sd in studies_in(home):
        with suppress(Exception), Reader(sd) as reader:
            for attempt in reader.attempts(open=True):
                facts = read_json(RunDir(sd.attempt(attempt.trial, attempt.n)).shim)
                pid = facts.get("worker") if isinstance(facts, dict) else None
                if isinstance(pid, int) and Path(f"/proc/{pid}").exists():
                    yield pid, f"{sd.name} trial {attempt.trial}"


def _trial_of(pid: int, ours: dict[int, str]) -> str:
    """Whose a process is: it, or one above it, is a worker of ours."""
    for _ in range(20):
        if pid in ours:
            return ours[pid]
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
    user, command, rss = "?", "?", None
    with suppress(OSError, KeyError):
        user = pwd.getpwuid(folder.stat().st_uid).pw_name
    with suppress(OSError):
        raw = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        command = raw or (folder / "comm").read_text().strip()
    with suppress(OSError, ValueError, IndexError):
        rss = int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / GIB
    return ProcessNow(pid, user, command[:300], whose, gpu, gpu_gb, rss)


def disks_now(home: Path, study: StudyDir | None = None) -> tuple[DiskNow, ...]:
    """The disks of HOME and of a study's checkpoints, each once."""
    places = [home]
    if study is not None:
        places.append(study.root)
    found = {(disk.total_gb, disk.free_gb): disk for place in places if (disk := disk_of(place)) is not None}
    return tuple(found.values())
