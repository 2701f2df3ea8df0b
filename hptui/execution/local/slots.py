"""The slots of one study on this machine, as leases.

A slot is free when neither this study, nor another one, nor any other process takes its GPU's memory."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass

from hptui.core.study import Resources
from hptui.execution.executor import Lease, usable_cpu_cores
from hptui.execution.local import devices, shim
from hptui.execution.local.devices import Gpu, Slot
from hptui.execution.local.environment import gpu_facts

MEMORY_MARGIN = 1.1
"""Free GPU memory that a slot must have, as a multiple of the highest peak of earlier trials."""
MIN_FREE_SHARE = 0.05
"""Share (0 to 1) of a GPU's memory that must be free as long as no trial's use is known."""


@dataclass(frozen=True, slots=True)
class LocalLease(Lease):
    """A slot of this machine. `locks` are the descriptors that hold its GPUs; they pass to the attempt's shim."""

    locks: tuple[int, ...] = ()


class SlotPool:
    """The slots that a study may fill. `peak_gpu_gb` returns how much GPU memory (GiB) its trials have needed."""

    def __init__(self, resources: Resources, peak_gpu_gb: Callable[[], float | None]) -> None:
        self._slots = devices.slots_for(resources)
        self._peak_gpu_gb = peak_gpu_gb

    def __len__(self) -> int:
        return len(self._slots)

    def claim(self, taken: Collection[str]) -> tuple[LocalLease | None, str]:
        """Lock a slot whose label is not `taken`; return it or None, and what GPU memory is lacking, if any."""
        waiting = ""
        for slot in self._slots:
            if slot.label in taken:
                continue
            if shortage := self._memory_shortage(slot):
                waiting = shortage
                continue
            locks = devices.lock_slot(slot)
            if locks is not None:
                return self._lease(slot, locks), waiting
        return None, waiting

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

    def _memory_shortage(self, slot: Slot) -> str:
        """Return why a slot's GPUs have too little free memory, and who uses them; '' when they have enough."""
        if not slot.gpus:
            return ""
        current = {gpu.uuid: gpu for gpu in devices.visible_gpus()}
        for gpu in (current[listed.uuid] for listed in slot.gpus if listed.uuid in current):
            needed = self._needed_gb(gpu)
            if gpu.free_gb < needed:
                holders = ", ".join(map(str, devices.gpu_processes(gpu))) or "nobody that the driver names"
                room = f"{gpu.free_gb:.1f} of {gpu.total_gb:.1f} GiB free, {needed:.1f} needed"
                return f"waiting for GPU {gpu.index}: {room}; held by {holders}"
        return ""

    def _needed_gb(self, gpu: Gpu) -> float:
        peak = self._peak_gpu_gb()
        return peak * MEMORY_MARGIN if peak else gpu.total_gb * MIN_FREE_SHARE
