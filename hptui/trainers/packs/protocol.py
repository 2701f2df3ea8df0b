"""What a trainer offers so that several of its trials can share one process.

`TrainerSpec.packing` names a `Packing`. It is cheap to import: runner, `check` and clients ask it which trials may
share a host. Only the host calls `load`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from hptui.core.trial import Value
from hptui.trainers.context import TrialContext


class NotHosted(Exception):
    """A trial cannot share this host, for a reason that only the loaded model shows."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HostedMember(Protocol):
    """One trial in a host. It talks to the outside only through its `TrialContext`.

    `wants` says what its next turn is: "train", "evaluate", "generate", or "" once it has ended. `tokens` is the size
    of that turn. Ended, it has a `result` or an `error`. `seconds_alone` is its share of the passes' time, `company`
    the mean number of trials in its passes, `passes` their number.
    """

    trial: TrialContext
    wants: str
    tokens: int
    ended: bool
    result: dict[str, float] | None
    error: BaseException | None
    seconds_alone: float
    passes: int
    company: float


class TimedPass(Protocol):
    """One forward and backward pass: its kind, the numbers of the trials in it, its tokens and its time."""

    kind: str
    group: tuple[int, ...]
    tokens: int
    seconds: float


class HostStep(Protocol):
    """What one step did. `limit` is the largest group that fits into memory, 0 where none is known."""

    passes: Sequence[TimedPass]
    halved: bool
    limit: int


class HostedBase(Protocol):
    """A loaded base and the trials on it.

    `reason` says why nothing can be packed on it, '' if it can. `step` takes each given member one turn further and
    never raises for a member's own failure; with `timed` it waits for the device, so that its times are right. `leave`
    drops a member without saving; idempotent. `healthy` says why no more trials should join.
    """

    reason: str

    def join(self, settings: Any, trial: TrialContext) -> HostedMember: ...
    def step(self, members: Sequence[Any], *, timed: bool = False) -> HostStep: ...
    def leave(self, member: Any) -> None: ...
    def healthy(self) -> str: ...


class GroupModel(Protocol):
    """Measured times of passes by the size of the group, and the size to run next.

    `measures`: the next pass is to be timed. `confirmed`: the choice was measured twice.
    """

    why: str
    measures: bool

    @property
    def confirmed(self) -> bool: ...

    def measured(self, group: int, tokens: int, seconds: float) -> None: ...
    def next_group(self, waiting: int, tokens: int) -> int: ...
    def best(self, tokens: int) -> int: ...
    def times(self, tokens: int) -> Mapping[int, float]: ...
    def speedup(self, tokens: int) -> float: ...
    def shrink(self, limit: int) -> None: ...


class Packing(Protocol):
    """The capability of a trainer to run several trials in one process.

    `settings` are plain, as in an attempt's `config.json`. Trials share a host only if their keys are equal.
    `key_settings` names the settings that a key depends on. `shared_metrics` are those that tell of the process and
    not of one trial there: trials that are judged by them do not share one.
    """

    key_settings: Sequence[str]
    shared_metrics: Collection[str]

    def why_not(self, settings: Mapping[str, Value], *, role: str = "", dry: bool = False) -> str: ...
    def key(self, settings: Mapping[str, Value], directory: Path) -> str: ...
    def load(self, settings: Mapping[str, Value], directory: Path, device: str) -> HostedBase: ...
    def join(self, base: Any, settings: Mapping[str, Value], trial: TrialContext) -> HostedMember: ...
    def group_model(self, largest: int) -> GroupModel: ...
