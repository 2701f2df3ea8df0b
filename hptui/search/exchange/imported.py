"""A trial that ran elsewhere before, as its record describes it. What the record lacks stays unknown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError
from hptui.core.study import Study
from hptui.core.trial import Reason, TrialStatus, Value
from hptui.store.run_directory import split_nonfinite


@dataclass(frozen=True, slots=True)
class ImportedTrial:
    """One row of a table, or one trial of another program. `location` names it there.

    `values` are the objectives, only of one that ran to its end; `metrics` are other measurements, at no known step.
    """

    location: str
    params: Mapping[str, Value]
    status: TrialStatus
    reason: Reason | None = None
    message: str = ""
    values: Mapping[str, float] | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    curve: Sequence[tuple[int, float]] = ()
    started: float | None = None
    ended: float | None = None
    seconds: float | None = None
    peak_memory_gb: float | None = None
    name: str = ""
    note: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict)


def with_objectives(
    study: Study, location: str, status_text: str, values: Mapping[str, float], **more: Any
) -> ImportedTrial:
    """Return a trial with its objectives as recorded. `status_text` is the status in its record, or ''.

    Without a status, it is complete if every objective is a number. A trial that is not complete has no objective
    values, only metrics. Raises: UserError for an unknown status.
    """
    status, reason = STATUS_OF_WORD.get(status_text.strip().lower(), (None, None))
    if status_text.strip() and status is None:
        raise UserError(
            f"{location}, status: {status_text[:80]!r} is no status", hint="complete, pruned, failed, or stopped"
        )
    metrics = [objective.metric for objective in study.objectives]
    not_finite = [name for name in metrics if name in values and not math.isfinite(values[name])]
    missing = [name for name in metrics if name not in values]
    if status in (None, TrialStatus.COMPLETE):
        if not_finite:
            return ImportedTrial(
                location,
                status=TrialStatus.FAILED,
                reason=Reason.NAN,
                message=f"{not_finite[0]} is no finite number",
                **more,
            )
        if missing:
            message = f"its record has no {missing[0]}"
            return ImportedTrial(location, status=TrialStatus.FAILED, reason=Reason.NO_METRIC, message=message, **more)
        objective_values = {name: float(values[name]) for name in metrics}
        return ImportedTrial(
            location, status=TrialStatus.COMPLETE, reason=Reason.FINISHED, values=objective_values, **more
        )
    assert status is not None
    shown = {name: float(value) for name, value in values.items() if math.isfinite(value)}
    more["metrics"] = {**shown, **more.get("metrics", {})}
    return ImportedTrial(location, status=status, reason=reason, **more)


STATUS_OF_WORD: Mapping[str, tuple[TrialStatus, Reason | None]] = {
    "complete": (TrialStatus.COMPLETE, Reason.FINISHED),
    "completed": (TrialStatus.COMPLETE, Reason.FINISHED),
    "finished": (TrialStatus.COMPLETE, Reason.FINISHED),
    "pruned": (TrialStatus.PRUNED, Reason.PRUNER),
    "early_stopped": (TrialStatus.PRUNED, Reason.PRUNER),
    "fail": (TrialStatus.FAILED, None),
    "failed": (TrialStatus.FAILED, None),
    "crashed": (TrialStatus.FAILED, Reason.CRASH),
    "oom": (TrialStatus.FAILED, Reason.OOM),
    "stopped": (TrialStatus.STOPPED, None),
    "killed": (TrialStatus.STOPPED, None),
}
"""Status and reason for the words that programs use. An unrecorded reason stays unknown."""


def to_command(trial: ImportedTrial) -> dict[str, Any]:
    """Return the trial as JSON, for a command to the runner of the study."""
    metrics, not_finite = split_nonfinite(dict(trial.metrics))
    return {
        "place": trial.location,
        "params": dict(trial.params),
        "status": str(trial.status),
        "reason": str(trial.reason) if trial.reason else None,
        "message": trial.message,
        "values": dict(trial.values) if trial.values is not None else None,
        "metrics": {name: value for name, value in metrics.items() if name not in not_finite},
        "curve": [[step, value if math.isfinite(value) else None] for step, value in trial.curve],
        "started": trial.started,
        "ended": trial.ended,
        "seconds": trial.seconds,
        "peak_memory_gb": trial.peak_memory_gb,
        "name": trial.name,
        "note": trial.note,
        "facts": dict(trial.facts),
    }
