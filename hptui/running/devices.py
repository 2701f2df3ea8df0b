"""Which GPUs there are, how they divide into slots, and who may use a slot now.

A trial that starts claims its slot by locks that its shim then holds: a lock file per GPU (held alone, or shared by
trials that divide the GPU) and one per slot, in a directory of the user that survives a logout. So the studies of one
user never meet on a GPU, whichever terminal or runner they belong to, and a killed trial frees its GPU by dying.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hptui.model.errors import MachineError, UserError
from hptui.model.study import Resources
from hptui.running import nvml
from hptui.running.nvml import Gpu

__all__ = ["Gpu", "Holder", "Slot", "claim", "environment", "gpus", "runtime_directory", "slots", "who_holds"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one trial at a time: on GPUs, or without any on the CPU. `of` trials may share the same GPUs."""

    gpus: tuple[Gpu, ...] = ()
    k: int = 0
    of: int = 1

    @property
    def label(self) -> str:
        """As people read it: `GPU 0`, `GPU 0,1`, `GPU 0 #2`, `CPU #1`."""
        where = f"GPU {','.join(str(gpu.index) for gpu in self.gpus)}" if self.gpus else "CPU"
        return where if self.of == 1 else f"{where} #{self.k + 1}"


@dataclass(frozen=True, slots=True)
class Holder:
    """A process on a GPU. What cannot be known about it (a process of another container) is '' or None."""

    pid: int
    user: str
    name: str
    gb: float | None

    def __str__(self) -> str:
        memory = "" if self.gb is None else f", {self.gb:.1f} GB"
        return f"{self.name or 'a process'} (pid {self.pid}{f', {self.user}' if self.user else ''}{memory})"


def gpus() -> list[Gpu]:
    """The GPUs that this process may use: all, or what an inherited `CUDA_VISIBLE_DEVICES` names, in its order.

    Numbers there count by PCI bus, as `nvidia-smi` does. As in CUDA, the first entry that names nothing ends the list.
    """
    every = nvml.every_gpu()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not every:
        return every
    chosen: list[Gpu] = []
    for entry in visible.split(","):
        gpu = _named(entry.strip(), every)
        if gpu is None:
            break
        if gpu not in chosen:
            chosen.append(gpu)
    return chosen


def _named(entry: str, every: Sequence[Gpu]) -> Gpu | None:
    if entry.isdecimal():
        return every[int(entry)] if int(entry) < len(every) else None
    if entry.startswith("MIG-"):
        return nvml.describe(handle, len(every)) if (handle := nvml.instance(entry)) is not None else None
    fits = [gpu for gpu in every if entry.startswith("GPU-") and gpu.uuid.startswith(entry)]
    return fits[0] if len(fits) == 1 else None


def slots(resources: Resources, prefer: Collection[str] = ()) -> list[Slot]:
    """The slots that a study may fill, spread over the GPUs first. Without a GPU: `parallel` slots on the CPU.

    Where `gpus` is a count, GPUs in `prefer` (UUIDs, such as those that adopted trials hold) come first, then free
    ones. `UserError` when indices are asked for that are not there, or more GPUs for a trial than there are.
    """
    chosen = _chosen(resources, prefer)
    if not chosen:
        return [Slot(k=k, of=resources.parallel) for k in range(resources.parallel)]
    size = resources.gpus_per_trial
    groups = [tuple(chosen[i : i + size]) for i in range(0, len(chosen) - size + 1, size)]
    if not groups:
        raise UserError(
            f"gpus_per_trial = {size}, but only {len(chosen)} can be used here: {_names(chosen)}",
            hint="lower [resources] gpus_per_trial, or widen gpus or CUDA_VISIBLE_DEVICES",
        )
    shared = resources.trials_per_gpu
    return [Slot(group, k, shared) for k in range(shared) for group in groups]


