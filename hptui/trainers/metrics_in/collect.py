"""From many sources to one record: each metric comes from the most trusted source that tells it, and only from that."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from hptui.trainers.context import TrialContext
from hptui.trainers.metrics_in.reading import Reading, canonical

REPORT, TAP, FILE, OUTPUT, TENSORBOARD = range(5)
"""Sources in order of trust: what the script tells us, what is tapped, what it writes, and what it prints, rounded."""

HOLD_SECONDS = 0.2
"""So long a printed number waits for the same one in full precision from a better source."""
AT_ONCE, LONGEST_NAME, LAST_STEP = 200, 200, 1 << 60
"""So many metrics in one report, so many characters in a name: what a record can hold."""
MOST_TOLD = 200
MOST_PRINTED = 100
"""So many metrics are taken from what a script prints; a log that is no list of metrics must not become one."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a metric came from; `name` is shown."""

    trust: int
    name: str

    @property
    def patient(self) -> bool:
        """Whether its numbers can wait a moment for better ones."""
        return self.trust >= OUTPUT


@dataclass
class _Owned:
    source: Source
    name: str
    last: float = math.nan
    summary: str = ""
    seen: bool = False
    recovered: bool = False

    @property
    def told(self) -> str:
        """Where it came from, in words."""
        return f"{self.source.name}, at the end {self.summary}" if self.summary else self.source.name


@dataclass
class Collector:
    """Hands readings on to the trial. `last` are the latest values by name, for the end of the trial."""

    trial: TrialContext
    _owned: dict[str, _Owned] = field(default_factory=dict)
    _held: deque[tuple[float, Source, Reading]] = field(default_factory=deque)
    _news: bool = False
    _printed: int = 0
    step: int = 0
    total: int | None = None
    total_by: int = TENSORBOARD + 1

    def __post_init__(self) -> None:
        self._wanted = {canonical(name): name for name in self.trial.objectives}

    def take(self, source: Source, reading: Reading) -> None:
        """Record a reading, now or in a moment."""
        # A summary waits, too: the curve that it ends was printed before it was written.
        if source.patient or reading.step is None:
            self._held.append((time.monotonic() + HOLD_SECONDS, source, reading))
        else:
            self._record(source, reading)

    def flush(self, *, everything: bool = False) -> None:
        """Record what has waited long enough; say which metrics came from where, if that is new."""
        now = time.monotonic()
        while self._held and (everything or self._held[0][0] <= now):
            _, source, reading = self._held.popleft()
            self._record(source, reading)
        if self._news:
            self._news = False
            sources = {owned.name: owned.told for owned in list(self._owned.values())[:MOST_TOLD]}
            self.trial.facts(metric_sources=sources)

    def _record(self, source: Source, reading: Reading) -> None:
        self._count(source, reading)
        mine: dict[str, float] = {}
        for given, value in reading.metrics.items():
            if owned := self._owner(source, given, summary=reading.step is None):
                self._recovers(owned, value)
                mine[owned.name] = owned.last = value
        if reading.step is not None:
            self.step = max(self.step, reading.step) if source.patient else reading.step
        if self.total is not None and self.step > self.total:
            self.total = None
            self.trial.forget_total()
        if mine or reading.progress is not None:
            step = self.step if reading.step is None else reading.step
            names = list(mine)
            for first in range(0, max(1, len(names)), AT_ONCE):
                some = {name: mine[name] for name in names[first : first + AT_ONCE]}
                self.trial.report(min(step, LAST_STEP), some, progress=reading.progress)

    def _recovers(self, owned: _Owned, value: float) -> None:
        """An objective that is finite again was never told as a number where it was not; that it was so is said."""
        if owned.seen and not math.isfinite(owned.last) and math.isfinite(value) and not owned.recovered:
            owned.recovered = True
            if owned.name in self._wanted.values():
                self.trial.warn(f"{owned.name} was {owned.last} after step {self.step}, and is finite again")
        owned.seen = True

    def _count(self, source: Source, reading: Reading) -> None:
        if reading.total and source.trust <= self.total_by and reading.total != self.total:
            self.total, self.total_by = reading.total, source.trust
            self.trial.total_steps = reading.total

    def _owner(self, source: Source, given: str, *, summary: bool) -> _Owned | None:
        """Who tells a metric from now on; None when this source does not.

        A summary, such as a file of final results, says its one value more exactly than the curve that was printed,
        and takes the place of the curve's last point; it is no reason to forget the curve.
        """
        key = canonical(given) or given
        if len(given) > LONGEST_NAME:
            return None
        owned = self._owned.get(key)
        if owned is not None and owned.source == source:
            return owned if owned.name in (given, self._wanted.get(key)) else None
        if owned is not None and source.trust >= owned.source.trust:
            return None
        if owned is None and source.patient:
            if self._printed >= MOST_PRINTED and key not in self._wanted:
                return None
            self._printed += 1
        if owned is not None and summary:
            self._news |= owned.summary != source.name
            owned.summary = source.name
            return owned
        if owned is not None:  # what the other one said was rounded, or worse
            self.trial.retract(owned.name)
        self._news = True
        self._owned[key] = _Owned(source, self._wanted.get(key, given))
        return self._owned[key]

    def named(self, given: str) -> str:
        """What a metric is called on record."""
        return self._wanted.get(canonical(given), given)

    def last(self) -> Mapping[str, float]:
        """The latest value of every metric."""
        return {owned.name: owned.last for owned in self._owned.values()}
