"""How many trials a host should hold, and how many of them share a pass: from measured times and memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hptui.trainers.packs.protocol import GroupModel

GAIN_TO_DOUBLE = 1.1
"""How many times faster for each trial the last doubling of the group must have been for another one."""
DIGITS = 4
"""Decimal places of seconds in the plan."""


class Lanes:
    """The number of trials in a host (lanes) and in a pass (group). `refused` says why nothing can be packed here."""

    def __init__(self, model: GroupModel, lanes: int, most: int) -> None:
        self.model = model
        self.wanted, self.most = lanes, most
        self.memory_limit = most
        self.refused = ""
        self.timed = False
        self._tokens = 0
        self._plan: dict[str, Any] = {}
        self._planned = -1
        self._passes = 0

    def group(self, tokens: Sequence[int], *, settled: bool = True) -> int:
        """Return how many of the present trials the next pass takes, by the lengths of their turns.

        Unless things have settled, nothing is measured: clients that start take time from a pass.
        """
        self._tokens = round(sum(tokens) / len(tokens)) or self._tokens
        self.timed = settled
        if not settled:
            known = self.model.best(self._tokens) if self.model.times(self._tokens) else len(tokens)
            return min(known, len(tokens), self.memory_limit)
        group = self.model.next_group(len(tokens), self._tokens)
        self.timed = self.model.measures
        return group

    def measured(self, kind: str, group: int, tokens: int, seconds: float) -> None:
        """Take in a pass; only those of training decide, and those that are timed."""
        if kind == "train" and self.timed:
            self._tokens = round(tokens / max(1, group))
            self.model.measured(group, self._tokens, seconds)
            self._passes += 1

    def limit(self, trials: int) -> None:
        """Hold and take no more trials than these from now on: memory ran out with more."""
        self.memory_limit = max(1, min(self.memory_limit, trials or 1))
        self.model.shrink(self.memory_limit)
        self._planned = -1

    def plan(self) -> Mapping[str, Any]:
        """Return what the runner needs to know: how many trials to send here, and why."""
        if self._planned == self._passes:
            return self._plan
        self._planned = self._passes
        times = self.model.times(self._tokens)
        best = self.model.best(self._tokens)
        self.wanted = min(self._lanes(times, best), self.memory_limit)
        if self.refused:
            why = self.refused
        elif self.memory_limit < self.most:
            why = f"{self.model.why}; memory holds {self.memory_limit}"
        else:
            why = self.model.why
        self._plan = {
            "group": best if times else 0,
            "lanes": self.wanted,
            "speedup": round(self.model.speedup(self._tokens), 2),
            "times": {str(size): round(seconds, DIGITS) for size, seconds in times.items()},
            "why": why,
            "refused": self.refused,
        }
        return self._plan

    def _lanes(self, times: Mapping[int, float], best: int) -> int:
        """Return how many trials to hold: twice as many while that pays, else as many as share a pass."""
        if max(times, default=0) < self.wanted or 1 not in times:
            return self.wanted  # not all sizes are measured yet
        if best < self.wanted:
            return best if self.model.confirmed else self.wanted
        half = best // 2
        gain = (times[half] / half) / (times[best] / best) if half in times else GAIN_TO_DOUBLE
        return min(self.most, 2 * self.wanted) if gain >= GAIN_TO_DOUBLE else self.wanted
