"""Which slots of this machine a study may fill now: not taken by us, by another study, or by somebody's process."""

from __future__ import annotations

from collections.abc import Callable

from hptui.model.study import Resources
from hptui.running import devices
from hptui.running.devices import Gpu, Slot

MARGIN = 1.1
"""A GPU must have this much more memory free than earlier trials needed at their peak."""
LEAST = 0.05
"""Share of a GPU's memory that must be free as long as nothing is known of the trials."""


class Slots:
    """The slots of one study. `peak` tells how much GPU memory (GiB) its trials have needed; None: not known.

    `waiting` says why no slot could be had at the last try, '' if none was refused for lack of memory.
    """

    def __init__(self, resources: Resources, peak: Callable[[], float | None]) -> None:
        self._all = devices.slots(resources)
        self._peak = peak
        self._used: dict[str, str] = {}
        self.waiting = ""

    def __len__(self) -> int:
        return len(self._all)

    def take(self, token: str, label: str) -> None:
        """Note that an attempt holds a slot."""
        self._used[token] = label

    def free(self, token: str) -> None:
        """Note that it does no more."""
        self._used.pop(token, None)

    def claim(self) -> tuple[Slot, list[int]] | None:
        """A slot with the locks that hold it, to be handed to the attempt; None when none can be had now."""
        self.waiting = ""
        taken = set(self._used.values())
        for slot in self._all:
            if slot.label in taken:
                continue
            if full := self._full(slot):
                self.waiting = full
                continue
            locks = devices.claim(slot)
            if locks is not None:
                return slot, locks
        return None

    def _full(self, slot: Slot) -> str:
        """Why a slot's GPUs have too little free memory, and who holds them; '' when they have enough."""
        if not slot.gpus:
            return ""
        now = {gpu.uuid: gpu for gpu in devices.gpus()}
        for gpu in (now[known.uuid] for known in slot.gpus if known.uuid in now):
            needed = self._needed(gpu)
            if gpu.free_gb < needed:
                holders = ", ".join(map(str, devices.who_holds(gpu))) or "nobody that the driver names"
                room = f"{gpu.free_gb:.1f} of {gpu.total_gb:.1f} GiB free, {needed:.1f} needed"
                return f"waiting for GPU {gpu.index}: {room}; held by {holders}"
        return ""

    def _needed(self, gpu: Gpu) -> float:
        peak = self._peak()
        return peak * MARGIN if peak else gpu.total_gb * LEAST
