"""Kills around jobs of Slurm: runner, shim, worker, node daemon and controller; and jobs that others cancel.

    python -m tests.faults.slurm_kills --kills N [--counter FILE] [--seed SEED] [--pace SECONDS]

adds to the counts in a JSON file, so that many kills can be gathered in many sittings. The cluster is one of its own.
"""

from __future__ import annotations

import argparse
import os
import time
from contextlib import suppress
from pathlib import Path

from hptui.operations.places import places_json
from hptui.store.run_directory import read_json
from tests.faults.ssh_kills import Battle, add_to, fight_out, scratch_home
from tests.slurm_cluster import NODES, Cluster, running_cluster
from tests.support import until

KINDS = ("runner", "shim", "worker", "cancel", "node", "controller")
REST = """
[resources]
executor = "slurm"
gpus = 0
lost_retries = 1000000
min_free_gb = 0.0
give_up = "20s"
[slurm]
dir = "{far}"
setup = ["export PYTHONPATH={code}"]
max_jobs = 4
"""
CODE = Path(__file__).parents[2]
"""What the nodes are to run: this checkout, whatever is installed."""
DOWN_S = (0.5, 4.0)
"""How long a daemon stays down, from and to."""


class SlurmBattle(Battle):
    """One study on a cluster, attacked from a seed."""

    kinds = KINDS
    ends_in_doubt = ("fenced",)
    seconds_per_kill = 12.0  # what a killed daemon has forgotten shows only after minutes

    def __init__(self, home: Path, folder: Path, cluster: Cluster, seed: int) -> None:
        super().__init__(home, folder, seed, REST.format(far=home / "far", code=CODE))
        self.cluster = cluster
        self._down: dict[str, float] = {}

    def keep(self) -> bool:
        """Start daemons that were down for long enough, then as in every battle."""
        for name, until_when in list(self._down.items()):
            if time.monotonic() > until_when:
                del self._down[name]
                self.cluster.start(name)
        return super().keep()

    def strike(self, kind: str) -> bool:
        """Kill something of a kind; return whether there was something."""
        if kind in ("node", "controller"):
            name = "controller" if kind == "controller" else self.random.choice(NODES)
            if name in self._down or not self.cluster.kill(name):
                return False
            self._down[name] = time.monotonic() + self.random.uniform(*DOWN_S)
            return True
        if kind == "cancel":
            jobs = [line.split()[0] for line in self.cluster.jobs()] if "controller" not in self._down else []
            if jobs:
                self.cluster.run("scancel", self.random.choice(jobs))
            return bool(jobs)
        return super().strike(kind)

    def fight(self, kills: int, pace: float) -> None:
        """As in every battle; then bring everything up again, before it is judged."""
        try:
            super().fight(kills, pace)
        except AssertionError as error:
            facts = [str(read_json(path)) for path in self.sd.trials.glob("*/attempt-*/executor.json")]
            jobs = self.cluster.run("squeue", "-t", "all", "-o", "%i %j %T %r %N")
            raise AssertionError("\n".join([str(error), str(places_json(self.sd)), *facts, jobs])) from error
        for name in list(self._down):
            self.cluster.start(name)

    def judge(self, undisturbed: dict[int, list[float]]) -> list[str]:
        """Return what is wrong. No job may be left that will still start.

        One that Slurm goes on to call running, after its daemons were killed, is judged by its processes.
        """
        findings = super().judge(undisturbed)
        with suppress(AssertionError):
            until(lambda: not self.waiting_jobs(), seconds=20)
        return findings + [f"left in the queue: {job}" for job in self.waiting_jobs()]

    def waiting_jobs(self) -> list[str]:
        """Return the jobs that have not begun."""
        return [line for line in self.cluster.jobs() if line.split()[1] == "PENDING"]


def main(kills: int, counter: Path, seed: int, pace: float) -> None:
    """Add the kills of one battle to a file."""
    with scratch_home("slurm") as (folder, home), running_cluster() as cluster:
        os.environ["SLURM_CONF"] = str(cluster.conf)
        counts = fight_out(SlurmBattle(home, folder, cluster, seed), kills, seed, pace)
    add_to(counter, seed, counts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--counter", type=Path, default=Path("slurm-kills.json"))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pace", type=float, default=1.0)
    options = parser.parse_args()
    main(options.kills, options.counter, options.seed, options.pace)
