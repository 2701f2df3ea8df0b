"""Which GPUs there are, how they divide into slots, and who may use a slot now.

A trial that starts takes locks that its shim then holds: a lock file per GPU (exclusive, or shared by trials that
divide the GPU) and one per slot, in a directory of the user that survives a logout. So the studies of one user never
meet on a GPU, whichever runner they belong to, and a killed trial frees its GPU by dying.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.core.errors import MachineError, UserError
from hptui.core.study import Resources
from hptui.execution.local import nvml
from hptui.execution.local.lock_directory import lock_directories
from hptui.execution.local.nvml import Gpu

__all__ = [
    "Gpu",
    "Slot",
    "lock_slot",
    "slot_environment",
    "visible_gpus",
    "runtime_directory",
    "slots_for",
    "gpus_named_by",
    "unused_gpus",
]


PCI_ORDER = "PCI_BUS_ID"
"""Value of `CUDA_DEVICE_ORDER` with which CUDA counts GPUs as the driver does."""


CPU_WAY_OUT = "for the CPU set [resources] gpus = 0"
"""What to do where GPUs cannot be used."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one trial at a time, on GPUs or on the CPU.

    `of` trials may share the same GPUs; `k` is this slot's number among them, from 0.
    """

    gpus: tuple[Gpu, ...] = ()
    k: int = 0
    of: int = 1

    @property
    def label(self) -> str:
        """Name as people read it: `GPU 0`, `GPU 0,1`, `GPU 0 #2`, `CPU #1`."""
        devices = f"GPU {','.join(gpu.label for gpu in self.gpus)}" if self.gpus else "CPU"
        return devices if self.of == 1 else f"{devices} #{self.k + 1}"


def visible_gpus() -> list[Gpu]:
    """Return the GPUs that this process may use: all, or those in an inherited `CUDA_VISIBLE_DEVICES`.

    Order and numbering are those of the variable; numbers count by PCI bus, as in `nvidia-smi`. As in CUDA, the first
    entry that names nothing ends the list.

    Raises: `UserError` for numbers among cards that differ, unless `CUDA_DEVICE_ORDER` says that they count by PCI bus:
    CUDA would count by speed.
    """
    all_gpus = nvml.all_gpus()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not all_gpus:
        return all_gpus
    entries = [entry.strip() for entry in visible.split(",")]
    _require_clear_numbers(entries, all_gpus)
    chosen: list[Gpu] = []
    for entry in entries:
        named = _gpus_named(entry, all_gpus)
        if not named:
            break
        chosen += [gpu for gpu in named if gpu not in chosen]
    return chosen


def _require_clear_numbers(entries: Sequence[str], all_gpus: Sequence[Gpu]) -> None:
    """Refuse numbers that mean one card to CUDA and another one to the driver."""
    differ = len({gpu.name for gpu in all_gpus}) > 1
    if differ and any(map(str.isdecimal, entries)) and os.environ.get("CUDA_DEVICE_ORDER") != PCI_ORDER:
        listed = ", ".join(f"{gpu.label} is {gpu.name}, {gpu.uuid}" for gpu in all_gpus)
        raise UserError(
            f"CUDA_VISIBLE_DEVICES is {','.join(entries)!r}, but the cards here differ, and CUDA then counts the "
            "fastest first",
            hint=f"set CUDA_DEVICE_ORDER={PCI_ORDER} too, or name cards by UUID (by PCI bus: {listed})",
        )


def _gpus_named(entry: str, all_gpus: Sequence[Gpu]) -> list[Gpu]:
    """Return the GPU of an entry of the variable; the number of a divided card names all its instances."""
    if entry.isdecimal():
        permitted = nvml.permitted()  # CUDA counts no card of other jobs
        return [gpu for gpu in all_gpus if int(entry) < len(permitted) and gpu.index == permitted[int(entry)]]
    matching = [gpu for gpu in all_gpus if entry.startswith(("GPU-", "MIG-")) and gpu.uuid.startswith(entry)]
    return matching if len(matching) == 1 else []


def slots_for(resources: Resources, prefer: Collection[str] = ()) -> list[Slot]:
    """Return the slots that a study may fill, spread over the GPUs first; on the CPU, `parallel` slots.

    Where `gpus` is a count, GPUs in `prefer` (UUIDs, such as those that adopted trials hold) come first, then free
    ones.

    Raises: `UserError` when indices are asked for that are not there, or more GPUs for a trial than there are;
    `MachineError` when there is a driver whose GPUs cannot be asked for, or none of them can be used.
    """
    if resources.gpus != 0 and not gpus_are_hidden():
        _require_driver()
        _require_usable_gpu()
    chosen = _requested_gpus(resources, prefer)
    if not chosen:
        return [Slot(k=k, of=resources.parallel) for k in range(resources.parallel)]
    size = resources.gpus_per_trial
    groups = [tuple(chosen[i : i + size]) for i in range(0, len(chosen) - size + 1, size)]
    if not groups:
        raise UserError(
            f"gpus_per_trial = {size}, but only {len(chosen)} can be used here: {_gpu_list(chosen)}",
            hint="lower [resources] gpus_per_trial, or widen gpus or CUDA_VISIBLE_DEVICES",
        )
    if size > 1 and any(gpu.instance is not None for gpu in chosen):
        raise UserError(
            f"gpus_per_trial = {size}, but a process can use only one MIG instance: {_gpu_list(chosen)}",
            hint="set [resources] gpus_per_trial = 1, or end MIG mode: nvidia-smi -mig 0",
        )
    shared = resources.trials_per_gpu
    _require_compute_mode(chosen, shared)
    return [Slot(group, k, shared) for k in range(shared) for group in groups]


def gpus_named_by(labels: Iterable[str]) -> list[str]:
    """Return the UUIDs of the GPUs that labels of slots name."""
    words = [label.split(" #")[0].removeprefix("GPU ").split(",") for label in labels if label.startswith("GPU ")]
    names = {name for each in words for name in each}
    return [gpu.uuid for gpu in visible_gpus() if gpu.label in names] if names else []


def _require_compute_mode(gpus: Sequence[Gpu], shared: int) -> None:
    """Refuse a card on which nobody may compute, and to share one that lets only one process compute."""
    for gpu in gpus:
        mode = str(gpu.state.get("compute_mode", ""))
        if mode == "prohibited" or (mode.startswith("exclusive") and shared > 1):
            problem = f"GPU {gpu.label} ({gpu.name}) is in compute mode {mode!r}"
            way_out = "trials_per_gpu = 1" if mode != "prohibited" else "gpus to the numbers of the others"
            hint = f"change it: nvidia-smi -i {gpu.index} -c DEFAULT; or set [resources] {way_out}"
            raise MachineError(problem, hint=hint)


def gpus_are_hidden() -> bool:
    """Return whether `CUDA_VISIBLE_DEVICES` says that no GPU is to be used."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip() in ("", "-1", "NoDevFiles")


