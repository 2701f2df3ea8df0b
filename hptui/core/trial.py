"""A trial: one configuration and what became of it. An attempt: one process run of a trial.

*What happened* (`status`) is kept apart from *why* (`reason`), and only a complete trial has an objective value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from hptui.core.dataclass import dataclass

Value = bool | int | float | str | None | list["Value"] | dict[str, "Value"]
"""A setting: any value that both TOML and JSON can express."""


class TrialStatus(StrEnum):
    """What became of a trial."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def open(self) -> bool:
        """Whether the trial may still run without a person's request."""
        return self in (TrialStatus.WAITING, TrialStatus.RUNNING, TrialStatus.PAUSED)


class Reason(StrEnum):
    """Why a trial has its status."""

    FINISHED = "finished"
    PRUNER = "pruner"
    RUNG = "rung"
    THRESHOLD = "threshold"
    EARLY_STOP = "early_stop"
    OOM = "oom"
    HOST_OOM = "host_oom"
    NAN = "nan"
    TIMEOUT = "timeout"
    CRASH = "crash"
    USAGE = "usage"
    SETUP = "setup"
    NO_METRIC = "no_metric"
    HUNG = "hung"
    UNREADABLE = "unreadable"
    LOST = "lost"
    REBOOT = "reboot"
    DISK_FULL = "disk_full"
    GPU_FAULT = "gpu_fault"
    FENCED = "fenced"
    LIMIT = "limit"
    PREEMPTED = "preempted"
    USER = "user"

    @property
    def is_machine_loss(self) -> bool:
        """Whether the machine lost the attempt: the trial runs again, and this does not count as a failure."""
        return self in MACHINE_LOSSES


MACHINE_LOSSES = (
    *(Reason.LOST, Reason.REBOOT, Reason.DISK_FULL, Reason.GPU_FAULT, Reason.FENCED),
    *(Reason.LIMIT, Reason.PREEMPTED),
)
"""Reasons of an attempt that ended through no fault of its trial."""
NOTICE_FILE = "notice.json"
"""File of a run directory in which a scheduler's job says that it must end early: by LIMIT, or PREEMPTED."""

CURVE_INCOMPLETE = "curve_incomplete"
"""Fact of a trial whose curve lacks points that nothing can recover: which steps."""
PACKED = "packed"
"""Fact of a trial that was to share a process: "yes", or "no: " and the reason."""
SECONDS_ALONE = "seconds_alone"
"""Fact of an attempt's environment, and of a trial with all its attempts: its own share of the computing, in seconds,
where it shared a process."""
HOST_LOST, HOST_REFUSED = "pack_lost", "pack_refused"
"""Facts of an attempt's environment: the trials that shared its host when that ended; why a host did not take it."""
INCOMPLETE_MARK = "?"
"""Stands behind a value of a trial whose curve is incomplete: a better or a worse one may be missing."""
FROM_TRIAL, FROM_STEP = "from_trial", "from_step"
"""Facts of a trial made from another one; the second only if it began from a checkpoint of that trial."""


class Role(StrEnum):
    """What a trial is for."""

    SEARCH = "search"
    BASELINE = "baseline"
    BASE = "base"
    LISTED = "listed"
    MANUAL = "manual"
    REPLICATE = "replicate"
    IMPORTED = "imported"

    @property
    def counts_as_trial(self) -> bool:
        """Whether the trial counts towards `trials`."""
        return self in (Role.SEARCH, Role.BASELINE)

    @property
    def spared_by_pruners(self) -> bool:
        """Whether pruners spare the trial: the baseline, and everything that a person asked for."""
        return self is not Role.SEARCH


class AttemptState(StrEnum):
    """State of one process run."""

    STARTING = "starting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    PRUNED = "pruned"
    STOPPED = "stopped"
    PAUSED = "paused"
    LOST = "lost"

    @property
    def open(self) -> bool:
        """Whether the attempt has not ended."""
        return self in (AttemptState.STARTING, AttemptState.RUNNING)


