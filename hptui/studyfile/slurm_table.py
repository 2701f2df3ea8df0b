"""Keys of `[slurm]`."""

from __future__ import annotations

from hptui.core.keys import DURATION, NONEMPTY, TEXT, WHOLE, Key, Table, list_of

SLURM = Table(
    "slurm",
    "[slurm]",
    'Jobs of a Slurm cluster in which trials run, with `executor = "slurm"` in `[resources]`.',
    "Slurm",
    (
        Key(
            "dir",
            TEXT,
            "Directory that this machine and all nodes share, for what trials write; needed",
            example='"/scratch/me/hptui"',
        ),
        Key("python", TEXT, "Python on the nodes; empty: the path that it has here", example='"/opt/venv/bin/python"'),
        Key(
            "setup",
            list_of(NONEMPTY),
            "Shell commands at the beginning of a job",
            example='["module load cuda"]',
        ),
        Key("partition", TEXT, "Partition; empty: the cluster's default", example='"gpu"'),
        Key("account", TEXT, "Account that is charged; empty: your default", example='"lab"'),
        Key("qos", TEXT, "Quality of service; empty: your default", example='"normal"'),
        Key(
            "time",
            DURATION,
            "Time limit of one job: a trial that needs longer saves, and goes on in another job",
            example='"4h"',
        ),
        Key("cpus", WHOLE, "CPU cores of a job", low=1, example="8"),
        Key("memory", TEXT, "Memory of a job, as sbatch has it", example='"64G"'),
        Key(
            "gres",
            TEXT,
            "GPUs of a job, as sbatch has it; {gpus} is gpus_per_trial. No job asks for any where gpus = 0",
            example='"gpu:a100:{gpus}"',
        ),
        Key(
            "extra",
            list_of(NONEMPTY),
            "Further options of sbatch",
            example='["--constraint=nvlink"]',
            reader="hptui.studyfile.slurm:read_extra",
        ),
        Key("max_jobs", WHOLE, "Jobs of the study at once, waiting ones included", low=1, example="32"),
    ),
)
