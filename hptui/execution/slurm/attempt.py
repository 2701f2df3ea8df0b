"""An attempt as the shared directory and Slurm's queue show it.

Its claim says who may start it, `exit.json` that it has ended. What Slurm says of its job is less: a job may be called
dead while its processes live, and a job that Slurm has forgotten may have left what is only seen later."""

from __future__ import annotations

import logging
import os
import time

from hptui.execution.executor import LaunchRecord, State
from hptui.execution.slurm.claim import RUNNER, claim, claimed_by
from hptui.execution.slurm.commands import SlurmCommand
from hptui.execution.slurm.queue import HOPELESS, PAUSED, Queue, SlurmJob, job_name
from hptui.execution.slurm.refusals import Refusals
from hptui.execution.slurm.submission import BEGAN, JOB_OUTPUT, Submission
from hptui.store.records import Sample
from hptui.store.run_directory import put_control, read_json
from hptui.store.safe_reading import read_end

log = logging.getLogger(__name__)

PLACE = "slurm"
"""Place of an attempt that has no node yet."""
MISSING_S = 4.0
"""Time after a submission, or after this runner has begun to look, in which a job may not be listed yet."""
SILENT_S, FRESH_S = 3.0, 45.0
"""After this time without news Slurm is asked more often; an attempt that has written something so recently lives,
whatever cannot be asked, for it does so every ten seconds."""
MAX_SILENCE_S = 120.0
"""Time without a sign of life after which Slurm's word that a job runs shows nothing any more."""
MAX_SETUP_S = 600.0
"""Time that the commands of `setup` may take."""
GRACE_S, NETWORK_GRACE_S = 2.0, 30.0
"""Time in which `exit.json` is seen here after the end of its job: long on a network file system, which caches."""
STILLBORN = ("FAILED", "COMPLETED", "TIMEOUT", "OUT_OF_MEMORY")
"""Ends of jobs before their attempt has begun that others will have, too."""
CANCEL_AGAIN_S = 10.0
"""A job that is to be killed, and lives on, is cancelled again after this time."""


