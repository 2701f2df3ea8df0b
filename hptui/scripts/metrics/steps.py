"""Steps and epochs as an output counts them: counters that restart with every epoch are joined into one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from hptui.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class StepCounter:
    """A counter as printed: `120`, or `120/300`. `of` is None if not printed."""

    value: float
    total: int | None = None


ORDINAL = re.compile(r"\s*(?:\[(\d{1,9})\]|(\d{1,9}):)\s{2,}(?=[A-Za-z][\w'@. -]*:)")
"""The number of a tree before its metrics: `[10]  train-rmse:0.5`, `10:  learn: 0.5`."""


class StepClock:
    """Follows the steps and epochs of one output.

    `begun` tells that there was a counter. Without `joins_epochs`, a counter that goes back is not one that restarts
    with an epoch: the output is that of several processes.
    """

    def __init__(self) -> None:
        self.begun = False
        self.joins_epochs = True
        self._last_counter: StepCounter | None = None
        self._steps_before = 0
        self._reset = self._advanced = self._is_ahead = False
        self._epoch: StepCounter | None = None
        self._epochs_seen: set[float] = set()
        self._seen: Counter[str] = Counter()
        self.step: int | None = None
        self._first_ordinal: float | None = None

    def take_ordinal(self, text: str) -> tuple[str, StepCounter | None]:
        """Return a line of boosted trees without its number, and that number where it is a step."""
        match = ORDINAL.match(text)
        if match is None:
            return text, None
        value, last = float(match[1] or match[2]), self._last_counter
        self._first_ordinal = value if self._first_ordinal is None else self._first_ordinal
        goes_on = last is None or value > last.value or value <= self._first_ordinal  # else it names the best one
        return text[match.end() :], StepCounter(value) if goes_on else None

    def take(self, step: StepCounter | None, epoch: StepCounter | None) -> None:
        """Take the counters of a line."""
        self.begun |= step is not None or epoch is not None
        if epoch is not None:
            is_new = bool(self._epochs_seen) and epoch.value > max(self._epochs_seen)
            # An epoch that is named only at its end: its counter restarted before.
            self._advanced |= is_new and not self._is_ahead
            self._is_ahead &= not is_new
            self._epoch = epoch
            self._epochs_seen.add(epoch.value)
        if step is None:
            return
        last = self._last_counter
        restarted = last is not None and self.joins_epochs
        if (
            last is not None
            and restarted
            and (step.value < last.value or (step.value == last.value and self._advanced))
        ):
            self._steps_before += last.total or int(last.value)
            self._reset, self._is_ahead = True, not self._advanced
        self._last_counter, self._advanced = step, False
        self.step = self._steps_before + int(step.value)

    def step_of(self, names: Iterable[str]) -> int:
        """Return the step of a line with these metrics.

        It is the last counter, else the epoch, else the number of times that they have been printed.
        """
        names = list(names)
        self._seen.update(names)
        if self.step is not None:
            return self.step
        if self._epoch is not None and float(self._epoch.value).is_integer():
            return int(self._epoch.value)
        return max((self._seen[name] for name in names), default=0)

    @property
    def total(self) -> int | None:
        """Steps of the whole training; None until they are certain."""
        epochs = self._epoch.total if self._epoch else None
        if self._last_counter is None:
            return epochs
        if self._last_counter.total is None:
            return None
        if self._reset:
            return epochs * self._last_counter.total if epochs else None
        # `Epoch 1` and a counter: of the epoch, or of the training? Only the second epoch shows which.
        undecided = self._epoch is not None and epochs != 1 and len(self._epochs_seen) < 2
        return None if undecided else self._last_counter.total
