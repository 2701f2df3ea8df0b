"""Starts a command on several processes of this machine (`launch` of `[trainer]`): words, port, environment."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.scripts.launchers import accelerate_words, torchrun_words

TORCHRUN, ACCELERATE, NONE = "torchrun", "accelerate", "none"
PROGRAMS = (NONE, TORCHRUN, ACCELERATE)
"""What `launch` may name."""
LAUNCH_KEYS = ("program", "processes", "options")
EXAMPLE = 'for instance launch = "torchrun", or launch = { program = "torchrun", processes = 2 }'
COUNT_OPTION = re.compile(r"--(?:nproc[-_]per[-_]node|num[-_]processes)")
PORT_TAKEN = re.compile(r"EADDRINUSE|[Aa]ddress already in use")
PORT_TAKEN_WITHIN_S = 30.0
"""Seconds from a start within which a taken port is a reason to start again with another one."""
PYTHON = re.compile(r"(?:python|pypy)[0-9.]*")
NCCL_VARIABLES = {
    "NCCL_DEBUG": "WARN",
    "NCCL_ASYNC_ERROR_HANDLING": "1",
    "TORCH_NCCL_ASYNC_ERROR_HANDLING": "1",
    "TORCH_NCCL_DUMP_ON_TIMEOUT": "0",
}
"""Variables of a command on several processes, unless they are set: a rank that waits for a dead one ends."""


@dataclass(frozen=True, slots=True)
class LaunchSpec:
    """How a command is started on several processes. `processes` is None for one process on each GPU of the trial."""

    program: str
    processes: int | None = None
    options: tuple[str, ...] = ()


def read_launch(value: Any, command: Sequence[str] = ()) -> LaunchSpec | None:
    """Return what `launch` says; None if the command is started as it is written.

    Raises: UserError, which names the key.
    """
    table = value if isinstance(value, Mapping) else {"program": value}
    for key in table:
        if key not in LAUNCH_KEYS:
            raise UserError(f"trainer.launch: unknown key {key!r}", hint=did_you_mean(key, LAUNCH_KEYS))
    program, processes, options = table.get("program"), table.get("processes"), table.get("options", [])
    if not isinstance(program, str) or program not in PROGRAMS:
        hint = did_you_mean(program, PROGRAMS) if isinstance(program, str) else EXAMPLE
        raise UserError(f"trainer.launch: must be one of {', '.join(PROGRAMS)}, got {program!r}", hint=hint)
    if processes is not None and (not isinstance(processes, int) or isinstance(processes, bool) or processes < 1):
        hint = "leave it out for one process on each GPU of the trial"
        raise UserError(f"trainer.launch.processes: must be a whole number from 1 on, got {processes!r}", hint=hint)
    if not isinstance(options, list) or not all(isinstance(word, str) for word in options):
        hint = 'for instance options = ["--max-restarts", "0"]'
        raise UserError(f"trainer.launch.options: must be a list of texts, got {options!r}", hint=hint)
    if program == NONE:
        return None
    if named := launcher_of(command):
        hint = f"remove launch, or write the command without {named}: it begins with python then"
        raise UserError(f"trainer.launch: the command starts {named} itself", hint=hint)
    for word in options:
        if COUNT_OPTION.match(word):
            raise UserError(f"trainer.launch.options: {word} is set by hptui", hint=f"write processes = 2: {EXAMPLE}")
    return LaunchSpec(program, processes, tuple(options))


def launcher_of(words: Sequence[str]) -> str:
    """Return the launcher that a command begins with: `torchrun`, `accelerate`, or '' for another program."""
    return TORCHRUN if torchrun_words(words) else ACCELERATE if accelerate_words(words) else ""


def named_processes(words: Sequence[str]) -> int | None:
    """Return how many processes a command that begins with a launcher names; None if it names no number."""
    count = torchrun_words(words) or accelerate_words(words)
    for index, word in enumerate(words[count:], start=count) if count else ():
        name, equals, value = word.partition("=")
        if COUNT_OPTION.fullmatch(name):
            text = value if equals else words[index + 1] if index + 1 < len(words) else ""
            return int(text) if text.isdecimal() else None
        if not word.startswith("-") and word.endswith(".py"):
            return None
    return None


MPI_COUNT = re.compile(r"(?:-n|-np|--np|--ntasks|-c)")
MPI_PROGRAMS = ("mpirun", "mpiexec", "srun", "horovodrun")


def processes_of_mpi(words: Sequence[str]) -> int:
    """Return how many processes `mpirun -n 4` or `srun --ntasks=4` starts; 1 if it does not state that."""
    if not words or words[0].rpartition("/")[2] not in MPI_PROGRAMS:
        return 1
    for word, following in zip(words[1:], [*words[2:], ""], strict=True):
        name, equals, value = word.partition("=")
        text = value if equals else following
        if MPI_COUNT.fullmatch(name) and text.isdecimal() and not (name == "-c" and words[0].endswith("srun")):
            return int(text)
    return 1


def launched(words: Sequence[str], spec: LaunchSpec, *, processes: int, port: str, on_gpus: bool) -> list[str]:
    """Return the command such that it runs on `processes` processes of this machine.

    Without GPUs `accelerate launch` would need MPI: torchrun starts the processes, and a variable tells Accelerate.
    """
    python, script = _split(words)
    if spec.program == ACCELERATE and on_gpus:
        return [
            *([python, "-m", "accelerate.commands.launch"] if python else ["accelerate", "launch"]),
            *(["--multi_gpu"] if processes > 1 else []),
            *("--num_processes", str(processes), "--num_machines", "1", "--main_process_port", port),
            *spec.options,
            *([] if python else ["--no_python"]),
            *script,
        ]
    return [
        *([python, "-m", "torch.distributed.run"] if python else ["torchrun"]),
        *("--nnodes", "1", "--nproc_per_node", str(processes)),
        *("--rdzv_backend", "c10d", "--rdzv_endpoint", f"127.0.0.1:{port}"),
        *spec.options,
        *([] if python else ["--no_python"]),
        *script,
    ]


def _split(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the Python of a command ('' for another program) and what a launcher takes as its script.

    Options of Python that take no value are dropped: launchers start each process with `-u`.
    """
    if not PYTHON.fullmatch(os.path.basename(words[0])):
        return "", list(words)
    for index, word in enumerate(words[1:], start=1):
        if word == "-m" or not word.startswith("-"):
            return words[0], list(words[index:])
    return "", list(words)