def _require_driver() -> None:
    """Refuse to run on the CPU, hours long and without a word, because a driver does not answer."""
    if problem := nvml.silent_driver():
        raise MachineError(
            problem,
            hint="does nvidia-smi work? After an update of the driver reboot; a container needs its 'utility' "
            f"capability (NVIDIA_DRIVER_CAPABILITIES=compute,utility); {CPU_WAY_OUT}",
        )


def _require_usable_gpu() -> None:
    """Refuse the same where the driver has no usable card, and where the variable names none."""
    if visible_gpus():
        return
    here, unusable = nvml.all_gpus(), nvml.unusable_cards()
    broken = "; ".join(f"GPU {index} {problem}" for index, problem in unusable.items())
    remedies = [nvml.REMEDIES[problem] for problem in dict.fromkeys(unusable.values())]
    if here:
        named = f"CUDA_VISIBLE_DEVICES is {os.environ.get('CUDA_VISIBLE_DEVICES')!r}"
        problem = f"{named}, which names no GPU that can be used here: {_gpu_list(here)}"
        hint = "; ".join(["name one by number or UUID", *remedies, CPU_WAY_OUT])
        raise UserError(f"{problem}; {broken}" if broken else problem, hint=hint)
    if unusable:
        raise MachineError(broken, hint="; ".join([*remedies, CPU_WAY_OUT]))


def _requested_gpus(resources: Resources, prefer: Collection[str]) -> list[Gpu]:
    available, requested = visible_gpus(), resources.gpus
    if requested == 0:  # no lock is looked at, so it runs even where locks have no place
        return []
    if not available and not isinstance(requested, str | int):
        named = ", ".join(map(str, requested))
        raise UserError(
            f"[resources] gpus names GPU {named}, but no GPU can be used here",
            hint='does nvidia-smi show them, and is CUDA_VISIBLE_DEVICES not empty? gpus = "all" takes what there is',
        )
    if not available or requested == "all":
        return available
    if isinstance(requested, int):
        if requested >= len(available):
            return available
        ranked = sorted(available, key=lambda gpu: (gpu.uuid not in prefer, not _is_free(gpu), gpu.index))[:requested]
        return sorted(ranked, key=lambda gpu: (gpu.index, gpu.instance or 0))
    if isinstance(requested, str):
        raise UserError(f'[resources] gpus must be "all", a number or a list of numbers, got {requested!r}')
    indices = {gpu.index for gpu in available}
    missing = [index for index in requested if index not in indices]
    if missing:
        raise UserError(f"[resources] gpus names GPU {', '.join(map(str, missing))}; here: {_gpu_list(available)}")
    return [gpu for index in requested for gpu in available if gpu.index == index]


