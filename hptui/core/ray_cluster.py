"""`[ray]`: the Ray cluster on which trials run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from hptui.core.dataclass import dataclass
from hptui.core.ssh import Pull


@dataclass(frozen=True, slots=True)
class RayCluster:
    """All of `[ray]`. `python` runs the bridge here, with Ray installed; `dir` holds what trials write on a node.

    `cpus` and `resources` are what each trial takes of the cluster besides its GPUs; `places` is how many trials run
    at once, None for as many as `[resources]` says.
    """

    address: str = "auto"
    python: str = ""
    cpus: float = 1.0
    resources: Mapping[str, float] = field(default_factory=dict)
    places: int | None = None
    dir: str = "~/.cache/hptui/relay"
    pull: Pull = "best"
