"""A running attempt, as the runner knows it: what is read of its events, and the clocks that watch it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from hptui.model.trial import Attempt, Trial
from hptui.storage.rundir import RunDir

MAX_CURVE = 512


@dataclass
class Live:
    """`offset` and `sequence` are what the store has committed; `moved` is when anything but a heartbeat last came.

    `before` counts the seconds of earlier attempts that this one builds on.
    """

    attempt: Attempt
    trial: Trial
    run: RunDir
    handle: int | None = None
    shim: int | None = None
    offset: int = 0
    sequence: int = 0
    total_steps: int | None = None
    step: int | None = None
    progress: float | None = None
    activity: float = 0.0
    seen_at: float = field(default_factory=time.monotonic)
    moved: float = field(default_factory=time.monotonic)
    allowance: float = 0.0
    hang_told: bool = False
    asked: str = ""
    why: str = ""
    before: float = 0.0
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    latest: dict[str, float] = field(default_factory=dict)
    fresh: bool = False
    sheltered: bool = False

    @property
    def seconds(self) -> float:
        """Seconds of activity of this attempt: what its own clock said last, plus what passed here since."""
        return self.activity + (time.monotonic() - self.seen_at)

    def progress_at(self, step: int, told: float | None) -> float | None:
        """Share of the budget at a step: as reported, else from the total."""
        if told is not None:
            return min(1.0, max(0.0, float(told)))
        return min(1.0, step / self.total_steps) if self.total_steps else None

    def extend(self, metric: str, progress: float, value: float) -> None:
        """Add a point to a curve that pruners compare, thinned to a bounded length."""
        curve = self.curves.setdefault(metric, [])
        curve.append((progress, value))
        if len(curve) > MAX_CURVE:
            self.curves[metric] = curve[:-1][::2] + curve[-1:]

    def count(self, metric: str) -> float:
        """Which report of a metric comes next, from 1."""
        curve = self.curves.get(metric)
        return curve[-1][0] + 1 if curve else 1.0

    def reset_clocks(self) -> None:
        """After the machine slept or the runner was stopped: silence meanwhile is no evidence."""
        self.moved = time.monotonic()

    def close(self) -> None:
        """Let go of the handle."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None
