"""Keys of `[ssh]` and of the hosts in it."""

from __future__ import annotations

from hptui.core.keys import NONEMPTY, TEXT, WHOLE, Key, Table, either, list_of, one_of, table

READERS = "hptui.studyfile.ssh"
"""Module of the functions that read what a type cannot say."""

SSH_HOST = Table(
    "ssh.host",
    "an entry of [ssh] hosts",
    "One machine; what is left out is as in `[ssh]` and `[resources]`.",
    "SshHost",
    (
        Key("host", NONEMPTY, "What one types after ssh", required=True, example='"box2"'),
        Key(
            "gpus",
            either(one_of("all"), WHOLE, list_of(WHOLE)),
            "GPUs to use there, as in [resources]",
            reader="hptui.studyfile.sections:read_gpus",
            example="[0, 1]",
        ),
        Key("slots", WHOLE, "Trials at once there, if it has no GPU", low=1, example="4"),
        Key("python", TEXT, "Python there, with hptui installed", example='"~/venv/bin/python"'),
        Key("dir", TEXT, "Directory there for what trials write, on a local disk", example='"/scratch/me/hptui"'),
    ),
)

SSH = Table(
    "ssh",
    "[ssh]",
    'Machines on which trials run, with `executor = "ssh"` in `[resources]`.',
    "Ssh",
    (
        Key(
            "hosts",
            list_of(either(NONEMPTY, table("ssh.host"))),
            "The machines: what one types after ssh, or tables",
            reader=f"{READERS}:read_hosts",
            example='["box1", { host = "cpu9", slots = 4 }]',
        ),
        Key("python", TEXT, "Python on the machines; empty: the path that it has here", example='"~/venv/bin/python"'),
        Key("dir", TEXT, "Directory there for what trials write, on a local disk", example='"/scratch/me/hptui"'),
        Key(
            "setup",
            list_of(NONEMPTY),
            "Shell commands that run there before anything else",
            example='["module load cuda"]',
        ),
        Key(
            "pull",
            one_of("best", "paused", "all", "none"),
            "Whose last checkpoint is copied here: the best trial's and those of paused ones, of all, or of none",
            example='"all"',
        ),
        Key(
            "code",
            one_of("same", "push"),
            "Where trials find the study's directory: at the same path there, or in a copy that is sent there",
            example='"push"',
        ),
    ),
)
