"""What Slurm says of all jobs of a user: one `squeue` for all of them, asked every few seconds.

A listing that fails says nothing: what was known before is kept, and `problem` says why."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from hptui.core.dataclass import dataclass
from hptui.execution.slurm.commands import SlurmCommand

FORMAT = "%i|%j|%T|%r|%N|%S"
POLL_S, QUIET_POLL_S = 2.0, 15.0
"""How often jobs are asked for: while one is waited for, and else."""
MAX_EXPECTED_WAIT = timedelta(days=300)
"""Slurm takes a job without a time limit to last a year, so a start that far away is no estimate."""
NAME_PREFIX = "hptui-"
HELD = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD")
"""States of a job that waits."""
RUNNING = ("CONFIGURING", "RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING", "RESIZING")
PAUSED = ("SUSPENDED", "STOPPED")
"""States of a job that has its nodes and is not computed."""
HOPELESS = {
    "PartitionTimeLimit": "time",
    "PartitionNodeLimit": "partition",
    "BadConstraints": "extra",
    "InvalidAccount": "account",
    "InvalidQOS": "qos",
    "QOSNotAllowed": "qos",
    "AccountNotAllowed": "account",
    "QOSMaxWallDurationPerJobLimit": "time",
    "AssocMaxWallDurationPerJobLimit": "time",
}
"""Reasons for waiting that never pass by themselves, and the key of [slurm] to change."""


def job_name(token: str) -> str:
    """Return the name of the job of an attempt, by which it is found."""
    return f"{NAME_PREFIX}{token[:16]}"


@dataclass(frozen=True, slots=True)
class SlurmJob:
    """One job as Slurm lists it."""

    id: str
    name: str
    state: str
    reason: str = ""
    node: str = ""
    start: str = ""

    @property
    def waits(self) -> bool:
        """Whether it has not been given its nodes."""
        return self.state in HELD

    @property
    def ended(self) -> bool:
        """Whether it is over, by Slurm's word."""
        return self.state not in (*HELD, *RUNNING, *PAUSED)

    @property
    def waits_for(self) -> str:
        """Why it waits, for people."""
        reason = self.reason if self.reason not in ("", "None") else "just submitted"
        try:
            start = datetime.fromisoformat(self.start)  # Slurm's local time, as datetime.now() is
        except ValueError:  # N/A: Slurm has no estimate
            return reason
        if start - datetime.now() > MAX_EXPECTED_WAIT:
            return reason
        when = f"{start:%H:%M}" if start.date() == datetime.now().date() else f"{start:%Y-%m-%d %H:%M}"
        return f"{reason}, expected to start at {when}"


class Queue:
    """The jobs of this user. `listed` is when the listing began that is known now (monotonic; 0: there is none)."""

    def __init__(self) -> None:
        self.problem, self.since = "", time.time()
        self.listed = 0.0
        self._jobs: dict[str, SlurmJob] = {}
        self._command: SlurmCommand | None = None
        self._asked = 0.0

    def poll(self, busy: Callable[[], bool]) -> None:
        """Take in a listing, or ask for one when it is time; `busy`: a change is waited for."""
        if self._command is not None:
            if (answer := self._command.answer) is not None:
                self._take(answer.text, answer.problem, self._command.began)
                self._command = None
            return
        now = time.monotonic()
        if now - self._asked > POLL_S and (now - self._asked > QUIET_POLL_S or not self._asked or busy()):
            self._asked = now
            self._command = SlurmCommand(["squeue", f"--user={os.getuid()}", "--noheader", "-t", "all", "-o", FORMAT])

    def _take(self, text: str, problem: str, began: float) -> None:
        if bool(problem) != bool(self.problem):
            self.since = time.time()
        self.problem = problem
        if not problem:
            self.listed = began
            self._jobs = {}
            for job in map(_job, text.splitlines()):
                if job is not None:
                    self._jobs |= {job.id: job, job.name: job}

    def refresh(self) -> None:
        """Ask again at the next poll."""
        self._asked = min(self._asked, time.monotonic() - QUIET_POLL_S)

    def find(self, name: str, number: str = "") -> SlurmJob | None:
        """Return a job by its number, or by its name if that is not known; None if it is not listed."""
        job = self._jobs.get(number or name)
        return job if job is not None and job.name == name else None  # numbers begin again after a new start of Slurm

    def close(self) -> None:
        """Let go of a command that runs."""
        if self._command is not None:
            self._command.close()


def _job(line: str) -> SlurmJob | None:
    parts = line.strip().split("|")
    return SlurmJob(*parts[:6]) if len(parts) >= 6 and parts[1].startswith(NAME_PREFIX) else None
