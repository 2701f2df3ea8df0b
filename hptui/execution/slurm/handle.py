"""An attempt that was handed to Slurm, and the copies here of what its job writes into the shared directory."""

from __future__ import annotations

import time
from typing import Any

from hptui.execution.executor import LaunchRecord, State
from hptui.execution.remote.followed import Followed
from hptui.execution.remote.handle import Keeper, RemoteHandle
from hptui.execution.slurm.attempt import PLACE, JobAttempt


class SlurmHandle(RemoteHandle):
    """The near side of an attempt; `far` is None where nobody asks Slurm: before the executor is opened."""

    is_claimed = True

    def __init__(
        self,
        executor: Keeper,
        record: LaunchRecord,
        facts: dict[str, Any],
        far: JobAttempt | None,
        followed: Followed | None,
    ) -> None:
        super().__init__(executor, record, None, facts)
        self.far, self.followed = far, followed
        self.trouble = ""
        if followed is not None:
            followed.begin(self.events_size, self.log_size)

    @property
    def place(self) -> str:
        """The node that it runs on, once that is known."""
        return self.far.node if self.far is not None else PLACE

    def state(self) -> State:
        """Return what is known: it is gone for certain only once all that it left is here."""
        if self._end is not None:
            return self._end
        if self.far is None:
            return State("unknown", why="only a runner asks Slurm", place=PLACE)
        if self.trouble:
            return State("unknown", why=self.trouble, place=PLACE)
        state = self.far.state()
        return State("alive", place=state.place) if state.certain else state

    def sync(self) -> None:
        """Pass on the verb in `control`, which front ends write too, once."""
        if self._end is None and self.far is not None and (verb := self.new_verb()):
            try:
                self.far.signal(verb)
            except OSError:
                self.pass_on_again()

    def follow(self) -> list[dict[str, Any]]:
        """Copy what its job has written since; return messages about its end. Raises: OSError."""
        if self.followed is None or self.far is None or self._end is not None:
            return []
        self.far.step()
        self.far.look()
        ends = []
        for message in self.followed.look():
            self.take(message)
            if message["k"] == "end":
                ends.append(message)
        if (job := self.far.job) and job != self.facts.get("job"):
            self.note(job=job, submitted=self.facts.get("submitted") or time.time())
        return ends
