"""Merges sources into one record: each metric comes from the most trusted source that reports it, and no other."""

from __future__ import annotations

import json
import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import field, replace

from hptui.core.dataclass import dataclass
from hptui.scripts.metrics.event_limits import MAX_EVENT_CHARS, MAX_NAME_CHARS, clamp, parts_of
from hptui.scripts.metrics.pairs import MetricsReading, canonical_name
from hptui.scripts.metrics.parts import Parts
from hptui.scripts.metrics.printed_settings import is_measure
from hptui.scripts.metrics.ranks import Disagreement
from hptui.scripts.metrics.splits import Split, SplitOfObjective, SplitVerdict
from hptui.scripts.metrics.words import METRIC_WORDS
from hptui.trainers.context import TrialContext

REPORT, TAP, FILE, OUTPUT, TENSORBOARD = range(5)
"""Kinds of sources, the most trusted first: reported, tapped, written to a file, printed (rounded), TensorBoard."""

HOLD_S = 0.2
"""Seconds that a printed number waits for the same one in full precision from a better source."""
MAX_RECORDED_SOURCES = 200
"""Metrics whose source is recorded."""
MAX_PRINTED_METRICS = 100
"""Metrics taken from output besides objectives: text that only looks like metrics must not fill the record."""
UNRANKED = 1 << 30
"""Orders a source whose process is not known behind those whose is."""


@dataclass(frozen=True, slots=True)
class MetricsSource:
    """A source of metrics: its trust (lower is more trusted), the name that is shown, and the rank of its process."""

    trust: int
    name: str
    rank: int | None = None

    @property
    def can_wait(self) -> bool:
        """Whether its values may wait a moment for the same ones from a better source."""
        return self.trust >= OUTPUT or bool(self.rank)

    @property
    def order(self) -> tuple[int, int]:
        """Orders sources: the best one first."""
        return self.trust, UNRANKED if self.rank is None else self.rank

    def is_other_rank_of(self, other: MetricsSource) -> bool:
        """Return whether both are one source in different processes."""
        return (self.trust, self.name) == (other.trust, other.name) and self.rank != other.rank


@dataclass
class _Owned:
    source: MetricsSource
    name: str
    last: float = math.nan
    summary: str = ""
    seen: bool = False
    recovered: bool = False
    parts: Parts = field(default_factory=Parts)

    @property
    def source_text(self) -> str:
        """The source in words."""
        rank = f", rank {self.source.rank}" if self.source.rank else ""
        rank += ", means alone" if self.parts.ended else ""
        text = f"{self.source.name}{rank}"
        return f"{text}, at the end {self.summary}" if self.summary else text


