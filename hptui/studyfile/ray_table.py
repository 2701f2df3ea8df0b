"""Keys of `[ray]`."""

from __future__ import annotations

from hptui.core.keys import FLOAT, NONEMPTY, TEXT, WHOLE, Key, Table, map_of, one_of

RAY = Table(
    "ray",
    "[ray]",
    'The Ray cluster on which trials run, with `executor = "ray"` in `[resources]`.',
    "RayCluster",
    (
        Key("address", NONEMPTY, "Its head, as HOST:PORT, or auto for the one that Ray finds", example='"head:6379"'),
        Key("python", TEXT, "Python here that has Ray and hptui; empty: that of hptui", example='"~/ray/bin/python"'),
        Key("cpus", FLOAT, "CPUs that Ray keeps for each trial", low=0, example="4"),
        Key(
            "resources",
            map_of(FLOAT),
            "Custom resources of Ray that each trial takes",
            reader="hptui.studyfile.ray:read_resources",
            example="{ a100 = 1 }",
        ),
        Key("places", WHOLE, "Trials at once; by default as [resources] says", low=1, example="16"),
        Key("dir", TEXT, "Directory on nodes for what trials write, on a local disk", example='"/scratch/me/hptui"'),
        Key(
            "pull",
            one_of("best", "paused", "all", "none"),
            "Whose last checkpoint is copied here: the best trial's and those of paused ones, of all, or of none",
            example='"all"',
        ),
    ),
)
