"""Reads `[slurm]`: the jobs of a Slurm cluster in which trials run."""

from __future__ import annotations

import re

from hptui.core.errors import Problems, StudyError
from hptui.core.format import duration
from hptui.core.key_types import NONEMPTY, require_list
from hptui.core.slurm import NOTICE_BEFORE_LIMIT_S, Slurm
from hptui.core.study import Resources, Study
from hptui.core.trial import Value
from hptui.studyfile.table import TableReader

KEYS_OF_OPTIONS = {
    "partition": ("-p", "--partition"),
    "account": ("-A", "--account"),
    "qos": ("-q", "--qos"),
    "time": ("-t", "--time"),
    "cpus": ("-c", "--cpus-per-task"),
    "memory": ("--mem",),
    "gres": ("--gres", "--gpus", "-G", "--gpus-per-node"),
}
"""Options of sbatch that have a key of their own."""
OWN_OPTIONS = (
    *("-J", "--job-name", "--comment", "-o", "--output", "-e", "--error", "-i", "--input", "--open-mode", "--parsable"),
    *("--requeue", "--no-requeue", "-a", "--array", "--signal", "--export", "--export-file", "-D", "--chdir", "--wrap"),
    *("--test-only", "-W", "--wait", "-H", "--hold", "-Q", "--quiet"),
)
"""Options of sbatch on which the executor depends, so that it sets them itself."""
SHORT_TIME_FACTOR = 2
"""A time limit must be more than this many times as long as what a trial needs to save."""


def read_slurm(value: Value) -> Slurm:
    """Return `[slurm]`. Raises: StudyError."""
    problems = Problems()
    fields = TableReader.of({} if value is None else value, "slurm", problems=problems).fields()
    problems.raise_all()
    return Slurm(**fields)


def read_extra(value: Value, where: str) -> tuple[str, ...]:
    """Return further options of sbatch; those that hptui sets itself are refused by name."""
    options: list[str] = []
    for n, item in enumerate(require_list(value, where)):
        option, location = str(NONEMPTY.read(item, f"{where}[{n}]")), f"{where}[{n}]"
        name = _name_of(option)
        if not option.startswith("-"):
            hint = 'write options of sbatch in one piece: "--constraint=nvlink"'
            raise StudyError(f"{option!r} is no option", where=location, value=option, hint=hint)
        if key := next((key for key, names in KEYS_OF_OPTIONS.items() if name in names), ""):
            raise StudyError(f"{name} is {key} in [slurm]", where=location, value=option, hint=f"set {key} instead")
        if name in OWN_OPTIONS:
            raise StudyError(
                f"hptui sets {name} itself", where=location, value=option, hint="take it out: trials depend on it"
            )
        options.append(option)
    return tuple(options)


def _name_of(option: str) -> str:
    """Return the name of an option: `--mem` of `--mem=4G`, `-p` of `-pgpu`."""
    return option.partition("=")[0].split()[0] if option.startswith("--") else option[:2]


def validate_slurm(study: Study, problems: Problems) -> None:
    """Collect what cannot work about running trials as jobs of Slurm."""
    resources, slurm = study.resources, study.slurm
    if resources.executor != "slurm":
        return

    def wrong(where: str, text: str, hint: str, value: Value = None) -> None:
        problems.errors.append(StudyError(text, where=where, value=value, hint=hint))

    if not slurm.dir:
        wrong("slurm.dir", "no directory is named", 'add: [slurm] dir = "/scratch/me/hptui", which all nodes can see')
    elif not slurm.directory.is_absolute():
        text = f"{slurm.dir!r} is no absolute path" + (" (a variable is not set)" if "$" in slurm.dir else "")
        wrong("slurm.dir", text, "name a directory that this machine and all nodes share", slurm.dir)
    if resources.checkpoints != Resources().checkpoints:
        text = "checkpoints of trials that run as jobs lie in dir of [slurm]"
        wrong("resources.checkpoints", text, "leave it out", resources.checkpoints)
    if resources.parallel != Resources().parallel:
        hint = f"leave it out, and set [slurm] max_jobs = {resources.parallel}"
        wrong("resources.parallel", "Slurm decides how many jobs run at once", hint, resources.parallel)
    if resources.gpus not in ("all", 0):
        hint = "leave it out; gpus = 0 if trials need none; gpus_per_trial says how many a job gets"
        wrong("resources.gpus", "Slurm decides which GPUs a job gets", hint, str(resources.gpus))
    if resources.trials_per_gpu != Resources().trials_per_gpu:
        wrong("resources.trials_per_gpu", "a job has its GPUs to itself", "leave it out", resources.trials_per_gpu)
    if re.search(r"\{(?!gpus\})", slurm.gres):
        wrong("slurm.gres", f"{slurm.gres!r}: only {{gpus}} is filled in", 'such as "gpu:a100:{gpus}"', slurm.gres)
    shortest = SHORT_TIME_FACTOR * (resources.pause_grace + NOTICE_BEFORE_LIMIT_S)
    if slurm.time is not None and slurm.time <= shortest:
        grace = duration(resources.pause_grace)
        text = f"{duration(slurm.time)} is too short: a trial is told to save {grace} and a minute before the end"
        hint = f"more than {duration(shortest)}, or a shorter pause_grace in [resources]"
        wrong("slurm.time", text, hint, slurm.time)