def _gpu_list(gpus: Sequence[Gpu]) -> str:
    return ", ".join(f"{gpu.label} ({gpu.name})" for gpu in gpus)


def lock_slot(slot: Slot) -> list[int] | None:
    """Lock a slot; return descriptors that hold it until their last copy is closed, None when it is taken.

    Pass them to the process that runs the trial. A slot on the CPU needs none.
    """
    held: list[int] = []
    for gpu in slot.gpus:
        gpu_mode = fcntl.LOCK_EX if slot.of == 1 else fcntl.LOCK_SH
        for name, mode in ((_lock_name(gpu), gpu_mode), (_lock_name(gpu, slot.k), fcntl.LOCK_EX)):
            fds = _try_flock(name, mode)
            if fds is None:
                for other in held:  # all locks of a slot or none, else two studies could block each other
                    os.close(other)
                return None
            held += fds
    return held


def _try_flock(name: str, mode: int) -> list[int] | None:
    """Lock a file in every directory of locks; return the descriptors, None when it is taken in one."""
    held: list[int] = []
    for directory in lock_directories():
        fd = os.open(directory / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        held.append(fd)
        try:
            fcntl.flock(fd, mode | fcntl.LOCK_NB)  # inherited by the shim with the descriptor, unlike an fcntl lock
            os.utime(fd)  # systemd-tmpfiles and the like delete old files in /tmp by their time
        except BlockingIOError:
            for other in held:
                os.close(other)
            return None
    return held


def _is_free(gpu: Gpu) -> bool:
    fds = _try_flock(_lock_name(gpu), fcntl.LOCK_SH)
    for fd in fds or ():
        os.close(fd)
    return fds is not None


def _lock_name(gpu: Gpu, k: int | None = None) -> str:
    name = gpu.uuid.replace("/", "_")
    return f"{name}.lock" if k is None else f"{name}.{k}.lock"


def runtime_directory() -> Path:
    """Return the user's directory for locks of this machine.

    Raises: `MachineError` when there is no place that is this user's own.
    """
    return lock_directories()[0]


def slot_environment(slot: Slot) -> dict[str, str]:
    """Return the variables that restrict a trial to its slot: its GPUs by number.

    Many scripts can read only numbers. UUIDs are used where the numbers of CUDA may be others than the driver's: when a
    card of this machine is divided (MIG) or does not answer. A trial
    on the CPU of a machine with GPUs is kept off them, since it has locked none.
    """
    if slot.gpus:
        cards = nvml.cards()
        numbered = len(cards) == nvml.count() and not any(nvml.is_divided(card.handle) for card in cards)
        names = [str(gpu.index) if numbered else gpu.uuid for gpu in slot.gpus]
        return {"CUDA_DEVICE_ORDER": PCI_ORDER, "CUDA_VISIBLE_DEVICES": ",".join(names)}
    return {"CUDA_VISIBLE_DEVICES": ""} if visible_gpus() else {}


def unused_gpus() -> str:
    """Return the warning about GPUs here that are not used, of other makers or hidden; '' for none."""
    if nvml.library() is not None:
        hidden = gpus_are_hidden() and bool(nvml.all_gpus())
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        return f"CUDA_VISIBLE_DEVICES is {visible!r}: no GPU is used, trials run on the CPU" if hidden else ""
    maker = "Apple" if sys.platform == "darwin" else "AMD" if AMD_DRIVER.exists() else ""
    return maker and (
        f"{maker}'s GPUs are not supported: hptui was never tried with them, assigns and locks none and measures none; "
        "what a trial uses is its program's choice"
    )


def pids_are_ours() -> bool:
    """Return whether the driver's pids mean the same processes here, as they do outside containers."""
    try:
        return os.readlink("/proc/self/ns/pid") == HOST_PID_NAMESPACE
    except OSError:
        return False


AMD_DRIVER = Path("/dev/kfd")
"""Device of the driver with which ROCm computes."""
HOST_PID_NAMESPACE = "pid:[4026531836]"
"""The kernel's constant name of the first pid name space, which is that of NVML."""
