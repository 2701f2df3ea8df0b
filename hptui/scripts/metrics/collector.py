"""Merges sources into one record: each metric comes from the most trusted source that reports it, and no other.

Also the reader of what `hptui.report` and the tap write, and the limit on processor time for reading output."""

from __future__ import annotations

import json
import math
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hptui.scripts.metrics.pairs import MetricsReading, canonical_name, to_number
from hptui.scripts.metrics.tail import FileTail
from hptui.trainers.context import TrialContext

REPORT, TAP, FILE, OUTPUT, TENSORBOARD = range(5)
"""Kinds of sources, the most trusted first: reported, tapped, written to a file, printed (rounded), TensorBoard."""

HOLD_S = 0.2
"""Seconds that a printed number waits for the same one in full precision from a better source."""
MAX_METRICS_PER_EVENT, MAX_NAME_CHARS, MAX_STEP = 200, 200, 1 << 60
"""Metrics in one report, characters of a name, the last step: what an event can hold."""
MAX_RECORDED_SOURCES = 200
"""Metrics whose source is recorded."""
MAX_PRINTED_METRICS = 100
"""Metrics taken from output besides objectives: text that only looks like metrics must not fill the record."""


@dataclass(frozen=True, slots=True)
class MetricsSource:
    """A source of metrics: its trust (lower is more trusted) and the name that is shown."""

    trust: int
    name: str

    @property
    def can_wait(self) -> bool:
        """Whether its values may wait a moment for the same ones from a better source."""
        return self.trust >= OUTPUT


@dataclass
class _Owned:
    source: MetricsSource
    name: str
    last: float = math.nan
    summary: str = ""
    seen: bool = False
    recovered: bool = False

    @property
    def source_text(self) -> str:
        """The source in words."""
        return f"{self.source.name}, at the end {self.summary}" if self.summary else self.source.name


@dataclass
class MetricsCollector:
    """Passes readings on to the trial, each metric from one source only."""

    trial: TrialContext
    _owned: dict[str, _Owned] = field(default_factory=dict)
    _held: deque[tuple[float, MetricsSource, MetricsReading]] = field(default_factory=deque)
    _sources_changed: bool = False
    _printed: int = 0
    step: int = 0
    total: int | None = None
    total_by: int = TENSORBOARD + 1

    def __post_init__(self) -> None:
        self._wanted = {canonical_name(name): name for name in self.trial.objectives}

    def take(self, source: MetricsSource, reading: MetricsReading) -> None:
        """Record a reading, now or after a moment."""
        # A summary waits, too: the printed curve that it completes must be recorded before it.
        if source.can_wait or reading.step is None:
            self._held.append((time.monotonic() + HOLD_S, source, reading))
        else:
            self._record(source, reading)

    def flush(self, *, everything: bool = False) -> None:
        """Record the readings that have waited long enough, and the sources of metrics if they have changed."""
        now = time.monotonic()
        while self._held and (everything or self._held[0][0] <= now):
            _, source, reading = self._held.popleft()
            self._record(source, reading)
        if self._sources_changed:
            self._sources_changed = False
            sources = {owned.name: owned.source_text for owned in list(self._owned.values())[:MAX_RECORDED_SOURCES]}
            self.trial.facts(metric_sources=sources)

    def _record(self, source: MetricsSource, reading: MetricsReading) -> None:
        self._take_total(source, reading)
        accepted: dict[str, float] = {}
        for name, value in reading.metrics.items():
            if owned := self._owned_by(source, name, summary=reading.step is None):
                self._warn_if_recovered(owned, value)
                accepted[owned.name] = owned.last = value
        if reading.step is not None:
            self.step = max(self.step, reading.step) if source.can_wait else reading.step
        if self.total is not None and self.step > self.total:
            self.total = None
            self.trial.forget_total()
        if accepted or reading.progress is not None:
            step = self.step if reading.step is None else reading.step
            names = list(accepted)
            for first in range(0, max(1, len(names)), MAX_METRICS_PER_EVENT):
                part = {name: accepted[name] for name in names[first : first + MAX_METRICS_PER_EVENT]}
                self.trial.report(min(step, MAX_STEP), part, progress=reading.progress)

    def _warn_if_recovered(self, owned: _Owned, value: float) -> None:
        """Warn, once, that an objective is finite again after a value that was not.

        That value is not recorded as a number: without the warning, nothing would show it.
        """
        if owned.seen and not math.isfinite(owned.last) and math.isfinite(value) and not owned.recovered:
            owned.recovered = True
            if owned.name in self._wanted.values():
                self.trial.warn(f"{owned.name} was {owned.last} after step {self.step}, and is finite again")
        owned.seen = True

    def _take_total(self, source: MetricsSource, reading: MetricsReading) -> None:
        if reading.total and source.trust <= self.total_by and reading.total != self.total:
            self.total, self.total_by = reading.total, source.trust
            self.trial.total_steps = reading.total

    def _owned_by(self, source: MetricsSource, given: str, *, summary: bool) -> _Owned | None:
        """Return the metric that this source reports from now on; None if another source has it.

        A summary, such as a file of final results, holds its one value more exactly than the printed curve: it replaces
        the curve's last point, and the curve is kept.
        """
        key = canonical_name(given) or given
        if len(given) > MAX_NAME_CHARS:
            return None
        owned = self._owned.get(key)
        if owned is not None and owned.source == source:
            return owned if owned.name in (given, self._wanted.get(key)) else None
        if owned is not None and source.trust >= owned.source.trust:
            return None
        if owned is None and source.can_wait:
            if self._printed >= MAX_PRINTED_METRICS and key not in self._wanted:
                return None
            self._printed += 1
        if owned is not None and summary:
            self._sources_changed |= owned.summary != source.name
            owned.summary = source.name
            return owned
        if owned is not None:  # the values of the less trusted source were rounded, or worse
            self.trial.retract(owned.name)
        self._sources_changed = True
        self._owned[key] = _Owned(source, self._wanted.get(key, given))
        return self._owned[key]

    def recorded_name(self, given: str) -> str:
        """Return the name that a metric is recorded under."""
        return self._wanted.get(canonical_name(given), given)

    def last_values(self) -> Mapping[str, float]:
        """Return the latest value of each metric."""
        return {owned.name: owned.last for owned in self._owned.values()}


