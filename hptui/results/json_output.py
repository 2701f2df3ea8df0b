"""The JSON output of the verbs, with the same keys in `--json`, exports and archives; prior knowledge as text.

Times are UTC in ISO 8601, durations are seconds of activity, memory is GiB. A non-finite value is null and listed in
`nonfinite` in the same object."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from hptui.core.masking import Numbers
from hptui.core.trial import Attempt, Role, Trial
from hptui.results.analysis.samplers import proposed_since, uses_values
from hptui.results.view import View
from hptui.store.reader import StoreReader
from hptui.store.run_directory import split_nonfinite

Json = dict[str, Any]
"""A JSON object."""


def iso_time(seconds: float | None) -> str | None:
    """Return a time (seconds since the epoch) as `2026-11-22T05:34:10.250Z`."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def round_measured(value: float | None, digits: int = 3) -> float | None:
    """Return seconds or GiB rounded to the digits that were measured."""
    return None if value is None else round(value, digits)


def trial_json(trial: Trial) -> Json:
    """Return a trial as `hptui trials --json` lists it. `metrics` holds the last value of each metric."""
    values, nonfinite_values = _split(trial.values)
    metrics, nonfinite = _split(trial.metrics)
    fields: Json = {
        "number": trial.number,
        "name": trial.name,
        "status": trial.status,
        "reason": trial.reason,
        "params": dict(trial.params),
        "effective": dict(trial.effective),
        "values": values if trial.values is not None else None,
        "metrics": metrics,
        "started": iso_time(trial.started),
        "ended": iso_time(trial.ended),
        "seconds": round_measured(trial.seconds),
        "peak_memory_gb": round_measured(trial.peak_memory_gb, 4),
        "attempts": trial.attempts,
        "note": trial.note,
        "role": trial.role,
        "title": trial.title,
        "message": trial.message,
        "progress": round_measured(trial.progress, 4),
        "stage": trial.stage,
        "replicate_of": trial.replicate_of,
        "continued": _continued(trial),
        "facts": dict(trial.facts),
    }
    if nonfinite or nonfinite_values:
        fields["nonfinite"] = {**nonfinite, **nonfinite_values}
    return fields


def _continued(trial: Trial) -> Json | None:
    return (
        {"trial": trial.continued_from[0], "step": trial.continued_from[1]}
        if trial.continued_from is not None
        else None
    )


def _split(values: Mapping[str, float | None] | None) -> tuple[dict[str, float | None], dict[str, str]]:
    """Return values with None for non-finite ones, and the non-finite ones by name."""
    present = {name: value for name, value in (values or {}).items() if value is not None}
    plain, nonfinite = split_nonfinite(present)
    return {name: plain.get(name) for name in values or {}}, nonfinite


def curve_json(reader: StoreReader, trial: int, metric: str) -> list[Json]:
    """Return the points of a metric in the order of steps."""
    return Numbers(
        {"step": step, "value": value, "seconds": round(seconds, 3)}
        if isfinite(value)
        else {"step": step, "value": None, "seconds": round(seconds, 3), "nonfinite": str(value)}
        for step, value, seconds in reader.curve(trial, metric)
    )


def attempt_json(attempt: Attempt) -> Json:
    """Return an attempt: one process run of a trial."""
    return {
        "n": attempt.n,
        "state": attempt.state,
        "reason": attempt.reason,
        "message": attempt.message,
        "host": attempt.host,
        "device": attempt.device,
        "warm": attempt.warm,
        "started": iso_time(attempt.started or None),
        "ended": iso_time(attempt.ended),
        "seconds": round_measured(attempt.seconds),
        "resumed_step": attempt.resumed_step,
        "exit_code": attempt.exit_code,
        "exit_signal": attempt.exit_signal,
        "peak_gpu_gb": round_measured(attempt.peak_gpu_gb, 4),
        "mean_gpu_gb": round_measured(attempt.mean_gpu_gb, 4),
        "peak_rss_gb": round_measured(attempt.peak_rss_gb, 4),
        "mean_rss_gb": round_measured(attempt.mean_rss_gb, 4),
    }


def describe_prior_knowledge(view: View) -> str:
    """Return the prior knowledge of the current stage in one line.

    For example `8 of 10 trials of the study old; 5 of 5 experiments imported from earlier.csv`. Of a sampler that uses
    no values it is only what there is: `5 experiments imported from earlier.csv`.
    """
    with StoreReader.open(view.sd) as reader:
        sources = reader.prior_knowledge().get(view.stage, [])
    proposed = [trial for trial in view.trials if trial.role is Role.SEARCH and trial.stage == view.stage]
    learns = uses_values(view.study, proposed, view.stage)
    return "; ".join(
        _source_text(source, is_used=learns and proposed_since(proposed, source.get("numbers", ())) != [])
        for source in sources
    )


def _source_text(source: Mapping[str, object], *, is_used: bool) -> str:
    is_study = "study" in source
    noun = ("trial" if is_study else "experiment") + ("" if source["trials"] == 1 and not is_used else "s")
    counts = f"{source['heard']} of {source['trials']}" if is_used else f"{source['trials']}"
    origin = f"of the study {source['study']}" if is_study else f"imported from {source['file']}"
    return f"{counts} {noun} {origin}" + ("" if is_used or not is_study else ", which inform no proposal")