def _chosen(resources: Resources, prefer: Collection[str]) -> list[Gpu]:
    here, wanted = gpus(), resources.gpus
    if not here and not isinstance(wanted, str | int):
        named = ", ".join(map(str, wanted))
        raise UserError(
            f"[resources] gpus names GPU {named}, but no GPU can be used here",
            hint='does nvidia-smi show them, and is CUDA_VISIBLE_DEVICES not empty? gpus = "all" takes what there is',
        )
    if not here or wanted == "all":
        return here
    if isinstance(wanted, int):
        if wanted >= len(here):
            return here
        ranked = sorted(here, key=lambda gpu: (gpu.uuid not in prefer, not _free(gpu), gpu.index))[:wanted]
        return sorted(ranked, key=lambda gpu: gpu.index)
    if isinstance(wanted, str):
        raise UserError(f'[resources] gpus must be "all", a number or a list of numbers, got {wanted!r}')
    by_index = {gpu.index: gpu for gpu in here}
    missing = [index for index in wanted if index not in by_index]
    if missing:
        raise UserError(f"[resources] gpus names GPU {', '.join(map(str, missing))}; here: {_names(here)}")
    return [by_index[index] for index in wanted]


def _names(found: Sequence[Gpu]) -> str:
    return ", ".join(f"{gpu.index} ({gpu.name})" for gpu in found)


def claim(slot: Slot) -> list[int] | None:
    """Descriptors whose locks hold the slot until their last copy is closed; None when somebody else holds it.

    Hand them to the process that runs the trial. A slot on the CPU needs none.
    """
    held: list[int] = []
    for gpu in slot.gpus:
        alone = fcntl.LOCK_EX if slot.of == 1 else fcntl.LOCK_SH
        for path, how in ((_lock(gpu), alone), (_lock(gpu, slot.k), fcntl.LOCK_EX)):
            fd = _take(path, how)
            if fd is None:
                for other in held:
                    os.close(other)
                return None
            held.append(fd)
    return held


def _take(path: Path, how: int) -> int | None:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
        os.utime(fd)  # a tidy-up of old files in /tmp looks at the time
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def _free(gpu: Gpu) -> bool:
    fd = _take(_lock(gpu), fcntl.LOCK_SH)
    if fd is None:
        return False
    os.close(fd)
    return True


def _lock(gpu: Gpu, k: int | None = None) -> Path:
    name = gpu.uuid.replace("/", "_")
    return runtime_directory() / (f"{name}.lock" if k is None else f"{name}.{k}.lock")


def runtime_directory() -> Path:
    """The user's directory for locks of this machine: `$TMPDIR/hptui-UID`, 0700, ours.

    Not `$XDG_RUNTIME_DIR`: that one is deleted at logout, while trials run on, and has another path in a cron job.
    """
    place = Path(os.environ.get("TMPDIR") or "/tmp") / f"hptui-{os.getuid()}"  # noqa: S108  made and checked below
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise MachineError(
            f"{place} must be a directory of yours that nobody else can read; it belongs to user {found.st_uid} "
            f"and has mode {stat.S_IMODE(found.st_mode):04o}",
            hint="remove it, or set TMPDIR to a directory of your own",
        )
    return place


def environment(slot: Slot) -> dict[str, str]:
    """What a trial in this slot needs in its environment: its GPUs by UUID.

    A trial that is to run on the CPU of a machine with GPUs is kept off them, since it has claimed none.
    """
    if slot.gpus:
        return {"CUDA_VISIBLE_DEVICES": ",".join(gpu.uuid for gpu in slot.gpus)}
    return {"CUDA_VISIBLE_DEVICES": ""} if gpus() else {}


def who_holds(gpu: Gpu) -> list[Holder]:
    """The processes that use a GPU now, largest first."""
    found = [_holder(usage) for usage in nvml.usages() if usage.gpu == gpu.uuid]
    return sorted(found, key=lambda holder: -(holder.gb or 0.0))


def _holder(usage: nvml.Usage) -> Holder:
    process = Path(f"/proc/{usage.pid}")
    try:
        name, uid = (process / "comm").read_text().strip(), process.stat().st_uid
    except OSError:
        return Holder(usage.pid, "", "", usage.gb)
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    return Holder(usage.pid, user, name, usage.gb)
