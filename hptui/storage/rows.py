"""Records of a store besides trials and attempts: the study, commands, events, samples, files, summaries of metrics.

Times are UTC seconds since the epoch. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hptui.model.trial import StudyState

SCHEMA_VERSION = 2
"""Newest format of the tables that this version supports: `PRAGMA user_version`."""
APPLICATION_ID = 0x68707475
"""`PRAGMA application_id` of our stores: "hptu"."""


@dataclass(frozen=True, slots=True)
class StudyRow:
    """The row of the study. `spec` is the study file as a JSON object, at `revision`; `seconds` is time of activity."""

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
class MetricSummary:
    """Summary of a metric of a trial: its newest point, extremes of its finite values, number of points.

    `value` may be NaN or infinite; `nonfinite` counts such points, which are included in `n`.
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
    """A section of a curve: first and last step, extremes and mean of its finite values, number of points.

    Extremes and mean are None if no value is finite. `seconds` is the time of training at its end.
    """

    first: int
    last: int
    low: float | None
    high: float | None
    mean: float | None
    n: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Command:
    """A request to the runner. `done` is the time at which it was carried out, None if it was not yet."""

    id: int
    at: float
    verb: str
    args: Mapping[str, Any]
    done: float | None = None
    ok: bool | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened. `level` is info, warning or error; `trial` is None if it concerns the study."""

    id: int
    at: float
    level: str
    trial: int | None
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Resource usage of an attempt at a moment.

    Memory is in GiB, `cpu` in percent of one core, `util` in percent of the attempt's GPUs.
    """

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
