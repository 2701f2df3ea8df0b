"""What the verbs say in JSON: the same keys in `--json`, in exports and in archives of results.

Times are UTC in ISO 8601, durations seconds of activity, memory GiB. A value that is no number is null, and named in
`nonfinite` beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hptui.model.trial import Attempt, Trial
from hptui.storage.reader import Reader
from hptui.storage.rundir import split_nonfinite

Json = dict[str, Any]


def iso(seconds: float | None) -> str | None:
    """A moment, as `2026-11-22T05:34:10.250Z`."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rounded(value: float | None, digits: int = 3) -> float | None:
    """Seconds and GiB need no more digits than were measured."""
    return None if value is None else round(value, digits)


def trial_json(trial: Trial) -> Json:
    """A trial as `hptui trials --json` lists it. `metrics` holds each metric's last value."""
    values, odd_values = _split(trial.values)
    metrics, odd = _split(trial.metrics)
    shape: Json = {
        "number": trial.number,
        "name": trial.name,
        "status": trial.status,
        "reason": trial.reason,
        "params": dict(trial.params),
        "effective": dict(trial.effective),
        "values": values if trial.values is not None else None,
        "metrics": metrics,
        "started": iso(trial.started),
        "ended": iso(trial.ended),
        "seconds": rounded(trial.seconds),
        "peak_memory_gb": rounded(trial.peak_memory_gb, 4),
        "attempts": trial.attempts,
        "note": trial.note,
        "role": trial.role,
        "title": trial.title,
        "message": trial.message,
        "progress": rounded(trial.progress, 4),
        "stage": trial.stage,
        "replicate_of": trial.replicate_of,
        "continued": _continued(trial),
        "facts": dict(trial.facts),
    }
    if odd or odd_values:
        shape["nonfinite"] = {**odd, **odd_values}
    return shape


def _continued(trial: Trial) -> Json | None:
    return {"trial": trial.continued[0], "step": trial.continued[1]} if trial.continued is not None else None


def _split(values: Mapping[str, float | None] | None) -> tuple[dict[str, float | None], dict[str, str]]:
    known = {name: value for name, value in (values or {}).items() if value is not None}
    plain, odd = split_nonfinite(known)
    return {name: plain.get(name) for name in values or {}}, odd


def curve_json(reader: Reader, trial: int, metric: str) -> list[Json]:
    """A metric's points by step."""
    points: list[Json] = []
    for step, value, seconds in reader.curve(trial, metric):
        plain, odd = split_nonfinite({metric: value})
        point: Json = {"step": step, "value": plain[metric], "seconds": rounded(seconds)}
        points.append({**point, "nonfinite": odd[metric]} if odd else point)
    return points


def attempt_json(attempt: Attempt) -> Json:
    """One process run of a trial."""
    return {
        "n": attempt.n,
        "state": attempt.state,
        "reason": attempt.reason,
        "message": attempt.message,
        "host": attempt.host,
        "device": attempt.device,
        "warm": attempt.warm,
        "started": iso(attempt.started or None),
        "ended": iso(attempt.ended),
        "seconds": rounded(attempt.seconds),
        "resumed_step": attempt.resumed_step,
        "exit_code": attempt.exit_code,
        "exit_signal": attempt.exit_signal,
        "peak_gpu_gb": rounded(attempt.peak_gpu_gb, 4),
        "mean_gpu_gb": rounded(attempt.mean_gpu_gb, 4),
        "peak_rss_gb": rounded(attempt.peak_rss_gb, 4),
        "mean_rss_gb": rounded(attempt.mean_rss_gb, 4),
    }
