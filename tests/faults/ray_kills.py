"""Kills around a Ray cluster: runner, bridge, place, shim, worker, raylet and head.

    python -m tests.faults.ray_kills --kills N [--counter FILE] [--seed SEED]

starts a cluster of its own (see tests/ray_cluster.py) and adds to the counts in a JSON file, so that many kills can be
gathered in many sittings."""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.faults.ssh_kills import Battle, add_to, fight_out, scratch_home
from tests.ray_cluster import RayCluster, running_cluster
from tests.support import PATIENCE, until

KINDS = ("runner", "bridge", "place", "shim", "worker")
ROUND = (*KINDS * 4, "raylet", "raylet", "head")
"""What is killed, in an order drawn anew for each round; nodes take long to come back."""
BRIDGE = b"hptui.execution.remote.ray_bridge"
REST = """
[resources]
executor = "ray"
gpus = 0
lost_retries = 1000000
min_free_gb = 0.0
parallel = 2
[ray]
address = "{address}"
python = "{python}"
dir = "{far}"
"""


class RayBattle(Battle):
    """One study on a Ray cluster of two nodes, the first with the head."""

    kinds = ROUND
    seconds_per_kill = 20.0
    ends_in_doubt = ("fenced",)  # attempts on a node that is lost

    def __init__(self, home: Path, folder: Path, cluster: RayCluster, seed: int) -> None:
        rest = REST.format(address=cluster.address, python=cluster.python, far=home / "far")
        super().__init__(home, folder, seed, rest)
        self.cluster = cluster

    def strike(self, kind: str) -> bool:
        """Kill something of a kind; return whether there was something."""
        if kind == "raylet":
            self.cluster.kill_node("node2")
            self.keep()
            self.cluster.start("node2")
            return True
        if kind == "head":
            self.cluster.kill_head()
            for host in ("node1", "node2"):  # what starts a raylet ends when that has given up its head
                self.cluster.nodes[host].process.wait(120 * PATIENCE)
            self.cluster.nodes.clear()
            self.keep()
            for host in ("node1", "node2"):
                self.cluster.start(host)
            return True
        return super().strike(kind)

    def victims(self, kind: str) -> list[int]:
        """Return the processes of a kind."""
        if kind == "bridge":
            return [pid for pid in all_with(BRIDGE) if is_of(pid, self.home)]
        return self.cluster.processes("ray::PlaceActor") if kind == "place" else super().victims(kind)


def all_with(mark: bytes) -> list[int]:
    """Return all processes with a word in their command."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def is_of(pid: int, home: Path) -> bool:
    """Whether a process was started with this home."""
    try:
        return f"HPTUI_HOME={home}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def main(kills: int, counter: Path, seed: int) -> None:
    """Add the kills of one battle to a file."""
    with scratch_home("ray") as (folder, home), running_cluster("node1", "node2") as cluster:
        os.environ |= cluster.environment
        counts = fight_out(RayBattle(home, folder, cluster, seed), kills, seed, pace=0.6)
        until(lambda: not cluster.processes("ray::PlaceActor"), "places are given back")
    add_to(counter, seed, counts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--counter", type=Path, default=Path("ray-kills.json"))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args(sys.argv[1:])
    main(options.kills, options.counter, options.seed)
