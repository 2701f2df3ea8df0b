"""Whether a GPU has room for a trial, from what the driver says of it and what earlier trials needed. Pure.

A GPU that a trial has to itself never waits for more than the card can give: what earlier trials needed with a margin,
but at most what is left of the card when the processes that can be named have ended.
"""

from __future__ import annotations

from collections.abc import Sequence

from hptui.core.dataclass import dataclass
from hptui.execution.local.nvml import Gpu

MEMORY_MARGIN = 1.1
"""Free GPU memory that a slot should have, as a multiple of the highest peak of earlier trials."""
MIN_FREE_SHARE = 0.05
"""Share (0 to 1) of a GPU's memory that must be free in any case."""
UNKNOWN_FREE_SHARE = 0.5
"""The same, as long as no trial's use is known and nobody can say whose memory is taken."""
KEPT_SHARE = 0.1
"""Share (0 to 1) of a GPU's memory that driver and desktop keep, at most, where nobody can say what they do."""


@dataclass(frozen=True, slots=True)
class Occupant:
    """A process on a GPU; `gb` is GiB, None if the driver does not say; `text` describes it.

    `known`: it is surely a process of somebody, and not a pid that nobody here can look up.
    """

    gb: float | None
    text: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """What is known when a slot of a GPU is to be filled.

    `gpu` is as it is now. `of` trials may use it at once. `peak_gb` is the most that an earlier trial needed of one
    GPU. `complete` says that `occupants` are all processes on the GPU; `share` that a trial may start although
    there are some.
    """

    gpu: Gpu
    of: int
    peak_gb: float | None
    occupants: Sequence[Occupant] = ()
    complete: bool = False
    share: bool = False


def shortage(room: Room) -> str:
    """Return why a trial cannot start on a GPU now; '' if it can."""
    gpu, holders = room.gpu, ", ".join(occupant.text for occupant in room.occupants) or "nobody that the driver names"
    if room.of == 1 and not room.share and any(occupant.known for occupant in room.occupants):
        memory = f"{gpu.free_gb:.1f} of {gpu.total_gb:.1f} GiB free"
        return f"waiting for GPU {gpu.label}: {memory}, but a trial would disturb what runs there; held by {holders}"
    needed = needed_gb(room)
    if gpu.free_gb >= needed:
        return ""
    return (
        f"waiting for GPU {gpu.label}: {gpu.free_gb:.1f} of {gpu.total_gb:.1f} GiB free, {needed:.1f} needed; "
        f"held by {holders}"
    )


def needed_gb(room: Room) -> float:
    """Return the memory (GiB) that must be free before a trial starts."""
    least = room.gpu.total_gb * MIN_FREE_SHARE
    if room.peak_gb:
        return max(least, min(room.peak_gb * MEMORY_MARGIN, _available_gb(room) / room.of))
    if room.complete or room.share or room.of > 1:
        return least
    return room.gpu.total_gb * UNKNOWN_FREE_SHARE


def _available_gb(room: Room) -> float:
    """Return what trials can have of a GPU at all, in GiB.

    What is taken, but by no process, is the driver's or the desktop's to keep.
    """
    gpu, sizes = room.gpu, [occupant.gb for occupant in room.occupants]
    if not room.complete or None in sizes:
        return gpu.total_gb * (1 - KEPT_SHARE)
    return min(gpu.total_gb, gpu.free_gb + sum(size or 0.0 for size in sizes))
