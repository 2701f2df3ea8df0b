"""Kills around jobs of Slurm: runner, shim, worker, node daemon and controller; and jobs that others cancel.

    python -m tests.faults.slurm_kills --kills N [--file FILE] [--seed SEED] [--pace SECONDS]

adds to the counts in a JSON file, so that many kills can be gathered in many sittings. The cluster is one of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from hptui.operations.places import places_json
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import read_json
from tests.faults.ssh_kills import RUNNER, STEPS, Battle, belongs, curves_of, processes
from tests.slurm_cluster import NODES, Cluster, running_cluster
from tests.support import kill_all, run_to_rest, toy, until

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
    spare_s = 400.0  # what a killed daemon has forgotten shows only after minutes

    def __init__(self, home: Path, folder: Path, cluster: Cluster, seed: int) -> None:
        self.home, self.folder, self.cluster, self.far = home, folder, cluster, home / "far"
        self.random = random.Random(seed)
        self.kills: Counter[str] = Counter()
        self._deck: list[str] = []
        self._down: dict[str, float] = {}
        options = {"steps": STEPS, "step_seconds": 0.05, "trainer": "checkpoint_every = 7", "trials": 100_000}
        self.file = toy(folder, "wide", **options, rest=REST.format(far=self.far, code=CODE))  # type: ignore[arg-type]
        self.sd = StudyDir.for_study(home, "wide")

    def keep(self) -> bool:
        """Start daemons that were down for long enough, then as in every battle."""
        for name, until_when in list(self._down.items()):
            if time.monotonic() > until_when:
                del self._down[name]
                self.cluster.start(name)
        return super().keep()

    def kill(self, kind: str) -> bool:
        """Kill something of a kind; return whether there was anything."""
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
        if kind == "runner":
            victims = processes(self.sd.root, RUNNER)
        else:
            facts = [read_json(path) for path in self.far.glob("runs/*/trials/*/attempt-*/shim.json")]
            pids = [int(fact[kind]) for fact in facts if isinstance(fact, dict)]
            victims = [pid for pid in pids if belongs(pid, self.far)]
        if not victims:
            return False
        with suppress(ProcessLookupError):
            os.kill(self.random.choice(sorted(victims)), signal.SIGKILL)
        return True

    def end(self) -> None:
        """Bring everything up again, before it is judged."""
        for name in list(self._down):
            self.cluster.start(name)

    def judge(self, undisturbed: dict[int, list[float]]) -> list[str]:
        """Return what is wrong; an attempt that Slurm calls dead is fenced rightly.

        No job may be left that will still start. One that Slurm goes on to call running, after its daemons were
        killed, is judged by its processes.
        """
        with StoreReader.open(self.sd) as reader:
            fenced = [event.message for event in reader.events() if event.kind == "fenced"]
        findings = [text for text in super().judge(undisturbed) if text not in fenced]
        with suppress(AssertionError):
            until(lambda: not self.waiting_jobs(), seconds=20)
        return findings + [f"left in the queue: {job}" for job in self.waiting_jobs()]

    def waiting_jobs(self) -> list[str]:
        """Return the jobs that have not begun."""
        return [line for line in self.cluster.jobs() if line.split()[1] == "PENDING"]


def battle(home: Path, folder: Path, cluster: Cluster, kills: int, seed: int, *, pace: float) -> Counter[str]:
    """Attack a study; compare it with one that ran here and undisturbed. Raises: AssertionError."""
    fight = SlurmBattle(home, folder, cluster, seed)
    try:
        fight.fight(kills, pace)
    except AssertionError as error:
        facts = [str(read_json(path)) for path in fight.sd.trials.glob("*/attempt-*/executor.json")]
        jobs = cluster.run("squeue", "-t", "all", "-o", "%i %j %T %r %N")
        raise AssertionError("\n".join([str(error), str(places_json(fight.sd)), *facts, jobs])) from error
    finally:
        fight.end()
    trials = len(curves_of(fight.sd))
    quiet = run_to_rest(home, toy(folder, "quiet", steps=STEPS, trials=trials, rest="[resources]\nparallel = 3"))
    findings = fight.judge(curves_of(quiet))
    assert not findings, f"seed {seed}, {dict(fight.kills)}: " + "\n".join(findings)
    return fight.kills


def main() -> None:
    """Add the kills of one battle to a file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--file", type=Path, default=Path("slurm-kills.json"))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pace", type=float, default=1.0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hptui-slurm-kills-"))
    home = folder / "home"
    os.environ |= {"HPTUI_HOME": str(home), "CUDA_VISIBLE_DEVICES": ""}
    try:
        with running_cluster() as cluster:
            os.environ["SLURM_CONF"] = str(cluster.conf)
            counts = battle(home, folder, cluster, options.kills, options.seed, pace=options.pace)
    finally:
        kill_all(home)
        for pid in processes(home):
            os.kill(pid, signal.SIGKILL)
    before = json.loads(options.file.read_text()) if options.file.exists() else {"kills": {}, "rounds": []}
    total = Counter(before["kills"]) + counts
    rounds = [*before["rounds"], {"seed": options.seed, **counts}]
    options.file.write_text(json.dumps({"kills": dict(total), "total": total.total(), "rounds": rounds}, indent=1))
    print(f"{counts.total()} kills: {dict(counts)}; {total.total()} in all")


if __name__ == "__main__":
    main()
