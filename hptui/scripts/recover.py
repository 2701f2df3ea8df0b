"""Points that killed attempts of a trial left unrecorded, read again from what they wrote.

An attempt that resumes after a checkpoint does not report the points before it again. What the store has, the runner
writes into `config.json`; what is missing up to the checkpoint stands in the logs, reports and files of the attempts
before. Where it does not, the curve is incomplete, and the trial says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.scripts.metrics.collector import OUTPUT, REPORT, TAP, MetricsCollector, MetricsSource
from hptui.scripts.metrics.lines import LineReader, split_lines
from hptui.scripts.metrics.pairs import MetricsReading
from hptui.scripts.metrics.ranks import split_rank
from hptui.scripts.metrics.readers import UNREADABLE
from hptui.scripts.metrics.reduction import RankReduction
from hptui.scripts.metrics.reports import TAP_PREFIX, ReportsReader
from hptui.store.run_directory import RunDir
from hptui.trainers.context import TrialContext

MAX_REREAD_BYTES = 16 << 20
"""Bytes at the end of a log that are read again."""

Found = tuple[MetricsSource, MetricsReading]


@dataclass
class EarlierAttempts:
    """The attempts before this one, as far as this one goes on from them.

    `make_reader` returns a new reader of output; None if metrics are not read from it. `make_reduction` returns what
    makes one value of what several processes report.
    """

    trial: TrialContext
    reports: str
    make_reader: Callable[[], LineReader | None]
    make_reduction: Callable[[], RankReduction] = RankReduction
    is_labelled: bool = False

    def covered_until(self) -> int | None:
        """Return the last step that is recorded, or shown by what a killed attempt wrote.

        Points after it may be unknown. None if the last attempt that reported anything ended by itself.
        """
        steps = [entry["step"] for entry in self.trial.recorded.values()]
        for attempt in reversed(self._chain):
            if attempt.ended and attempt.reported:
                return None
            if shown := [reading.step for _, reading in attempt.readings if reading.step is not None]:
                return None if attempt.ended else max([*steps, *shown])
        return max(steps, default=None) if self._chain and not self._chain[-1].ended else None

    def missing(self, until: int, recorded_name: Callable[[str], str], files: Iterable[Found]) -> list[Found]:
        """Return the readings up to a step that are not on record, of each step the latest attempt's.

        `files` are the readings of files of metrics, which all attempts have written.
        """
        latest: dict[tuple[MetricsSource, str, int], list[MetricsReading]] = {}
        last_step = max((entry["step"] for entry in self.trial.recorded.values()), default=-1)
        if self._chain and self._chain[-1].ended and last_step >= until:
            return []  # it ended by itself, so all that it reported is on record: no log needs to be read
        for readings in (files, *(attempt.readings for attempt in self._chain)):
            own: dict[tuple[MetricsSource, str, int], list[MetricsReading]] = {}
            for source, reading in readings:
                if (step := reading.step) is None or step > until:
                    continue
                for given, value in reading.metrics.items():
                    if self._is_missing(recorded_name(given), source, reading):
                        place = source, given, step
                        own.setdefault(place, []).append(replace(reading, metrics={given: value}))
            latest |= own
        places = sorted(latest, key=lambda place: (place[2], place[0].order))
        return [(place[0], reading) for place in places for reading in latest[place]]

    def _is_missing(self, name: str, source: MetricsSource, reading: MetricsReading) -> bool:
        entry = self.trial.recorded.get(name)
        if entry is None:
            return reading.begun or name in self.trial.objectives
        # The last recorded step, too: it may have had further values. They replace those on record.
        return entry.get("source") in (None, source.name) and bool((reading.step or 0) >= entry["step"])

    @cached_property
    def _chain(self) -> list[_Attempt]:
        """The attempts from the last that began from scratch on, in their order."""
        chain: list[_Attempt] = []
        for number in range(self.trial.attempt - 1, 0, -1):
            attempt = _Attempt(RunDir(self.trial.attempt_dir.with_name(f"attempt-{number}")), self)
            chain.insert(0, attempt)
            if attempt.began and attempt.resumed_step is None:
                break
        return chain


class _Attempt:
    """What an earlier attempt wrote. `began`, `reported` and `ended` tell whether its events have that."""

    def __init__(self, run: RunDir, earlier: EarlierAttempts) -> None:
        self._run, self._earlier = run, earlier
        self.began = self.reported = self.ended = False
        self.resumed_step: int | None = None
        for event in _events(run.events):
            if event.get("k") == "hello":
                self.began, self.resumed_step = True, event.get("resumed_step")
            self.reported |= event.get("k") == "metrics"
            self.ended |= event.get("k") == "end"

    @cached_property
    def readings(self) -> list[Found]:
        """What it reported after the step that it went on from."""
        return [
            (source, reading)
            for source, reading in self._reduced()
            if reading.step is None or self.resumed_step is None or reading.step > self.resumed_step
        ]

    def _reduced(self) -> Iterator[Found]:
        reduction = self._earlier.make_reduction()
        for source, reading in self._all(reduction):
            yield from reduction.take(source, reading)
        yield from reduction.finish()

    def _all(self, reduction: RankReduction) -> Iterator[Found]:
        reports = ReportsReader(self._run.root / self._earlier.reports)
        reported = list(reports.read(last=True))
        reduction.world = max(reduction.world, reports.world)
        for report in reported:
            trust = TAP if report.source.startswith(TAP_PREFIX) else REPORT
            yield MetricsSource(trust, report.source, report.rank), report.reading
        readers: dict[int | None, LineReader | None] = {}
        for line in split_lines(_end_of(self._run.log)):
            rank, text = split_rank(line, srun=self._earlier.is_labelled)
            if rank not in readers:
                readers[rank] = self._earlier.make_reader()
            if (reader := readers[rank]) is None:
                continue
            try:
                readings = reader.read_all(text)
            except UNREADABLE:
                continue
            yield from ((MetricsSource(OUTPUT, "output", rank), reading) for reading in readings)


def _events(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - MAX_REREAD_BYTES))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def recover_points(earlier: EarlierAttempts, collector: MetricsCollector, files: Iterable[Found]) -> str:
    """Record what is missing up to the checkpoint; return which steps stay unknown."""
    trial = earlier.trial
    until = trial.resumes_after
    if until is None or trial.attempt < 2:
        return ""
    readings = earlier.missing(until, collector.recorded_name, files)
    for source, reading in readings:
        collector.take(source, reading)
    collector.flush(everything=True)
    recovered: dict[str, list[int]] = {}
    for _, reading in readings:
        for given in reading.metrics:
            recovered.setdefault(collector.recorded_name(given), []).append(reading.step or 0)
    gaps = [_gap(name, trial.recorded.get(name, {}), recovered.get(name, ()), until) for name in trial.objectives]
    return "; ".join(gap for gap in gaps if gap)


def _gap(name: str, entry: Mapping[str, Any], recovered: Sequence[int], until: int) -> str:
    """Return which steps of an objective are unknown, by the usual distance of its points, or ''."""
    recorded = sorted({*entry.get("steps", ()), *([entry["step"]] if "step" in entry else [])})
    steps = sorted({*recorded, *recovered})
    if len(steps) < 2:
        return ""
    usual = median(after - before for before, after in pairwise(steps))
    first = recorded[-1] if recorded else steps[0]
    holes = [
        (before, after)
        for before, after in pairwise([step for step in steps if step >= first])
        if after - before > 1.5 * usual
    ]
    if until - steps[-1] >= usual:
        holes.append((steps[-1], until + 1))
    return ", ".join(f"{name} is unknown from step {before + 1} to {after - 1}" for before, after in holes)