@dataclass
class MetricsCollector:
    """Passes readings on to the trial, each metric from one source only.

    With `first_counts`, several processes print untagged: the first value of a step counts.
    """

    trial: TrialContext
    first_counts: bool = False
    step: int = 0
    total: int | None = None
    total_by: int = TENSORBOARD + 1
    _owned: dict[str, _Owned] = field(default_factory=dict)
    _held: deque[tuple[float, MetricsSource, MetricsReading]] = field(default_factory=deque)
    _sources_changed: bool = False
    _printed: int = 0
    _begun: bool = False
    _early: dict[str, list[tuple[MetricsSource, int | None, float]]] = field(default_factory=dict)
    _splits: dict[str, SplitOfObjective] = field(default_factory=dict)
    _first_splits: dict[str, Split | None] = field(default_factory=dict)
    _ranks: Disagreement = field(default_factory=Disagreement)
    _settings: dict[str, float] = field(default_factory=dict)
    _exact: set[str] = field(default_factory=set)
    """Objectives that were printed under their own names: then others with the same words are not meant."""

    def __post_init__(self) -> None:
        self._wanted = {canonical_name(name): name for name in self.trial.objectives}
        self._orders = {tuple(sorted(key.split("_"))): key for key in self._wanted}

    def take(self, source: MetricsSource, reading: MetricsReading) -> None:
        """Record a reading, now or after a moment."""
        self._exact |= self._wanted.keys() & {canonical_name(name) for name in reading.metrics}
        if self._begun and not reading.begun:  # another source has given the first step
            reading = replace(reading, begun=True)
        self._begun |= reading.begun and reading.step is not None
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
        if everything:
            self._settle_early()
        if text := self._ranks.warning(finished=everything, untagged=self.first_counts):
            self.trial.warn(text)
        if self._sources_changed:
            self._sources_changed = False
            # Objectives first: what is left out where there are too many is what nobody asked for.
            owned_metrics = sorted(self._owned.values(), key=lambda owned: owned.name not in self.trial.objectives)
            sources, chars = dict[str, str](), 0
            for owned in owned_metrics[:MAX_RECORDED_SOURCES]:
                chars += len(json.dumps({owned.name: owned.source_text}))
                if chars > MAX_EVENT_CHARS:
                    break
                sources[owned.name] = owned.source_text
            self.trial.facts(metric_sources=sources)

    def _record(self, source: MetricsSource, reading: MetricsReading) -> None:
        self._take_total(source, reading)
        room = MAX_PRINTED_METRICS - len(self._settings)
        self._settings |= dict(list(reading.settings.items())[:room])
        self._accept(source, reading, self._without_settings(source, reading))

    def _accept(self, source: MetricsSource, reading: MetricsReading, metrics: Mapping[str, float]) -> None:
        accepted: dict[str, float] = {}
        completed: dict[str, float] = {}
        for given, value in metrics.items():
            name = self._name_by_split(source, given, reading)
            owned = self._owned_by(source, name, reading, value)
            if owned is None or self._is_part(owned, source, reading, given, value):
                continue
            self._warn_if_recovered(owned, value)
            is_summary = reading.step is None and owned.source != source
            (completed if is_summary or given in reading.go_on else accepted)[owned.name] = owned.last = value
        if reading.step is not None:
            step = clamp(reading.step)
            self.step = max(self.step, step) if source.can_wait else step
        if self.total is not None and self.step > self.total:
            self.total = None
            self.trial.forget_total()
        step = self.step if reading.step is None else clamp(reading.step)
        if accepted or (reading.progress is not None and not completed):
            for part in parts_of(accepted):
                self.trial.report_reading(step, part, reading.progress, reading=reading.reading, source_values=metrics)
        if completed:
            for part in parts_of(completed):
                self.trial.report_reading(step, part, reading.progress, replaces=True, source_values=metrics)

    def _name_by_split(self, source: MetricsSource, given: str, reading: MetricsReading) -> str:
        """Return the name of a printed value, with its split where another one has the name.

        Of an objective that is the split that does not count, of other metrics each but the first.
        """
        key, split = self._key(given), reading.splits.get(given)
        if source.trust != OUTPUT and not reading.splits:
            return given
        if key not in self._wanted:
            is_new = key not in self._first_splits and len(self._first_splits) < 2 * MAX_PRINTED_METRICS
            first = self._first_splits.setdefault(key, split) if is_new else self._first_splits.get(key)
            is_other = split is not None and (first is None or first.name != split.name)
            return f"{split.name}_{given}" if split is not None and is_other else given
        verdict = self._splits.setdefault(key, SplitOfObjective()).take(split)
        if verdict is SplitVerdict.IS_ASIDE and split is not None:
            plain = key.removeprefix(f"{split.name}_")
            return plain if plain != key else f"{split.name}_{key}"
        if verdict is SplitVerdict.REPLACES and (owned := self._owned.get(key)) is not None and owned.source == source:
            self.trial.retract(owned.name)
            owned.parts, owned.seen = Parts(), False
        return given

    def _is_part(self, owned: _Owned, source: MetricsSource, reading: MetricsReading, given: str, value: float) -> bool:
        """Return whether a printed objective is a part of one whose means count alone.

        They do from the first value on that its line calls a mean, and that is the mean of those before it.
        """
        if source.trust != OUTPUT or owned.name not in self._wanted.values():
            return False
        parts = owned.parts
        shape = "" if given in reading.go_on else reading.shape
        if parts.shape or (not parts.ended and parts.is_mean_of_shapes(value, reading.step, shape)):
            if not parts.ended:
                parts.ended, self._sources_changed = True, True
                self.trial.retract(owned.name)
                for _, earlier, step in parts.shaped:
                    self.trial.report_reading(self.step if step is None else clamp(step), {owned.name: earlier})
            return reading.shape != parts.shape
        is_over_folds = reading.is_over_folds and bool(parts.values)
        if not parts.ended and (is_over_folds or parts.is_mean(value, stated=reading.says_mean)):
            parts.ended, self._sources_changed = True, True
            self.trial.retract(owned.name)
        elif not parts.ended and not reading.says_mean and given not in reading.go_on:
            parts.add(value, reading.step)
        return parts.ended and not (reading.says_mean or reading.is_over_folds)

    def _without_settings(self, source: MetricsSource, reading: MetricsReading) -> Mapping[str, float]:
        """Return the metrics of a reading; what may be settings, printed before the first step, is kept aside.

        Such a value is a metric if another value of it is printed, or if no step ever comes.
        """
        keys = {name: self._key(name) or name for name in reading.metrics}
        if source.trust != OUTPUT or reading.begun or any(key in self._wanted for key in keys.values()):
            return reading.metrics
        metrics: dict[str, float] = {}
        for name, value in reading.metrics.items():
            if keys[name] in self._owned or is_measure(keys[name]):
                metrics[name] = value
                continue
            early = self._early.get(name)
            if early is None and len(self._early) < MAX_PRINTED_METRICS:
                self._early[name] = [(source, reading.step, value)]
            elif early is not None and early[-1][2] != value:
                self._record_early(name)
                metrics[name] = value
            elif early is not None:
                early.append((source, reading.step, value))
        return metrics

    def _record_early(self, name: str) -> None:
        for source, step, value in self._early.pop(name):
            self._accept(source, MetricsReading({name: value}, step), {name: value})

    def _settle_early(self) -> None:
        """Record what was printed before the first step: as metrics if there was no step, else as a fact.

        A script that ends before it has measured anything has printed its settings, unless a name tells otherwise.
        """
        if not self._begun:
            is_measured = any(key in self._owned for key in self._wanted)
            for name in list(self._early):
                if is_measured or METRIC_WORDS & set(canonical_name(name).split("_")):
                    self._record_early(name)
        early = {name: values[-1][2] for name, values in self._early.items()}
        printed = {name: value for name, value in (self._settings | early).items() if name not in self._owned}
        if early or printed:
            self._early.clear()
            self._settings.clear()
            self.trial.facts(printed_settings=next(parts_of(printed)))  # what fits an event

    def _warn_if_recovered(self, owned: _Owned, value: float) -> None:
        """Warn, once, that an objective is finite after a value that was not.

        That value is not recorded as a number: without the warning, nothing would show it.
        """
        if owned.seen and not math.isfinite(owned.last) and math.isfinite(value) and not owned.recovered:
            owned.recovered = True
            if owned.name in self._wanted.values():
                self.trial.warn(f"{owned.name} was {owned.last} after step {self.step}, and is finite now")
        owned.seen = True

    def _take_total(self, source: MetricsSource, reading: MetricsReading) -> None:
        if reading.total and source.trust <= self.total_by and reading.total != self.total:
            self.total, self.total_by = clamp(reading.total), source.trust
            self.trial.total_steps = self.total

    def _owned_by(self, source: MetricsSource, given: str, reading: MetricsReading, value: float) -> _Owned | None:
        """Return the metric that this source reports from now on; None if another source has it.

        A summary, such as a file of final results, holds its one value more exactly than the printed curve: it replaces
        the curve's last point, and the curve is kept.
        """
        key = self._key(given) or given
        if len(given) > MAX_NAME_CHARS:
            return None
        owned = self._owned.get(key)
        if owned is not None and owned.source == source and source.trust == OUTPUT and key not in self._wanted:
            key = key if given == owned.name else given  # `loss` of a bar and `Loss` of a line are two
            owned = self._owned.get(key)
        if owned is not None and owned.source == source:
            if owned.name not in (given, self._wanted.get(key)):
                return None
            return owned if self._counts(owned, source, reading, value) else None
        if owned is not None and source.order >= owned.source.order:
            if source.is_other_rank_of(owned.source):
                self._counts(owned, source, reading, value)
            return None
        if owned is None and source.can_wait:
            if self._printed >= MAX_PRINTED_METRICS and key not in self._wanted:
                return None
            self._printed += 1
        if owned is not None and reading.step is None and source.trust < owned.source.trust:
            self._sources_changed |= owned.summary != source.name
            owned.summary = source.name
            return owned
        if owned is not None:  # the values of the less trusted source were rounded, or worse
            self.trial.retract(owned.name)
        self._sources_changed = True
        self._owned[key] = _Owned(source, self._wanted.get(key, given))
        self._counts(self._owned[key], source, reading, value)
        return self._owned[key]

    def _counts(self, owned: _Owned, source: MetricsSource, reading: MetricsReading, value: float) -> bool:
        """Compare a value with other processes'; return False for a further one whose is unknown."""
        untagged = self.first_counts and source.rank is None and source.trust == OUTPUT
        if source.rank is None and not untagged:
            return True
        return self._ranks.note(owned.name, source.rank, reading.step, value) or not untagged

    def _key(self, given: str) -> str:
        """Return what a metric is known by: an objective's name where its words stand in another order."""
        key = canonical_name(given)
        meant = self._orders.get(tuple(sorted(key.split("_"))), key)
        return key if meant in self._exact else meant

    def recorded_name(self, given: str) -> str:
        """Return the name that a metric is recorded under."""
        return self._wanted.get(self._key(given), given)

    def last_values(self) -> Mapping[str, float]:
        """Return the latest value of each metric."""
        return {owned.name: owned.last for owned in self._owned.values()}