def free_port() -> str:
    """Return a port of this machine that nothing listens on at the moment."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return str(server.getsockname()[1])


def found_its_port_taken(code: int, lines: Sequence[str], seconds: float) -> bool:
    """Return whether a command ended because another program had taken its port."""
    return bool(code) and seconds < PORT_TAKEN_WITHIN_S and any(map(PORT_TAKEN.search, lines))


class CommandLaunch:
    """How the command of one attempt starts: on how many processes, with which port and variables.

    `setting` is what `launch` says, `gpus` the number of the attempt's GPUs; without any, `launch` starts
    `gpus_per_trial` processes.

    Raises: UserError if the file names another number of processes than the attempt has GPUs.
    """

    def __init__(self, setting: Any, command: Sequence[str], gpus: int, gpus_per_trial: int) -> None:
        self._spec = read_launch(setting, command)
        self._gpus = gpus
        named = self._spec.processes if self._spec is not None else named_processes(command)
        if named is not None and gpus and named != gpus:
            key = "launch.processes" if self._spec is not None else "command"
            hint = f"set [resources] gpus_per_trial = {named}, or leave the number of processes out"
            raise UserError(f"trainer.{key}: {named} processes, but the trial has {gpus} GPUs", hint=hint)
        self.processes = named or (gpus or gpus_per_trial if self._spec is not None else 1)
        self._is_distributed = self._spec is not None or bool(launcher_of(command))
        self.port = free_port()  # once: the recorded command is the one that runs

    def facts(self) -> dict[str, str]:
        """Return the placeholders that say what the command runs on."""
        numbers = ",".join(map(str, range(self._gpus)))
        ranks = ",".join(map(str, range(self.processes)))
        return {
            "gpu": numbers,
            "gpus": str(self._gpus),
            "nproc": str(self.processes),
            "local_ranks": ranks,
            "port": self.port,
        }

    def words(self, words: Sequence[str]) -> list[str]:
        """Return the command as it is started."""
        if self._spec is None:
            return list(words)
        on_gpus = self._gpus > 0
        return launched(words, self._spec, processes=self.processes, port=self.port, on_gpus=on_gpus)

    def environment(self, threads: int) -> dict[str, str]:
        """Return the variables of a command on several processes, which share the threads of the trial."""
        if not self._is_distributed:
            return {}
        own = {name: value for name, value in NCCL_VARIABLES.items() if name not in os.environ}
        if threads:
            share = str(max(1, threads // self.processes))
            own |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), share)
        if self._spec is not None and self._spec.program == ACCELERATE and not self._gpus:
            own["ACCELERATE_USE_CPU"] = "true"
        return own
