"""Makes one value of what several processes report as one metric at one step: `ranks = "mean"`, `"max"` or `"all"`.

A mean is recorded when every process has reported: that of a part is no mean. What one process alone reports is its own
value, which it may have reduced itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import field, replace
from statistics import fmean

from hptui.core.dataclass import dataclass
from hptui.scripts.metrics.collector import MetricsSource
from hptui.scripts.metrics.pairs import MetricsReading

LATE_S = 10.0
"""Seconds after which a metric that one process alone has reported, and more than once, is that process's own."""

Found = tuple[MetricsSource, MetricsReading]
Place = tuple[int | None, int]
"""A step, and the number of the value at it."""


@dataclass
class _Metric:
    """What the processes have reported of one metric of one source; `own` tells that one process alone reports it."""

    values: dict[Place, dict[int, float]] = field(default_factory=dict)
    times: dict[tuple[int, int | None], int] = field(default_factory=dict)
    ranks: set[int] = field(default_factory=set)
    since: float = field(default_factory=time.monotonic)
    own: bool = False


@dataclass
class RankReduction:
    """Takes readings of ranked sources by a rule; `world` is the number of processes, as far as it is known."""

    rule: str = "first"
    world: int = 1
    incomplete: dict[str, int] = field(default_factory=dict)
    """Metrics with the number of their values that not every process reported."""
    _metrics: dict[tuple[int, str, str], _Metric] = field(default_factory=dict)

    def take(self, source: MetricsSource, reading: MetricsReading) -> Iterator[Found]:
        """Yield what is to be recorded now."""
        if self.rule == "first" or source.rank is None:
            yield source, reading
        elif self.rule == "all":
            yield source, _named(reading, source.rank)
        else:
            if not reading.metrics:
                yield source, reading
            for name, value in reading.metrics.items():
                yield from self._add(source, name, reading, value)

    def _add(self, source: MetricsSource, name: str, reading: MetricsReading, value: float) -> Iterator[Found]:
        rank = source.rank or 0
        metric = self._metrics.setdefault((source.trust, source.name, name), _Metric())
        metric.ranks.add(rank)
        nth = metric.times[rank, reading.step] = metric.times.get((rank, reading.step), 0) + 1
        group = metric.values.setdefault((reading.step, nth), {})
        group[rank] = value
        metric.own &= len(metric.ranks) == 1
        if len(group) >= self.world:
            del metric.values[reading.step, nth]
            yield self._reduced(source, name, reading, list(group.values()))
        elif metric.own or (len(metric.ranks) == 1 and self._is_late(metric)):
            metric.own = True
            yield from self._single(source, name, metric)

    def _is_late(self, metric: _Metric) -> bool:
        return len(metric.values) > 1 and time.monotonic() - metric.since > LATE_S

    def _reduced(self, source: MetricsSource, name: str, reading: MetricsReading, values: list[float]) -> Found:
        value = fmean(values) if self.rule == "mean" else max(values)
        # NaN of one process is that of all: `max` would depend on their order.
        value = next((number for number in values if math.isnan(number)), value)
        text = f"{source.name}, {self.rule} of {len(values)} ranks" if len(values) > 1 else source.name
        return replace(source, name=text, rank=0), replace(reading, metrics={name: value})

    @staticmethod
    def _single(source: MetricsSource, name: str, metric: _Metric) -> Iterator[Found]:
        for step, nth in list(metric.values):
            for rank, value in metric.values.pop((step, nth)).items():
                yield replace(source, rank=rank), MetricsReading({name: value}, step, begun=step is not None)

    def finish(self) -> Iterator[Found]:
        """Yield what one process alone has reported; what others left out is counted as incomplete."""
        for (trust, source_name, name), metric in self._metrics.items():
            if len(metric.ranks) == 1 and self.world > 1:
                yield from self._single(MetricsSource(trust, source_name), name, metric)
            elif metric.values:
                self.incomplete[name] = self.incomplete.get(name, 0) + len(metric.values)
                metric.values.clear()

    def warning(self) -> str:
        """Return what was left out, because not every process has reported it; '' for nothing."""
        left_out = ", ".join(f"{count} of {name}" for name, count in sorted(self.incomplete.items()))
        return f'ranks = "{self.rule}": values that not all {self.world} ranks report: {left_out}' if left_out else ""


def _named(reading: MetricsReading, rank: int) -> MetricsReading:
    """Return a reading with the rank in its names, but for the lowest."""
    if not rank:
        return reading
    return replace(reading, metrics={f"{name}/rank{rank}": value for name, value in reading.metrics.items()})
