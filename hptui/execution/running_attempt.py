"""A running attempt as the runner knows it: what its events have reported, and the clocks that watch it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import field

from hptui.core.dataclass import dataclass
from hptui.core.trial import Attempt, Trial
from hptui.execution.executor import Handle, State
from hptui.store.run_directory import RunDir

MAX_CURVE_POINTS = 512
"""Points kept of one curve; more are thinned."""


@dataclass
class RunningAttempt:
    """A running attempt, with the state that its events have reported so far.

    `offset` and `sequence` are what the store has committed; `last_event_at` is when anything but a heartbeat last came
    (`time.monotonic`); `latest` are the last values of metrics, and `measured_at` the progress at which each was
    reported; `earlier_seconds` are those of earlier attempts that this one continues. `has_new_values` says
    that values came which the pruner has not seen, `exempt` that pruners leave it alone. `suspects` counts its invalid
    lines, `failed_reads` the turns in a row that could not follow it; `poison` says why it is followed no more.
    `gpu_peaks` is the most memory (GiB) that was seen on each GPU, by UUID, `slowed_by` why clocks were low. `state` is
    the executor's last answer, and `state_since` since when it is that (UTC); `doubtful_s` counts the seconds of a
    doubtful end, `unreachable_s` those in which nobody could be asked, `overdue_s` those since it was to end.
    """

    attempt: Attempt
    trial: Trial
    run: RunDir
    handle: Handle
    offset: int = 0
    sequence: int = 0
    total_steps: int | None = None
    step: int | None = None
    progress: float | None = None
    active_seconds: float = 0.0
    seen_at: float = field(default_factory=time.monotonic)
    last_event_at: float = field(default_factory=time.monotonic)
    followed_at: float = field(default_factory=time.monotonic)
    allowance: float = 0.0
    hang_reported: bool = False
    requested_end: str = ""
    end_message: str = ""
    earlier_seconds: float = 0.0
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    latest: dict[str, float] = field(default_factory=dict)
    measured_at: dict[str, float] = field(default_factory=dict)
    has_new_values: bool = False
    exempt: bool = False
    suspects: int = 0
    failed_reads: int = 0
    poison: str = ""
    gpu_peaks: dict[str, float] = field(default_factory=dict)
    slowed_by: dict[str, None] = field(default_factory=dict)
    state: State = field(default_factory=lambda: State("starting"))
    state_since: float = field(default_factory=time.time)
    doubted_at: float = field(default_factory=time.monotonic)
    doubtful_s: float = 0.0
    unreachable_s: float = 0.0
    overdue_s: float = 0.0
    unreachable_reported: bool = False

    def note_state(self, state: State) -> None:
        """Note what the executor says now, and since when."""
        if state.kind != self.state.kind:
            self.state_since = time.time()
        self.state = state

    @property
    def seconds(self) -> float:
        """Seconds of activity of this attempt: the last time stamp of its events, plus the time since it came."""
        return self.active_seconds + (time.monotonic() - self.seen_at)

    def progress_at(self, step: int, reported: float | None) -> float | None:
        """Return the share of the budget (0 to 1) at a step: as reported, else from the total number of steps."""
        if reported is not None:
            return min(1.0, max(0.0, float(reported)))
        return min(1.0, step / self.total_steps) if self.total_steps else None

    def extend(self, metric: str, progress: float, value: float) -> None:
        """Add a point to a curve that pruners compare; halve the number of points when it gets too long."""
        curve = self.curves.setdefault(metric, [])
        curve.append((progress, value))
        if len(curve) > MAX_CURVE_POINTS:
            self.curves[metric] = curve[:-1][::2] + curve[-1:]

    def next_report(self, metric: str) -> float:
        """Return the number of a metric's next report, from 1."""
        curve = self.curves.get(metric)
        return curve[-1][0] + 1 if curve else 1.0

    def note_gpus(self, sizes: Mapping[str, float], slowed_by: Iterable[str]) -> None:
        """Note the memory (GiB) that is used on each GPU, by UUID, and why their clocks are low."""
        self.slowed_by.update(dict.fromkeys(slowed_by))
        for uuid, size in sizes.items():
            self.gpu_peaks[uuid] = max(size, self.gpu_peaks.get(uuid, 0.0))

    def note_turn(self, *, frozen: bool) -> None:
        """Note that a turn followed the attempt; with `frozen` its clocks do not count the time since."""
        now = time.monotonic()
        if frozen:
            self.seen_at += now - self.followed_at
            self.last_event_at += now - self.followed_at
        self.followed_at = now

    def reset_clocks(self) -> None:
        """Restart the hang clock, after the machine or the runner slept: silence then shows nothing."""
        self.last_event_at = time.monotonic()
