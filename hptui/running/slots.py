"""Which slots of this machine a study may fill now: none that is taken by it, another study or any process."""

from __future__ import annotations

from collections.abc import Callable

from hptui.model.study import Resources
from hptui.running import devices
from hptui.running.devices import Gpu, Slot

MEMORY_MARGIN = 1.1
"""Free GPU memory that a slot must have, as a multiple of the highest peak of earlier trials."""
MIN_FREE_SHARE = 0.05
"""Share (0 to 1) of a GPU's memory that must be free as long as no trial's use is known."""


class SlotPool:
    """The slots of one study.

    `peak` returns how much GPU memory (GiB) its trials have needed, None if not known. `waiting_reason` says why no
    slot could be had at the last try, '' if none was refused for lack of memory.
    """

    def __init__(self, resources: Resources, peak: Callable[[], float | None]) -> None:
        self._all = devices.slots_for(resources)
        self._peak = peak
        self._labels: dict[str, str] = {}
        self.waiting_reason = ""

    def __len__(self) -> int:
        return len(self._all)

    def take(self, token: str, label: str) -> None:
        """Note that an attempt holds a slot."""
        self._labels[token] = label

    def free(self, token: str) -> None:
        """Note that an attempt no longer holds its slot."""
        self._labels.pop(token, None)

    def claim(self) -> tuple[Slot, list[int]] | None:
        """Lock a slot; return it with its descriptors for the attempt, None when none can be had now."""
        self.waiting_reason = ""
        taken = set(self._labels.values())
        for slot in self._all:
            if slot.label in taken:
                continue
            if shortage := self._memory_shortage(slot):
                self.waiting_reason = shortage
                continue
            locks = devices.lock_slot(slot)
            if locks is not None:
                return slot, locks
        return None

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
        peak = self._peak()
        return peak * MEMORY_MARGIN if peak else gpu.total_gb * MIN_FREE_SHARE
