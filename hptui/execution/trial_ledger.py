"""The trials of a study with what a plan asks of them, kept up to date: a decision costs the same at any number."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, MutableMapping

from hptui.core.trial import Reason, Role, Trial, TrialStatus
from hptui.core.trial_history import TrialHistory


class TrialLedger(MutableMapping[int, Trial]):
    """Trials by number. `running`, `paused` (by a person), `at_rungs` and `usage` (errors of usage) are numbers.

    `usable` is how many complete trials there are besides the base model; `history` has all trials in their order.
    """

    def __init__(self, trials: Iterable[Trial] = ()) -> None:
        self._trials: dict[int, Trial] = {}
        self.history = TrialHistory()
        self._waiting: list[tuple[bool, int]] = []
        self._ended: list[tuple[float, int]] = []
        self._counted: Counter[str] = Counter()
        self.running: set[int] = set()
        self.paused: set[int] = set()
        self.at_rungs: set[int] = set()
        self.usage: set[int] = set()
        self.usable = 0
        for trial in trials:
            self[trial.number] = trial

    def __getitem__(self, number: int) -> Trial:
        return self._trials[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._trials)

    def __len__(self) -> int:
        return len(self._trials)

    def __setitem__(self, number: int, trial: Trial) -> None:
        if number in self._trials:
            self._uncount(self._trials[number])
        self._trials[number] = trial
        self.history.put(trial)
        if trial.status is TrialStatus.WAITING:
            insort(self._waiting, _order_of_start(trial))
        elif trial.status is TrialStatus.RUNNING:
            self.running.add(number)
        elif trial.status is TrialStatus.PAUSED:
            (self.at_rungs if trial.is_at_rung else self.paused).add(number)
        if counts_for_abort(trial):
            insort(self._ended, (trial.ended or 0.0, number))
            if trial.reason is Reason.USAGE:
                self.usage.add(number)
        self._counted[trial.stage] += trial.role.counts_as_trial
        self.usable += _is_usable(trial)

    def __delitem__(self, number: int) -> None:
        self._uncount(self._trials.pop(number))
        self.history.remove(number)

    def _uncount(self, trial: Trial) -> None:
        number = trial.number
        if trial.status is TrialStatus.WAITING:
            _remove(self._waiting, _order_of_start(trial))
        if counts_for_abort(trial):
            _remove(self._ended, (trial.ended or 0.0, number))
        for numbers in (self.running, self.paused, self.at_rungs, self.usage):
            numbers.discard(number)
        self._counted[trial.stage] -= trial.role.counts_as_trial
        self.usable -= _is_usable(trial)

    def in_order(self) -> list[Trial]:
        """Return all trials in the order in which they were made, which is that of their numbers."""
        return list(self.history)

    def waiting(self, limit: int | None = None) -> list[Trial]:
        """Return the trials to be run: those begun already first, then by number."""
        return [self._trials[number] for _, number in self._waiting[:limit]]

    def counted(self, stage: str) -> int:
        """Return how many trials of a stage count towards its budget; of all stages if it is ''."""
        return self._counted[stage] if stage else self._counted.total()

    def ends_since(self, since: float) -> EndsSince:
        """Return the trials that have ended since a time and count for an abort."""
        return EndsSince(self, self._ended, bisect_left(self._ended, (since, -1)))


class EndsSince:
    """Ends in their order, from a position on."""

    def __init__(self, ledger: TrialLedger, ended: list[tuple[float, int]], start: int) -> None:
        self._ledger, self._ended, self._start = ledger, ended, start

    def first(self, count: int) -> list[Trial]:
        """Return the first ones."""
        return [self._ledger[number] for _, number in self._ended[self._start : self._start + count]]

    def last(self, count: int) -> list[Trial]:
        """Return the last ones, in their order."""
        return [self._ledger[number] for _, number in self._ended[max(self._start, len(self._ended) - count) :]]

    def with_usage_error(self) -> list[Trial]:
        """Return those with a usage error."""
        errors = sorted((self._ledger[number].ended or 0.0, number) for number in self._ledger.usage)
        since = self._ended[self._start] if self._start < len(self._ended) else (float("inf"), 0)
        return [self._ledger[number] for ended, number in errors if (ended, number) >= since]


def counts_for_abort(trial: Trial) -> bool:
    """Return whether the end of a trial counts for giving up: it ran here, and nobody ended it."""
    ran_here = trial.role not in (Role.IMPORTED, Role.BASE) and trial.reason is not Reason.USER
    return ran_here and trial.ended is not None and not trial.status.open


def _is_usable(trial: Trial) -> bool:
    return trial.status is TrialStatus.COMPLETE and trial.role is not Role.BASE


def _order_of_start(trial: Trial) -> tuple[bool, int]:
    return trial.attempts == 0, trial.number


def _remove(ordered: list[tuple[bool, int]] | list[tuple[float, int]], entry: tuple[float, int]) -> None:
    del ordered[bisect_left(ordered, entry)]