FULL_READING_SHARE = 0.1
"""Share of one processor, 0 to 1, for reading every line."""
MAX_READING_SHARE = 0.3
"""Share of one processor, 0 to 1, for reading at all."""
WINDOW_S = 1.0
"""Seconds over which the shares are counted."""


class ReadingBudget:
    """Processor time spent on reading in the current second, and the number of lines skipped."""

    def __init__(self) -> None:
        self._began = self._used = 0.0
        self.skipped = 0

    def is_tight(self) -> bool:
        """Return whether the normal share is used up: only lines that matter are to be read."""
        if time.monotonic() - self._began > WINDOW_S:
            self._began, self._used = time.monotonic(), 0.0
        return self._used > FULL_READING_SHARE * WINDOW_S

    def is_spent(self) -> bool:
        """Return whether the limit is used up: no line is to be read."""
        return self._used > MAX_READING_SHARE * WINDOW_S

    def add(self, seconds: float) -> None:
        """Add the processor time, in seconds, that a line has cost."""
        self._used += seconds


TAP_PREFIX = "tap "
"""What the names of tapped sources begin with."""


class ReportsReader:
    """Follows the file that `reporting.py` appends to; records without metrics are kept as facts about the script."""

    def __init__(self, path: Path) -> None:
        self._tail = FileTail(path)
        self.tapped: Mapping[str, Any] | None = None
        self.cooperates = False
        self.effective: dict[str, Any] = {}
        self.non_numbers: list[str] = []
        self.packages: dict[str, str] = {}

    def read(self, *, last: bool = False) -> Iterator[tuple[str, MetricsReading]]:
        """Yield (source, reading) of what is new; source is `report`, `tap transformers` or `tap wandb`."""
        for line in self._tail.lines(last=last):
            try:
                entry = json.loads(line)
                kind = entry["k"]
            except (ValueError, KeyError, TypeError):
                continue
            if kind == "metrics":
                self.non_numbers += entry.get("odd") or []
                yield str(entry.get("source")), _reading(entry)
            elif kind == "tap":
                self.tapped = self.tapped or entry
            elif kind == "cooperates":
                self.cooperates = True
            elif kind == "packages":
                self.packages |= entry.get("packages") or {}
            elif kind == "effective":
                self.effective |= entry.get("settings") or {}


def _reading(entry: Mapping[str, Any]) -> MetricsReading:
    metrics = {str(name): value for name, raw in entry["m"].items() if (value := to_number(raw)) is not None}
    return MetricsReading(metrics, entry.get("s"), entry.get("total"), entry.get("p"))
