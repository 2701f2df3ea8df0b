"""What a killed attempt had printed or reported, but not on record yet, when its script saved the last checkpoint.

The next attempt goes on after that checkpoint, so nobody else would ever say those points again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hptui.storage.rundir import RunDir
from hptui.trainers.context import TrialContext
from hptui.trainers.metrics_in.collect import OUTPUT, REPORT, TAP, Collector, Source
from hptui.trainers.metrics_in.lines import LineReader, split
from hptui.trainers.metrics_in.reading import Reading
from hptui.trainers.metrics_in.reports import TAPPED, Reports

LARGEST = 16 << 20
"""Bytes at the end of a log that are read again."""


def recover(trial: TrialContext, collector: Collector, reader: LineReader | None, reports: str) -> None:
    """Record the points of the attempt before, up to the step that this one goes on after."""
    until = trial.resumes_after
    if until is None or trial.attempt < 2:
        return
    before = RunDir(trial.attempt_dir.with_name(f"attempt-{trial.attempt - 1}"))
    known, sources = _on_record(before)
    for name, reading in _said(before, reader, reports):
        step = reading.step
        if step is None or step > until:
            continue
        missing = {
            metric: value
            for metric, value in reading.metrics.items()
            if sources.get(collector.named(metric)) == name and known.get(collector.named(metric), -1) < step
        }
        if missing:
            collector.take(Source(trust(name), name), Reading(missing, step))


def recorded(trial: TrialContext) -> int | None:
    """The last step on record of the attempt before, if it ended without a word: what came after may be unknown."""
    before = RunDir(trial.attempt_dir.with_name(f"attempt-{trial.attempt - 1}"))
    last = None
    for event in _events(before.events):
        if event.get("k") == "end":
            return None
        if event.get("k") == "metrics":
            last = int(event["step"])
    return last


def trust(name: str) -> int:
    """How far a source of this name is believed."""
    if name == "output":
        return OUTPUT
    return TAP if name.startswith(TAPPED) else REPORT


def _on_record(before: RunDir) -> tuple[dict[str, int], dict[str, str]]:
    """The last step of every metric, and where it came from."""
    steps: dict[str, int] = {}
    sources: dict[str, str] = {}
    for event in _events(before.events):
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


def _said(before: RunDir, reader: LineReader | None, reports: str) -> Iterator[tuple[str, Reading]]:
    yield from Reports(before.root / reports).read(last=True)
    if reader is None:
        return
    try:
        with before.log.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - LARGEST))
            text = log.read().decode(errors="replace")
    except OSError:
        return
    for line in split(text):
        if (reading := reader.read(line)) is not None:
            yield "output", reading
