"""Hand an attempt over to Slurm: the options and script of its job, and what sbatch may object to."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Sequence
from pathlib import Path

from hptui.core.slurm import NOTICE_BEFORE_LIMIT_S
from hptui.core.study import Resources
from hptui.execution.remote.staging import quoted_python
from hptui.execution.slurm.commands import SlurmCommand

JOB_OUTPUT = "job.txt"
"""File with what a job prints before the attempt begins: complaints of `setup` and of the shell."""
BEGAN = "began"
"""File that a job's script makes first of all."""
TEMPORARY = (
    "Unable to contact slurm controller",
    "Socket timed out",
    "temporarily unable",
    "Connection refused",
    "Connection timed out",
    "Zero Bytes were transmitted",
    "Resource temporarily unavailable",
    "has not answered",
    "MaxSubmit",
    "Transport endpoint is not connected",
)
"""Parts of complaints that pass by themselves."""
REMEDIES = {
    "partition": "set partition in [slurm]: sinfo lists them",
    "account": "set account in [slurm]: sacctmgr show associations user=$USER lists yours",
    "qos": "set qos in [slurm]",
    "node configuration is not available": "no node has what gres, cpus and memory in [slurm] ask for: sinfo -N -l",
    "feature specification": "set extra in [slurm]: sinfo -o %f lists the features",
    "generic resource": "set gres in [slurm], or gpus = 0 in [resources]: sinfo -o %G lists GPUs",
    "gres": "set gres in [slurm], or gpus = 0 in [resources]: sinfo -o %G lists GPUs",
    "time limit": "set time in [slurm]",
    "memory": "set memory in [slurm]",
    "cannot be started": "Slurm's commands are missing here: run hptui where sbatch works",
}
"""Part of a complaint, in small letters -> what to do."""
RETRY_S, MAX_RETRY_S = 2.0, 60.0
"""Times after which a submission that failed is tried again."""


def with_remedy(complaint: str) -> str:
    """Return a complaint of Slurm, with what to do about it."""
    remedy = next((text for part, text in REMEDIES.items() if part in complaint.lower()), "")
    return f"{complaint} ({remedy})" if remedy else complaint


def passes_by_itself(complaint: str) -> bool:
    """Return whether a complaint may be gone later."""
    return any(part in complaint for part in TEMPORARY)


def resource_options(resources: Resources) -> list[str]:
    """Return the options of sbatch that say what a job needs."""
    slurm, grace = resources.slurm, resources.pause_grace + NOTICE_BEFORE_LIMIT_S
    options = [f"--signal=B:USR1@{math.ceil(grace)}"]
    named = {"--partition": slurm.partition, "--account": slurm.account, "--qos": slurm.qos, "--mem": slurm.memory}
    options += [f"{name}={value}" for name, value in named.items() if value]
    if slurm.time is not None:
        minutes, seconds = divmod(math.ceil(slurm.time), 60)
        options.append(f"--time={minutes}:{seconds:02d}")
    if slurm.cpus is not None:
        options.append(f"--cpus-per-task={slurm.cpus}")
    if resources.gpus != 0 and slurm.gres:
        options.append(f"--gres={slurm.gres.replace('{gpus}', str(resources.gpus_per_trial))}")
    return [*options, *slurm.extra]


def job_options(resources: Resources, run: Path, name: str, comment: str) -> list[str]:
    """Return all options of sbatch for a job."""
    own = ["--parsable", "--no-requeue", "--open-mode=append", "--export=NONE", f"--chdir={run}"]
    own += [f"--job-name={name}", f"--comment={comment}", f"--output={run / JOB_OUTPUT}"]
    return [*own, *resource_options(resources)]


def job_script(python: str, setup: Sequence[str], run: Path, module: str, *arguments: str) -> str:
    """Return the script of a job, whose shell is replaced by Python: so signals reach that."""
    words = " ".join([quoted_python(python), "-m", module, *map(shlex.quote, arguments)])
    return "\n".join(["#!/bin/bash", f": > {shlex.quote(str(run / BEGAN))}", *setup, f"exec {words}", ""])


class Submission:
    """One sbatch, repeated while its complaints pass by themselves. `refusal` is one that does not."""

    def __init__(self, options: Sequence[str], script: str) -> None:
        self._options, self._script = list(options), script
        self._command: SlurmCommand | None = None
        self._delay, self._retry_at = RETRY_S, 0.0
        self.job = ""
        self.complaint = self.refusal = ""

    @property
    def done(self) -> bool:
        """Whether a job was made, or will never be."""
        return bool(self.job or self.refusal)

    @property
    def runs(self) -> bool:
        """Whether sbatch is at work."""
        return self._command is not None

    @property
    def retries(self) -> bool:
        """Whether sbatch has failed in a way that leaves open whether there is a job."""
        return bool(self.complaint) and self._command is None and not self.done

    def step(self, *, may_repeat: bool) -> None:
        """Begin to submit, or take in the answer. A repetition needs the caller's word that there is no job."""
        if self.done:
            return
        if self._command is None:
            if time.monotonic() >= self._retry_at and (may_repeat or not self.complaint):
                self._command = SlurmCommand(["sbatch", *self._options], self._script)
            return
        if (answer := self._command.answer) is None:
            return
        self._command = None
        if not answer.problem:
            self.job, self.complaint = answer.text.strip().partition(";")[0], ""
        elif passes_by_itself(answer.problem):
            self.complaint = answer.problem
            self._retry_at = time.monotonic() + self._delay
            self._delay = min(MAX_RETRY_S, 2 * self._delay)
        else:
            self.refusal = with_remedy(answer.problem)

    def submit(self) -> None:
        """Begin at once."""
        self.step(may_repeat=False)

    def close(self) -> None:
        """Let go of an sbatch that runs; the next runner finds its job by name."""
        if self._command is not None:
            self._command.close()
