"""Slurm's commands, run while everything else goes on: started, looked at, and ended if they hang."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

from hptui.core.dataclass import dataclass

PROGRAMS = ("sbatch", "squeue", "scancel", "scontrol", "sinfo")
"""What must be installed where the runner is; `sacct` may be missing."""
MAX_COMMAND_S = 10.0
"""Time after which a command without an answer counts as failed."""
MAX_OUTPUT_BYTES = 8 << 20
KEPT_VARIABLES = ("SLURM_CONF", "SLURM_CLUSTERS")
"""Variables of Slurm that say which cluster is meant. All others describe a job in which the runner itself may be."""


def command_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for Slurm's commands, without what an enclosing job has set."""
    return {
        name: value
        for name, value in environ.items()
        if name in KEPT_VARIABLES or not name.startswith(("SLURM_", "SLURMD_", "PMI", "CUDA_VISIBLE_DEVICES"))
    }


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What a command printed. `problem` is its complaint, '' if it did what it was asked."""

    text: str
    problem: str


class SlurmCommand:
    """A command that runs. `answer` is None until it has ended, or was ended because it hangs."""

    def __init__(self, words: Sequence[str], script: str = "", timeout_s: float = MAX_COMMAND_S) -> None:
        self.began = time.monotonic()
        self._name, self._timeout_s = words[0], timeout_s
        self._answer: CommandAnswer | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  as long as the command runs
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  no pipe: nobody reads while it writes
        with tempfile.TemporaryFile() as source:
            source.write(script.encode())
            source.seek(0)
            try:
                self._process = subprocess.Popen(
                    words,
                    stdin=source,
                    stdout=self._output,
                    stderr=self._errors,
                    env=command_environment(),
                    start_new_session=True,  # ^C in the user's terminal is not for it
                )
            except OSError as error:
                self._finish(f"{self._name} cannot be started: {error.strerror}")

    @property
    def answer(self) -> CommandAnswer | None:
        """What the command printed; None while it runs."""
        if self._answer is None and self._process is not None:
            code = self._process.poll()
            if code is not None:
                self._finish("" if code == 0 else self._complaint() or f"{self._name} has ended with {code}")
            elif time.monotonic() - self.began > self._timeout_s:
                self._process.kill()
                self._process.wait()
                self._finish(f"{self._name} has not answered within {self._timeout_s:g} s")
        return self._answer

    def wait(self) -> CommandAnswer:
        """Return what the command says, once it has ended."""
        while (answer := self.answer) is None:
            assert self._process is not None
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)
        return answer

    def close(self) -> None:
        """Let go of a command that runs on: what it has begun it finishes."""
        self._output.close()
        self._errors.close()

    def _complaint(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read(65536).decode(errors="replace").strip().splitlines()
        shown = [line.removeprefix(f"{self._name}: ").removeprefix("error: ").strip() for line in lines]
        return "; ".join(line for line in shown if line)

    def _finish(self, problem: str) -> None:
        self._output.seek(0)
        self._answer = CommandAnswer(self._output.read(MAX_OUTPUT_BYTES).decode(errors="replace"), problem)
        self.close()


def missing_programs() -> list[str]:
    """Return the commands that are not installed here."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def run_command(*words: str, script: str = "", timeout_s: float = MAX_COMMAND_S) -> CommandAnswer:
    """Run a command to its end: for front ends, which may wait."""
    return SlurmCommand(words, script, timeout_s).wait()
