"""Jobs of attempts that have ended: those that Slurm goes on to list are cancelled.

It may have missed their end, or have two of one; they would keep places on its nodes taken."""

from __future__ import annotations

import time

from hptui.execution.slurm.commands import SlurmCommand
from hptui.execution.slurm.queue import Queue

MAX_LISTED_S = 30.0
"""Time that Slurm may list the job of an attempt that has ended."""


class EndedJobs:
    """Remembers when attempts ended, by the names of their jobs."""

    def __init__(self) -> None:
        self._ended: dict[str, float] = {}
        self._cancels: list[SlurmCommand] = []

    def note(self, name: str) -> None:
        """Note that an attempt has ended now."""
        self._ended[name] = time.monotonic()

    def poll(self, queue: Queue) -> None:
        """Cancel what is listed for too long, once."""
        self._cancels = [command for command in self._cancels if command.answer is None]
        for name, ended in list(self._ended.items()):
            if queue.listed > ended + MAX_LISTED_S:
                del self._ended[name]
                if (job := queue.find(name)) is not None and not job.ended:
                    self._cancels.append(SlurmCommand(["scancel", job.id]))

    def close(self) -> None:
        """Let go of commands that run."""
        for command in self._cancels:
            command.close()
