"""Running means: `loss 0.52 (0.48)` has the value of a batch, and in parentheses the mean of those before it.

The mean is recorded: at the end of a pass over data it is what the pass has measured. `AUC 0.85 (0.02)`, a mean with
its deviation, looks alike; what tells them apart is that the first value of a pass is its own mean, or that a line with
a counter has several such numbers of equal size."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hptui.scripts.metrics.pairs import Pair, canonical_name
from hptui.scripts.metrics.splits import SPLITS, Split

COUNTER = re.compile(r"[\[(]\s*\d+\s*/\s*\d+\s*(?:\(\s*[\d.]+\s*%\s*\))?\s*[\])]")
MAX_RATIO = 4.0
"""By which factor the value of a batch and the mean differ at most, in a line that shows that there are means."""
MIN_MEANS = 2
"""Means in a line with a counter that show that they are some."""


class Meters:
    """Follows the running means of one output."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._last: dict[str, tuple[int | None, bool]] = {}
        """The step and the split of each name's last running mean."""

    def means(self, pairs: Sequence[Pair], text: str, step: int | None, *, is_counted: bool) -> list[Pair]:
        """Return the pairs of a line with means in the place of the values of batches.

        In a line that names no split they are of training steps: evaluations say what they are of, or print no counter.
        """
        if not any(pair.mean is not None for pair in pairs):
            for pair in pairs:
                self._last.pop(pair.name, None)
            return list(pairs)
        has_counter = is_counted or COUNTER.search(text) is not None
        if has_counter and _are_means(pairs):
            self._known |= {pair.name for pair in pairs if pair.mean is not None}
        return [self._mean(pair, step, has_counter=has_counter) for pair in pairs]

    def _mean(self, pair: Pair, step: int | None, *, has_counter: bool) -> Pair:
        if pair.mean is None or pair.name not in self._known:
            return pair
        split = pair.split
        is_named = not {*SPLITS}.isdisjoint(canonical_name(pair.name).split("_"))
        if split is None and not is_named and has_counter:
            split = Split("train", is_heading=True)
        is_held_out = (split is not None and split.name != "train") or (
            is_named and "train" not in canonical_name(pair.name).split("_")
        )
        place = (step, is_held_out)
        goes_on = is_held_out and pair.mean != pair.value and self._last.get(pair.name) == place
        self._last[pair.name] = place
        return pair._replace(value=pair.mean, split=split, goes_on=goes_on)


def _are_means(pairs: Sequence[Pair]) -> bool:
    """Return whether the numbers in parentheses of a line are means of the values before them."""
    both = [(pair.value, pair.mean) for pair in pairs if pair.mean is not None]
    near = [value for value, mean in both if value * mean > 0 and 1 / MAX_RATIO <= value / mean <= MAX_RATIO]
    return any(value == mean != 0 for value, mean in both) or len(near) >= MIN_MEANS
