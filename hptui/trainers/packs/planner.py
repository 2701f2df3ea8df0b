"""How many trials to run in one pass: measured with real passes, chosen, and measured again. Pure.

A pass of g trials takes t(g) seconds; what counts is t(g) / g, the time for each of them. Sizes are powers of two and
the number of trials that are there. Each is measured twice, after one pass that is not counted, and passes are kept
apart by their length, in powers of two. The shorter time counts: other work of the machine can only prolong a pass. The
times of real passes are all that decides: no model overrules them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

COUNTED_PASSES = 2
"""Measured passes from which a size is judged."""
KEPT_PASSES = 4
"""Passes of one size and length that are remembered."""
LEAST_GAIN = 1.03
"""How many times faster for each trial a larger group must be to be taken."""
REVIEW_PASSES = (30, 120, 500)
"""Passes after which the chosen size and those next to it are measured again: soon at first, then ever more rarely."""


class MeasuredGroups:
    """Times of passes by size of the group, and the size to run next."""

    def __init__(self, largest: int) -> None:
        self.largest = max(1, largest)
        self._times: dict[int, dict[int, deque[float]]] = {}
        self._begun: set[tuple[int, int]] = set()
        self._chosen: dict[int, int] = {}
        self._since_review = self._reviews = 0
        self._last = 0
        self.measures = True

    @property
    def why(self) -> str:
        """A sentence that says what was chosen, by what times."""
        return self.sentence(self._last)

    @property
    def confirmed(self) -> bool:
        """Whether what was chosen first has been measured again."""
        return self._reviews > 1 or (self._reviews == 1 and not self.measures)

    def sentence(self, bucket: int) -> str:
        """Return what was chosen for passes of one length, and the measured times."""
        times = self._shortest(bucket)
        if not times:
            return "not measured yet"
        best = self._best(times)
        listed = ", ".join(f"{group}: {_duration(seconds)}" for group, seconds in times.items())
        gain = f", {self._speedup(times, best):.1f}x" if best > 1 and 1 in times else ""
        return f"{best} at a time{gain} ({listed} a step)"

    def measured(self, group: int, tokens: int, seconds: float) -> None:
        """Take in how long a pass took. The first of a size and length is a warm-up."""
        bucket = self._last = length_class(tokens)
        if (group, bucket) not in self._begun:
            self._begun.add((group, bucket))
            return
        kept = self._times.setdefault(bucket, {}).setdefault(group, deque(maxlen=KEPT_PASSES))
        kept.append(seconds)

    def next_group(self, waiting: int, tokens: int) -> int:
        """Return how many trials the next pass should have: one still to be measured, else the best."""
        most, bucket = max(1, min(waiting, self.largest)), length_class(tokens)
        times = self._times.setdefault(bucket, {})
        if self._since_review >= REVIEW_PASSES[min(self._reviews, len(REVIEW_PASSES) - 1)]:
            self._reviews += 1
            self._review(bucket, most)
        for size in reversed(self._sizes(most, bucket)):
            if len(times.get(size, ())) < COUNTED_PASSES:
                self.measures = True
                return size
        self.measures = False
        self._since_review += 1
        known = {size: seconds for size, seconds in self._shortest(bucket).items() if size <= most}
        self._chosen[bucket] = self._best(known)
        return self._chosen[bucket]

    def _sizes(self, most: int, bucket: int) -> list[int]:
        """Return the sizes to measure, ascending.

        A number that is no power of two is worth it only where the largest power below it is the best so far.
        """
        sizes = [size for size in (1, 2, 4, 8, 16, 32, 64) if size <= most]
        if most not in sizes:
            times = {size: seconds for size, seconds in self._shortest(bucket).items() if size in sizes}
            if not times or self._best(times) == sizes[-1]:
                sizes.append(most)
        return sizes

    def _review(self, bucket: int, most: int) -> None:
        """Forget the chosen size and those next to it, so that they are measured again."""
        self._since_review = 0
        chosen = self._chosen.get(bucket, 1)
        for size in (chosen // 2, chosen, chosen * 2):
            if 1 <= size <= most:
                self._times.get(bucket, {}).pop(size, None)

    def best(self, tokens: int) -> int:
        """Return the size with the least time for each trial, as measured; 1 where nothing is."""
        return self._best(self._shortest(length_class(tokens)))

    def _best(self, times: Mapping[int, float]) -> int:
        best = 0
        for size in sorted(times):
            if not best or times[best] / best > LEAST_GAIN * times[size] / size:
                best = size
        return best or 1

    def times(self, tokens: int) -> dict[int, float]:
        """Return the shortest seconds of a pass, by size of the group."""
        return self._shortest(length_class(tokens))

    def _shortest(self, bucket: int) -> dict[int, float]:
        times = self._times.get(bucket, {})
        return {size: min(times[size]) for size in sorted(times) if len(times[size]) >= COUNTED_PASSES}

    def speedup(self, tokens: int) -> float:
        """Return how many times faster than one after another the chosen size is; 1 where that is not known."""
        times = self.times(tokens)
        return self._speedup(times, self._best(times))

    @staticmethod
    def _speedup(times: Mapping[int, float], best: int) -> float:
        return times[1] / (times[best] / best) if 1 in times and times.get(best) else 1.0

    def shrink(self, limit: int) -> None:
        """Take no larger groups from now on: memory ran out."""
        self.largest = max(1, min(self.largest, limit))


def length_class(tokens: int) -> int:
    """Return the class of a pass's length: the power of two below it."""
    return max(0, int(tokens)).bit_length()


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
