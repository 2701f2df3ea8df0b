"""Which pairs behind the values of an output are counts: those that cannot be anything else.

`(1/2)` behind a loss of 0.5 is an epoch. Behind an accuracy it may be one, too: what agrees with a value by chance in
one line does not in the next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

from hptui.core.format import Proportion
from hptui.core.metric_names import is_loss
from hptui.scripts.metrics.counts import CountsBehind
from hptui.scripts.metrics.pairs import Pair, canonical_name
from hptui.scripts.metrics.steps import StepCounter
from hptui.scripts.metrics.words import METRIC_WORDS

SHARES = re.compile(
    r"acc\d*|\w*accuracy|correct|exact|em|precision|recall|sensitivity|specificity|top\d|pass|solved"
    r"|(?:(?:error|err|success|win|hit|fail|failure|solve|miss)_)rate"
)
"""Names of shares, as words or at the end of a name."""
MAX_EPOCHS = 50
"""Up to this total, all but one or all of it may as well be the last epoch."""


class CountsOfOutput:
    """Decides for one output which pairs are counts: those of shares that agree with their values in every line."""

    def __init__(self, wanted: Collection[str]) -> None:
        self._wanted = wanted
        self._times: Counter[str] = Counter()
        self._counters: set[str] = set()
        """Names with a pair behind them that once did not agree with the value."""
        self._totals: dict[str, set[int]] = {}
        """By name, totals of which other shares than all of it were counted."""
        self._epochs: set[int] = set()

    def counted(self, pairs: Iterable[Pair], step: StepCounter | None, epoch: StepCounter | None) -> list[Pair]:
        """Return the pairs of a line with these counters: values have the counts that they were printed with."""
        self._now = [counter for counter in (step, epoch) if counter is not None]
        if epoch is not None and epoch.total:
            self._epochs.add(epoch.total)
        return [pair._replace(value=self._take(pair)) for pair in pairs]

    def _take(self, pair: Pair) -> float:
        """Return a value with its counts, or without what may be something else."""
        name, value, behind = canonical_name(pair.name), pair.value, pair.behind
        source = f"{pair.split.name} {name}" if pair.split else name
        self._times[source] += 1
        if behind is None:
            return value if not isinstance(value, Proportion) or self._is_share(name) else float(value)
        counted = behind.read(value) if self._is_share(name, is_percentage=behind.is_percentage) else None
        if counted is None:
            self._counters.add(source)
        if counted is None or source in self._counters or self._may_be_counter(source, behind):
            return value
        if behind.k < behind.n - 1:
            self._totals.setdefault(source, set()).add(behind.n)
        return counted

    def _is_share(self, name: str, *, is_percentage: bool = False) -> bool:
        if is_loss(name):
            return False
        words = name.split("_")
        known = any(SHARES.fullmatch(word) for word in words) or SHARES.fullmatch("_".join(words[-2:])) is not None
        return known or (is_percentage and (name in self._wanted or not METRIC_WORDS.isdisjoint(words)))

    def _may_be_counter(self, source: str, behind: CountsBehind) -> bool:
        """Return whether a pair that agrees with its value may count epochs, steps or lines."""
        k, n, times = behind.k, behind.n, self._times[source]
        counts_lines = times > 1 and k in (times, times - 1)
        is_end = k >= n - 1 and n <= MAX_EPOCHS and n not in self._totals.get(source, ())
        is_counter = any(counter.value == k and counter.total in (n, None) for counter in self._now)
        return counts_lines or is_end or is_counter or n in self._epochs