class StudyState(StrEnum):
    """What a study is doing."""

    NEW = "new"
    RUNNING = "running"
    DRAINING = "draining"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A proposal that was not run because it is infeasible or a known configuration. Only engines see it.

    `margin` > 0 is the margin of the worst constraint; 0 marks a duplicate.
    """

    params: Mapping[str, Value]
    why: str
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration and what became of it. `values` is set only if `status` is complete.

    `params` holds the overrides of the study's `[trainer]` (sampled and derived, or a listed trial's `set`). `seen`
    holds the trials that had ended when this one was proposed; others with lower numbers were still open. `stage` is
    the name of its stage. `facts` are findings of the trainer that are neither settings nor metrics: counts of
    parameters, sizes of splits, sources of metrics. `seconds` is time of activity over all attempts. Times are UTC
    seconds since the epoch.
    """

    number: int
    name: str
    status: TrialStatus
    role: Role
    params: Mapping[str, Value]
    reason: Reason | None = None
    message: str = ""
    values: Mapping[str, float] | None = None
    effective: Mapping[str, Value] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    final: Mapping[str, float] = field(default_factory=dict)
    revision: int = 1
    seed: int = 0
    engine: str = ""
    title: str = ""
    note: str = ""
    total_steps: int | None = None
    last_step: int | None = None
    progress: float | None = None
    seconds: float = 0.0
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    peak_memory_gb: float | None = None
    attempts: int = 0
    rejections: tuple[Rejection, ...] = ()
    seen: tuple[int, ...] = ()
    replicate_of: int | None = None
    stage: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict)

    @property
    def continued_from(self) -> tuple[int, int] | None:
        """(number, step) of the checkpoint that the trial began from; None if it was trained from the start."""
        if not self.facts:
            return None
        number, step = self.facts.get(FROM_TRIAL), self.facts.get(FROM_STEP)
        return (number, step) if isinstance(number, int) and isinstance(step, int) else None

    @property
    def is_at_rung(self) -> bool:
        """Whether the trial is paused at a rung: by the rule, which also decides whether it goes on."""
        return self.status is TrialStatus.PAUSED and self.reason is Reason.RUNG

    @property
    def is_uninformative(self) -> bool:
        """Whether the trial's metrics say nothing about its configuration.

        So it is for the base model, and for a trial that began from a checkpoint of another one.
        """
        return self.role is Role.BASE or self.continued_from is not None

    @property
    def incomplete_curve(self) -> str:
        """Which steps of the trial's curve nothing can recover; '' for a complete curve."""
        return str(self.facts.get(CURVE_INCOMPLETE) or "")

    def mark(self, text: str) -> str:
        """Return the text of a measured value, with a mark if the trial's curve is incomplete."""
        return text + INCOMPLETE_MARK if self.incomplete_curve and text else text

    @property
    def is_unranked(self) -> bool:
        """Whether the trial is left out of rankings: it is `mute`, or a replicate."""
        return self.is_uninformative or self.role is Role.REPLICATE


@dataclass(frozen=True, slots=True)
class Attempt:
    """One process run of a trial.

    `token` identifies it everywhere; `asked` is the verb that the runner wrote to its `control` file. Memory is in GiB.
    """

    token: str
    trial: int
    n: int
    state: AttemptState
    reason: Reason | None = None
    message: str = ""
    asked: str = ""
    boot_id: str = ""
    host: str = ""
    device: str = ""
    warm: bool = False
    started: float = 0.0
    ended: float | None = None
    seconds: float = 0.0
    resumed_step: int | None = None
    exit_code: int | None = None
    exit_signal: int | None = None
    offset: int = 0
    sequence: int = 0
    peak_gpu_gb: float | None = None
    mean_gpu_gb: float | None = None
    peak_rss_gb: float | None = None
    mean_rss_gb: float | None = None
    environment: Mapping[str, Value] = field(default_factory=dict)
