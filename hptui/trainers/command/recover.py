"""Recovers what a killed attempt had printed or reported before its last checkpoint, but not yet recorded.

The next attempt continues after that checkpoint, so its script will not report those points again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hptui.storage.rundir import RunDir
from hptui.trainers.context import TrialContext
from hptui.trainers.metrics_in.collect import OUTPUT, REPORT, TAP, MetricsCollector, MetricsSource
from hptui.trainers.metrics_in.lines import LineReader, split_lines
from hptui.trainers.metrics_in.reading import MetricsReading
from hptui.trainers.metrics_in.reports import TAP_PREFIX, ReportsReader

MAX_REREAD_BYTES = 16 << 20
"""Bytes at the end of a log that are read again."""


def recover_points(trial: TrialContext, collector: MetricsCollector, reader: LineReader | None, reports: str) -> None:
    """Record the unrecorded points of the previous attempt, up to the step that this one continues after."""
    until = trial.resumes_after
    if until is None or trial.attempt < 2:
        return
    previous = RunDir(trial.attempt_dir.with_name(f"attempt-{trial.attempt - 1}"))
    last_steps, sources = _on_record(previous)
    for name, reading in _readings_of(previous, reader, reports):
        step = reading.step
        if step is None or step > until:
            continue
        missing = {
            metric: value
            for metric, value in reading.metrics.items()
            if sources.get(collector.recorded_name(metric)) == name
            and last_steps.get(collector.recorded_name(metric), -1) < step
        }
        if missing:
            collector.take(MetricsSource(trust_in(name), name), MetricsReading(missing, step))


def last_recorded_step(trial: TrialContext) -> int | None:
    """Return the last step that the previous attempt recorded, if it ended without an `end` event.

    Points after that step may be unknown. None if it ended with that event, or recorded no step.
    """
    previous = RunDir(trial.attempt_dir.with_name(f"attempt-{trial.attempt - 1}"))
    last = None
    for event in _events(previous.events):
        if event.get("k") == "end":
            return None
        if event.get("k") == "metrics":
            last = int(event["step"])
    return last


def trust_in(name: str) -> int:
    """Return the trust in a source, by its name."""
    if name == "output":
        return OUTPUT
    return TAP if name.startswith(TAP_PREFIX) else REPORT


def _on_record(previous: RunDir) -> tuple[dict[str, int], dict[str, str]]:
    """Return the last step of each metric, and the source of each."""
    steps: dict[str, int] = {}
    sources: dict[str, str] = {}
    for event in _events(previous.events):
        if event.get("k") == "metrics":
            steps |= dict.fromkeys(event.get("m") or {}, int(event["step"]))
        elif event.get("k") == "facts":
            sources |= event["facts"].get("metric_sources") or {}
    return steps, sources


def _events(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _readings_of(previous: RunDir, reader: LineReader | None, reports: str) -> Iterator[tuple[str, MetricsReading]]:
    yield from ReportsReader(previous.root / reports).read(last=True)
    if reader is None:
        return
    try:
        with previous.log.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - MAX_REREAD_BYTES))
            text = log.read().decode(errors="replace")
    except OSError:
        return
    for line in split_lines(text):
        if (reading := reader.read(line)) is not None:
            yield "output", reading
