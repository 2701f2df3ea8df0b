"""`[slurm]`: the jobs in which trials run on a Slurm cluster."""

from __future__ import annotations

import os
from pathlib import Path

from hptui.core.dataclass import dataclass

NOTICE_BEFORE_LIMIT_S = 60.0
"""Time by which a job is warned earlier than `pause_grace` demands: Slurm looks at time limits once a minute."""


@dataclass(frozen=True, slots=True)
class Slurm:
    """All of `[slurm]`. `dir` is a directory that the runner's machine and all nodes share.

    `python` runs hptui on the nodes (empty: the path that it has here), `setup` are shell commands that come first.
    What is empty or None is the cluster's default; `time` is seconds, `gres` holds {gpus}, `extra` are options of
    sbatch. `max_jobs` bounds the jobs of a study that wait or run.
    """

    dir: str = ""
    python: str = ""
    setup: tuple[str, ...] = ()
    partition: str = ""
    account: str = ""
    qos: str = ""
    time: float | None = None
    cpus: int | None = None
    memory: str = ""
    gres: str = "gpu:{gpus}"
    extra: tuple[str, ...] = ()
    max_jobs: int = 32

    @property
    def directory(self) -> Path:
        """The shared directory, with `~` and variables of the environment filled in."""
        return Path(os.path.expandvars(os.path.expanduser(self.dir)))
