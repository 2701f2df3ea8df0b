"""The slots of one study on this machine, as leases.

A slot is free when neither this study, nor another one, nor any other process takes its GPU's memory."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Collection

from hptui.core.dataclass import dataclass
from hptui.core.study import Resources
from hptui.execution.executor import Lease, usable_cpu_cores
from hptui.execution.local import devices, nvml, shim, torch_build
from hptui.execution.local.devices import Slot
from hptui.execution.local.environment import gpu_facts
from hptui.execution.local.gpu_memory import Occupant, Room, shortage
from hptui.execution.local.gpu_processes import gpu_processes
from hptui.execution.local.xid import XidWatch

MPS = "nvidia-cuda-mps"
"""Beginning of the names of the driver's own processes for MPS, which stay on a GPU for ever."""
LONG_WAIT_S = 300.0
"""Seconds of waiting for a GPU after which the way out is shown."""
HELD_WAIT_S = 15.0
"""Seconds of waiting after which the studies that hold the GPUs are mentioned."""


@dataclass(frozen=True, slots=True)
class LocalLease(Lease):
    """A slot of this machine. `locks` are the descriptors that hold its GPUs; they pass to the attempt's shim.

    `shares_with` is the directory of the host that it is a place in, which holds the slot; '' for a slot of its own.
    """

    locks: tuple[int, ...] = ()
    shares_with: str = ""


