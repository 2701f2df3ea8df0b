"""Trials in their order that tell which of them have changed: what rests on all of them follows the changes only.

To go through very many trials at each decision takes more time than there is."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, takewhile
from typing import overload

from hptui.core.dataclass import dataclass
from hptui.core.trial import Trial


class TrialHistory(Sequence[Trial]):
    """Trials in the order of their numbers, with the last change (put in, replaced or removed) of each number.

    `joined` counts the changes of which trials there are.
    """

    def __init__(self, trials: Iterable[Trial] = ()) -> None:
        self._numbers: list[int] = []
        self._trials: list[Trial] = []
        self._position = 0
        self._changed_at: dict[int, int] = {}
        """The position of each number's last change, the latest last: not longer than there are numbers."""
        self.joined = 0
        for trial in trials:
            self.put(trial)

    @overload
    def __getitem__(self, index: int) -> Trial: ...

    @overload
    def __getitem__(self, index: slice) -> list[Trial]: ...

    def __getitem__(self, index: int | slice) -> Trial | list[Trial]:
        return self._trials[index]

    def __len__(self) -> int:
        return len(self._trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._trials)

    def find(self, number: int) -> Trial | None:
        """Return a trial by its number; None if it is not there."""
        at = bisect_left(self._numbers, number)
        return self._trials[at] if at < len(self._numbers) and self._numbers[at] == number else None

    def put(self, trial: Trial) -> None:
        """Put a trial in, or replace the one of its number."""
        at = bisect_left(self._numbers, trial.number)
        if at < len(self._numbers) and self._numbers[at] == trial.number:
            self._trials[at] = trial
        else:
            self._numbers.insert(at, trial.number)
            self._trials.insert(at, trial)
            self.joined += 1
        self._record_change(trial.number)

    def remove(self, number: int) -> None:
        """Remove a trial, if it is there."""
        at = bisect_left(self._numbers, number)
        if at < len(self._numbers) and self._numbers[at] == number:
            del self._numbers[at], self._trials[at]
            self.joined += 1
            self._record_change(number)

    def _record_change(self, number: int) -> None:
        self._position += 1
        self._changed_at.pop(number, None)  # so that it comes last
        self._changed_at[number] = self._position

    def changes(self, since: int) -> tuple[int, set[int]]:
        """Return the present position, and the numbers that were changed since an earlier one."""
        latest = takewhile(lambda number: self._changed_at[number] > since, reversed(self._changed_at))
        return self._position, set(latest)


@dataclass
class HistoryFollower:
    """Calls `follow(number, trial)` for each trial that has changed since the last call, with None for a removed one.

    `reset` is called first where everything is to be forgotten: the trials are those of another history, or of none.
    """

    reset: Callable[[], None]
    follow: Callable[[int, Trial | None], None]
    _history: TrialHistory | None = None
    _position: int = 0

    def catch_up(self, trials: Iterable[Trial]) -> bool:
        """Follow all changes; return whether there were any."""
        if not isinstance(trials, TrialHistory):
            self._history = None
            self.reset()
            for trial in trials:
                self.follow(trial.number, trial)
            return True
        if trials is not self._history:
            self._history, self._position = trials, 0
            self.reset()
        self._position, numbers = trials.changes(self._position)
        for number in sorted(numbers):
            self.follow(number, trials.find(number))
        return bool(numbers)


class NumberRanges(Sequence[int]):
    """A set of numbers as ranges of neighbours, in ascending order: small, however many numbers there are."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        ordered = sorted(set(numbers))
        gaps = [(before, after) for before, after in pairwise(ordered) if after - before > 1]
        self._lows = ordered[:1] + [after for _, after in gaps]
        self._highs = [before for before, _ in gaps] + ordered[-1:]

    def ranges(self) -> list[tuple[int, int]]:
        """Return the first and the last number of each range."""
        return list(zip(self._lows, self._highs, strict=True))

    def _range_before(self, number: int) -> int:
        return bisect_left(self._lows, number + 1) - 1

    def add(self, number: int) -> None:
        """Add a number, unless it is there."""
        at = self._range_before(number)
        if at >= 0 and number <= self._highs[at]:
            return
        joins_before = at >= 0 and self._highs[at] == number - 1
        joins_after = at + 1 < len(self._lows) and self._lows[at + 1] == number + 1
        if joins_before and joins_after:
            self._highs[at] = self._highs[at + 1]
            del self._lows[at + 1], self._highs[at + 1]
        elif joins_before:
            self._highs[at] = number
        elif joins_after:
            self._lows[at + 1] = number
        else:
            self._lows.insert(at + 1, number)
            self._highs.insert(at + 1, number)

    def discard(self, number: int) -> None:
        """Remove a number, if it is there."""
        at = self._range_before(number)
        if at < 0 or number > self._highs[at]:
            return
        low, high = self._lows[at], self._highs[at]
        rest = [(low, number - 1)] * (low < number) + [(number + 1, high)] * (number < high)
        self._lows[at : at + 1] = [first for first, _ in rest]
        self._highs[at : at + 1] = [last for _, last in rest]

    def copy(self) -> NumberRanges:
        """Return the same numbers, which no later change reaches."""
        other = NumberRanges()
        other._lows, other._highs = list(self._lows), list(self._highs)
        return other

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> list[int]: ...

    def __getitem__(self, index: int | slice) -> int | list[int]:
        return list(self)[index]

    def __len__(self) -> int:
        return sum(high - low + 1 for low, high in self.ranges())

    def __iter__(self) -> Iterator[int]:
        for low, high in self.ranges():
            yield from range(low, high + 1)
