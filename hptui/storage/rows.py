"""What a store knows beside trials and attempts: the study itself, requests, events, samples, files, curves in short.

Times are UTC seconds since the epoch. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hptui.model.trial import StudyState

SCHEMA = 2
"""The newest shape of the tables that this version knows: `PRAGMA user_version`."""
APPLICATION_ID = 0x68707475
"""`PRAGMA application_id`: "hptu"."""


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study as the store has it. `spec` is the study file as JSON says it, at `revision`."""

    name: str
    state: StudyState
    uuid: str
    created: float
    spec: Mapping[str, Any]
    revision: int
    message: str
    seconds: float
    started: float | None
    ended: float | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of the study's specification, and why it was made."""

    rev: int
    at: float
    spec: Mapping[str, Any]
    why: str


@dataclass(frozen=True, slots=True)
class LastValue:
    """A metric of a trial in short: its newest point, its extremes among finite values, how many points there are.

    `value` may be NaN or infinite; `nonfinite` counts such points, which are among the `n`.
    """

    step: int
    value: float
    low: float | None
    low_step: int | None
    high: float | None
    high_step: int | None
    n: int
    nonfinite: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """A stretch of a curve: its finite extremes and mean (None when there are none), its number of points, and the
    seconds of training at its end."""

    first: int
    last: int
    low: float | None
    high: float | None
    mean: float | None
    n: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Command:
    """A request that somebody left. `done` is when it was carried out."""

    id: int
    at: float
    verb: str
    args: Mapping[str, Any]
    done: float | None = None
    ok: bool | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened. `level` is info, warning or error; `trial` is None when it concerns the study."""

    id: int
    at: float
    level: str
    trial: int | None
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What an attempt used at a moment. Memory in GiB, `cpu` in percent of one core, `util` in percent of its GPUs."""

    token: str
    at: float
    gpu_gb: float | None = None
    rss_gb: float | None = None
    util: float | None = None
    cpu: float | None = None


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint that a worker announced."""

    trial: int
    step: int
    attempt: int
    path: str
    bytes: int
    at: float


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A file that a trial left."""

    trial: int
    path: str
    attempt: int
    label: str
    at: float
