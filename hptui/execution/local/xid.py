"""Faults that the NVIDIA driver reports of a GPU by itself: Xid numbers, as events of NVML.

Source of numbers and texts: "Xid Errors", docs.nvidia.com/deploy/xid-errors. Numbers by which the driver blames the
program (13, 31, 43, 45 and others) are left out.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Collection
from typing import Any

from hptui.execution.local import nvml

XID_EVENT = 8
"""NVML's `nvmlEventTypeXidCriticalError`."""
LOOK_EVERY_S = 2.0
"""Seconds between two questions to the driver."""
MAX_EVENTS_AT_ONCE = 100
"""Events that one question takes in, at most: a failing card may report thousands."""
XID_TEXTS = {
    38: "the driver's firmware failed",
    46: "the GPU stopped processing",
    48: "a double-bit error of its memory (ECC)",
    61: "a failure of its internal controller",
    62: "a failure of its internal controller",
    63: "a defective page or row of its memory was recorded; reset the GPU",
    64: "a defective page or row of its memory could not be recorded; reset the GPU",
    74: "an error of NVLink",
    79: "the GPU has fallen off the bus",
    92: "many errors of its memory that could be corrected",
    94: "an error of its memory that could not be corrected, contained in one program",
    95: "an error of its memory that could not be corrected; reset the GPU",
    109: "a program on it could not be switched in time",
    119: "its system processor does not answer; reset the GPU",
    120: "its system processor failed; reset the GPU",
    140: "an error of its memory that could not be corrected",
    143: "it could not be initialised",
    154: "the driver asks for an action, such as a reset",
}
"""Number -> what has happened to the GPU."""


def _identity(handle: Any) -> int | str:
    """Return what tells cards apart, asking none of them: one that is lost does not say who it is.

    A handle of the library is a pointer; two pointers to the same card are different objects.
    """
    return str(handle) if isinstance(handle, int | str) else ctypes.cast(handle, ctypes.c_void_p).value or 0


class XidWatch:
    """Listens to what the driver reports of some cards (its indices). Where NVML cannot, nothing is heard."""

    def __init__(self, cards: Collection[int]) -> None:
        self._set: Any = None
        self._labels: dict[int | str, str] = {}
        self._reported: set[tuple[int | str, int]] = set()
        self._looked_at = 0.0
        watched = [device for device in nvml.cards() if device.index in cards]
        if watched:
            self._set = nvml.query("nvmlEventSetCreate", None)
        for device in watched if self._set is not None else ():
            nvml.query("nvmlDeviceRegisterEvents", None, device.handle, XID_EVENT, self._set)
            self._labels[_identity(device.handle)] = str(device.index)

    def notices(self) -> list[str]:
        """Return a sentence for each fault that was not reported before, per GPU and number. Never blocks."""
        now = time.monotonic()
        if self._set is None or now - self._looked_at < LOOK_EVERY_S:
            return []
        self._looked_at = now
        sentences: list[str] = []
        for _ in range(MAX_EVENTS_AT_ONCE):
            event = nvml.query("nvmlEventSetWait_v2", None, self._set, 0)  # raises when there is none
            if event is None:
                break
            fault = (_identity(event.device), int(event.eventData))
            if fault[1] in XID_TEXTS and fault not in self._reported:
                self._reported.add(fault)
                card = f"GPU {self._labels[fault[0]]}" if fault[0] in self._labels else "a GPU"
                sentences.append(f"{card}: the driver reports Xid {fault[1]}: {XID_TEXTS[fault[1]]}")
        return sentences

    def close(self) -> None:
        """Stop listening."""
        if self._set is not None:
            nvml.query("nvmlEventSetFree", None, self._set)
            self._set = None