class SlotPool:
    """The slots that a study may fill. `peak_gpu_gb` returns how much memory (GiB) its trials have needed of one GPU.

    GPUs in `avoided` (UUIDs) get no trials; of a number of GPUs those in `prefer` come first. Raises what `slots_for`
    does, and `MachineError` when there is no place for the locks of GPUs.
    """

    def __init__(
        self, resources: Resources, peak_gpu_gb: Callable[[], float | None], prefer: Collection[str] = ()
    ) -> None:
        self._slots = devices.slots_for(resources, prefer)
        if any(slot.gpus for slot in self._slots):
            devices.runtime_directory()
        self._share = resources.share
        self._peak_gpu_gb = peak_gpu_gb
        self._waiting_since: float | None = None
        self._held_since: float | None = None
        self._silent: set[str] = set()
        self._torch_problem: str | None = None
        self.avoided: Collection[str] = ()
        self._notices = _unusable_at_start(resources) if any(slot.gpus for slot in self._slots) else []
        self._faults = XidWatch({gpu.index for slot in self._slots for gpu in slot.gpus})

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def labels(self) -> list[str]:
        """Names of the slots."""
        return [slot.label for slot in self._slots]

    def take_notices(self) -> list[str]:
        """Return sentences about GPUs that do not answer, and about faults that the driver reports, each once."""
        notices, self._notices = self._notices, []
        return notices + self._faults.notices()

    def close(self) -> None:
        """Listen to the driver no more."""
        self._faults.close()

    def usable(self) -> int:
        """Return the number of slots on GPUs that are not to be avoided."""
        return sum(all(gpu.uuid not in self.avoided for gpu in slot.gpus) for slot in self._slots)

    def torch_problem(self) -> str:
        """Return why the installed torch cannot use these GPUs; asked once."""
        if self._torch_problem is None:
            gpus = dict.fromkeys(gpu for slot in self._slots for gpu in slot.gpus)
            problem = torch_build.problem_with(torch_build.installed(), gpus)
            self._torch_problem = str(problem) if problem else ""
        return self._torch_problem

    def gpus_alone(self, label: str) -> tuple[str, ...]:
        """Return the UUIDs of the GPUs that a slot has to itself; () for other slots."""
        alone = (slot for slot in self._slots if slot.label == label and slot.of == 1 and not self._share)
        return next((tuple(gpu.uuid for gpu in slot.gpus) for slot in alone), ())

    def claim(self, taken: Collection[str]) -> tuple[LocalLease | None, str]:
        """Lock a slot whose label is not `taken`; return it or None, and what is waited for, if anything is.

        That is memory of a GPU; or, while no trial of this study runs, GPUs of other studies, or one that answers.
        """
        waiting, silent, held = "", "", list[str]()
        for slot in self._slots:
            if slot.label in taken or any(gpu.uuid in self.avoided for gpu in slot.gpus):
                continue
            locks = devices.lock_slot(slot)
            if locks is None:
                held.append(slot.label)
                continue
            try:
                gpus = self._gpus_now(slot)
                problem = "" if gpus is None else self._shortage(slot, gpus)
            except BaseException:
                _close(locks)
                raise
            if gpus is not None and not problem:
                self._waiting_since = self._held_since = None
                return self._lease(slot, locks), waiting
            _close(locks)  # only now: what is seen on a locked GPU is not another trial that is about to end
            waiting, silent = problem or waiting, slot.label if gpus is None else silent
        if waiting or taken:
            self._held_since = None
            return None, self._with_way_out(waiting)
        self._waiting_since = None
        return None, self._held_by_others(held) or (f"waiting until {silent} answers again" if silent else "")

    def _held_by_others(self, held: Collection[str]) -> str:
        """Return that other studies hold these slots, once that has lasted.

        A trial that ends holds its own a while.
        """
        if not held:
            self._held_since = None
            return ""
        now = time.monotonic()
        self._held_since = self._held_since or now
        if now - self._held_since < HELD_WAIT_S:
            return ""
        return f"waiting for a GPU: trials of other studies hold {', '.join(held)}"

    def _lease(self, slot: Slot, locks: Collection[int]) -> LocalLease:
        return LocalLease(
            label=slot.label,
            environment=devices.slot_environment(slot),
            gpus=tuple(gpu.uuid for gpu in slot.gpus),
            facts=gpu_facts(slot.gpus),
            host=socket.gethostname(),
            boot=shim.boot_id(),
            threads=max(1, usable_cpu_cores() // max(1, len(self._slots))),
            locks=tuple(locks),
        )

    def _gpus_now(self, slot: Slot) -> list[nvml.Gpu] | None:
        """Return a slot's GPUs as they are now; None, and a notice, where one does not answer."""
        if not slot.gpus:
            return []
        current = {gpu.uuid: gpu for gpu in nvml.all_gpus()}
        for gpu in slot.gpus:
            if gpu.uuid in current:
                self._silent.discard(gpu.uuid)
            elif gpu.uuid not in self._silent:
                self._silent.add(gpu.uuid)
                problem = f"GPU {gpu.label} ({gpu.name}) no longer answers: it gets no trials until it does"
                self._notices.append(f"{problem}; {nvml.REMEDIES[nvml.LOST]}")
        return [current[gpu.uuid] for gpu in slot.gpus] if all(gpu.uuid in current for gpu in slot.gpus) else None

    def _shortage(self, slot: Slot, gpus: Collection[nvml.Gpu]) -> str:
        """Return why no trial can start on a slot's GPUs, and who uses them; '' when one can."""
        named, peak = devices.pids_are_ours(), self._peak_gpu_gb()
        for gpu in gpus:
            occupants = [
                Occupant(process.gb, str(process), named and bool(process.name) and not process.name.startswith(MPS))
                for process in gpu_processes(gpu)
            ]
            if problem := shortage(Room(gpu, slot.of, peak, occupants, named, self._share)):
                return problem
        return ""

    def _with_way_out(self, waiting: str) -> str:
        """Add to what is waited for what can be done, once that has lasted; '' ends the waiting."""
        if not waiting:
            self._waiting_since = None
            return ""
        now = time.monotonic()
        self._waiting_since = self._waiting_since or now
        if now - self._waiting_since < LONG_WAIT_S or self._share:
            return waiting
        return f"{waiting}; to start beside other processes set share = true in [resources]"


def _unusable_at_start(resources: Resources) -> list[str]:
    """Return a sentence about each card that a study would use, if it could be used."""
    entries = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    wanted = resources.gpus == "all" or isinstance(resources.gpus, int)
    return [
        f"GPU {index} {problem}: it gets no trials until the study is started again; {nvml.REMEDIES[problem]}"
        for index, problem in (nvml.unusable_cards() if wanted else {}).items()
        if entries == [""] or str(index) in entries
    ]


def _close(locks: Collection[int]) -> None:
    for lock in locks:
        os.close(lock)