class JobAttempt:
    """One attempt, as a `Handle` on the far side. `grace_s` is the time that files may take to be seen here."""

    warm = False

    def __init__(self, record: LaunchRecord, job: str, queue: Queue, refusals: Refusals, grace_s: float) -> None:
        self.token, self.run, self.name, self.job = record.token, record.run, job_name(record.token), job
        self.submission: Submission | None = None
        self.staging = ""
        self.unseen = ""
        self._queue, self._refusals, self._grace_s = queue, refusals, grace_s
        self._began = time.monotonic()
        self._ended_at = self._kill_at = self._claimed_at = self._running_at = 0.0
        self._known = State("starting", place=PLACE)
        self._withdrawn = ""
        self._size, self._moved_at = -1, 0.0
        self._cancelled_at = 0.0
        self._cancels: list[SlurmCommand] = []

    # state ------------------------------------------------------------------------------------------------------

    def state(self) -> State:
        """Return what the last look has shown."""
        return self._known

    def look(self) -> None:
        """Look at its files and its job. Raises: OSError when the shared directory cannot be read."""
        self._known = self._look()

    def _look(self) -> State:
        if not self.run.root.is_dir():  # it was staged before it was recorded: the shared directory is not there
            raise FileNotFoundError(f"{self.run.root} is not there")
        if isinstance(read_json(self.run.exit), dict):
            return State("gone", "exit", place=self.node)
        owner = claimed_by(self.run.root)
        if owner == RUNNER:
            return State("gone", "never", self._withdrawn or "it was taken back before it began", PLACE)
        return self._started(owner) if owner else self._waiting()

    @property
    def node(self) -> str:
        """The node that it runs on, or `slurm`."""
        words = claimed_by(self.run.root).split(" ")
        return words[1] if len(words) > 1 and words[1] else PLACE

    def _waiting(self) -> State:
        """Return the state of an attempt that no job has claimed."""
        if self.staging:
            return State("queued", why=self.staging, place=PLACE)
        if self.submission is not None and not self.submission.done:
            return State("queued", why=self.submission.complaint or "it is being submitted", place=PLACE)
        if self.submission is not None and self.submission.refusal:
            self._refusals.refuse(self.submission.refusal)
            return self.take_back(f"its job was refused: {self.submission.refusal}")
        if self._queue.problem:
            return State("unknown", why=f"Slurm does not answer: {self._queue.problem}", place=PLACE)
        job = self._queue.find(self.name, self.job) or self._queue.find(self.name)
        if job is None:
            if self._queue.listed < self._began + MISSING_S:
                return State("queued", why="just submitted", place=PLACE)
            return self.take_back("Slurm has no job of it")
        self.job = job.id
        if job.ended:
            return self._ended_before_it_began(job)
        if job.waits and job.reason in HOPELESS:
            key = HOPELESS[job.reason]
            text = f"Slurm would never start its job ({job.reason}): change {key} in [slurm]"
            self._refusals.refuse(text)
            return self.take_back(text)
        if job.waits:
            self._running_at = 0.0
            return State("queued", why=job.waits_for, place=PLACE)
        self._running_at = self._running_at or time.monotonic()
        limit = MAX_SETUP_S if (self.run.root / BEGAN).exists() else MAX_SILENCE_S
        if time.monotonic() - self._running_at > limit:
            return self.take_back(f"its job {job.id} is {job.state} by Slurm's word, but has not begun")
        return State("starting", place=job.node or PLACE)

    def _ended_before_it_began(self, job: SlurmJob) -> State:
        self._ended_at = self._ended_at or time.monotonic()
        if time.monotonic() - self._ended_at < self._grace_s:
            return State("starting", place=job.node or PLACE)
        output = read_end(self.run.root / JOB_OUTPUT, 4096).decode(errors="replace").strip().splitlines()
        text = f"its job {job.id} ended ({job.state}) before it began" + (f": {output[-1]}" if output else "")
        if job.state in STILLBORN:
            self._refusals.stillborn(text)
        return self.take_back(text)

    def _started(self, owner: str) -> State:
        """Return the state of an attempt that a job has claimed, and that has left no `exit.json`."""
        self.job = self.job or owner.split(" ")[0]
        self._refusals.begun()
        self._claimed_at = self._claimed_at or time.monotonic()
        node, job = self.node, self._queue.find(self.name, self.job)
        if self._queue.problem:
            if self._is_fresh():
                return State("alive", place=node)
            return State("unknown", why=f"Slurm does not answer: {self._queue.problem}", place=node)
        if self._queue.listed < max(self._claimed_at, self._began + MISSING_S):
            return State("alive", place=node)  # what is known of the queue is from before it began
        if job is None:
            return self._over(f"its job {self.job} is not in Slurm's queue any more, and left no sign of its end", node)
        if job.state in PAUSED:
            return State("queued", why=f"Slurm has suspended it ({job.state})", place=node)
        if job.ended or job.waits:  # it waits again: Slurm has taken its node away
            return self._over(f"its job {job.id} is {job.state} on {job.node or node}, by Slurm's word", node)
        self._ended_at = 0.0
        if not self._is_fresh(MAX_SILENCE_S):  # after daemons have died Slurm may take a dead job for a living one
            why = f"its job {job.id} is {job.state}, but nothing was heard of it for {MAX_SILENCE_S / 60:g} min"
            return State("unknown", why=why, place=node)
        return State("alive", place=node)

    def _over(self, why: str, node: str) -> State:
        self._ended_at = self._ended_at or time.monotonic()
        if time.monotonic() - self._ended_at < self._grace_s:
            return State("alive", place=node)
        return State("gone", "engine", why, node)

    def _is_fresh(self, within_s: float = FRESH_S) -> bool:
        """Return whether it has written something lately."""
        size = sum(path.stat().st_size for path in (self.run.events, self.run.log) if path.exists())
        if size != self._size:
            self._size, self._moved_at = size, time.monotonic()
        return time.monotonic() - self._moved_at < within_s

    def is_silent(self) -> bool:
        """Return whether it has written nothing for so long that its job may have ended."""
        return not self._is_fresh(SILENT_S)

    # verbs ------------------------------------------------------------------------------------------------------

    def take_back(self, why: str) -> State:
        """Keep it from starting for ever; return its state, also if its job was quicker. Raises: OSError."""
        self._withdrawn = why
        taken = claim(self.run.root, RUNNER)
        self.cancel()
        return State("gone", "never", why, PLACE) if taken else State("starting", place=PLACE)

    def signal(self, verb: str) -> None:
        """Pass a verb on: one that has not begun is taken back, whatever the verb."""
        if not claimed_by(self.run.root):
            self.take_back("it was taken out of the queue")
            return
        put_control(self.run, verb)
        if verb == "kill":
            self._kill_at = time.monotonic()

    def fence(self) -> None:
        """Kill it wherever it is, and keep it from starting where it is not."""
        self.take_back("it is fenced")
        put_control(self.run, "kill")

    def step(self) -> None:
        """Go on with its submission, and reap what has cancelled its job."""
        self._cancels = [command for command in self._cancels if command.answer is None]
        if self._kill_at and time.monotonic() - self._kill_at > CANCEL_AGAIN_S:  # its shim is quicker, and cleans up
            self.cancel()
        if self.submission is not None and not self.submission.done and not self.staging:
            known = self._queue.find(self.name)
            if self.submission.retries and known is not None:
                self.submission.job = known.id
            absent = self._queue.listed > self._began and known is None
            self.submission.step(may_repeat=absent)
            if self.submission.job:
                self.job, self._began = self.submission.job, time.monotonic()
                self._queue.refresh()
            elif self.submission.retries:
                self._queue.refresh()

    def cancel(self) -> None:
        """Cancel its job, now and then again."""
        known = self.job or (job.id if (job := self._queue.find(self.name)) is not None else "")
        if time.monotonic() - self._cancelled_at > CANCEL_AGAIN_S or not self._cancelled_at:
            self._cancelled_at = time.monotonic()
            words = [known] if known else [f"--name={self.name}"]
            self._cancels.append(SlurmCommand(["scancel", f"--user={os.getuid()}", *words]))

    def is_dead(self) -> bool:
        """Return whether a fenced attempt is known to be dead; until then cancel it again.

        Raises: OSError when the shared directory cannot be read.
        """
        if isinstance(read_json(self.run.exit), dict):
            return True
        job = self._queue.find(self.name)
        listed = self._queue.listed > self._began and not self._queue.problem
        over = listed and (job is None or job.ended) and (self.submission is None or self.submission.done)
        if claimed_by(self.run.root) == RUNNER:
            if not over:
                self.cancel()
            return over
        if listed and job is not None and not job.ended:
            self.cancel()
        # Slurm's word is no proof, but a control file and a cancelled job are all that can be done.
        return over and not self._is_fresh()

    def sync(self) -> None:
        """Do nothing: what it writes is where it is read."""

    def collect(self) -> None:
        """Do nothing: its shim has ended all that could write before it wrote `exit.json`."""

    def usage(self) -> Sample | None:
        """Return None: nobody measures on the nodes."""
        return None

    def forget(self) -> None:
        """Let go of commands that run."""
        self.close()

    def close(self) -> None:
        """Let go of commands that run."""
        for command in self._cancels:
            command.close()
        if self.submission is not None:
            self.submission.close()
