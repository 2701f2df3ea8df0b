"""Trials an hour on a Ray cluster: hptui with `executor = "ray"`, and Ray Tune itself on the same cluster, in one run.

    python -m tests.benchmarks.cluster [--places N] [--trials N] [--seconds S]

The trials sleep, so the cores of this machine matter only where trials start and end. Ideal is trials / places x
seconds; walls count from the start of the study and of Tune's program. The cluster is one of its own, of two nodes; see
tests/ray_cluster.py for the Python that HPTUI_TEST_RAY_PYTHON names.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from pathlib import Path

from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir
from hptui.testing.executor_stage import events_of
from tests.benchmarks.common import machine, percentile, scratch
from tests.ray_cluster import RayCluster, running_cluster
from tests.support import toy

TUNE = Path(__file__).with_name("cluster_ray.py")
REST = """
[resources]
executor = "ray"
gpus = 0
parallel = {places}
min_free_gb = 0.0
[ray]
address = "{address}"
python = "{python}"
dir = "{far}"
cpus = 1
"""


def hptui_wall(cluster: RayCluster, folder: Path, places: int, trials: int, seconds: float) -> tuple[float, float]:
    """Return the seconds of a study from its start to its end, and from the first to the last moment of training."""
    rest = REST.format(places=places, address=cluster.address, python=cluster.python, far=folder / "far")
    began = time.time()
    path = toy(folder, "sleeps", steps=round(seconds * 10), step_seconds=0.1, trials=trials, rest=rest)
    sd = run(folder / "home", str(path)).sd
    while runner_status(sd)["alive"]:
        time.sleep(0.1)
    wall = time.time() - began
    with StoreReader.open(sd) as reader:
        done = [trial for trial in reader.trials() if trial.status == "complete"]
        assert len(done) == trials, [trial.status for trial in reader.trials()]
    hellos, gaps = list[float](), list[float]()
    for trial in done:
        events = list(events_of(RunDir(sd.attempt(trial.number, 1))))
        hello = next(event for event in events if event["k"] == "hello")
        first = next(event for event in events if event["k"] == "metrics")
        hellos.append(hello["time"])
        gaps.append(first["t"] - hello["t"])
    print(f"hello to the first step: median {percentile(gaps, 0.5):.2f} s")
    return wall, began + wall - min(hellos)


def tune_wall(cluster: RayCluster, folder: Path, places: int, trials: int, seconds: float) -> float:
    """Return the seconds that Ray Tune takes, its program's start included."""
    began = time.time()
    words = [cluster.python, str(TUNE), cluster.address, str(trials), str(seconds), str(places), str(folder / "tune")]
    subprocess.run(words, env={**os.environ, **cluster.environment}, check=True, capture_output=True)
    return time.time() - began


def main() -> None:
    """Measure both and print their shares of the ideal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--places", type=int, default=8)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    ideal = asked.trials / asked.places * asked.seconds
    print(f"{machine()}; {asked.trials} trials of {asked.seconds:g} s at {asked.places} places: ideal {ideal:.0f} s")
    with scratch() as folder, running_cluster("node1", "node2", cpus=(asked.places + 1) // 2) as cluster:
        os.environ.update(cluster.environment)
        wall, training = hptui_wall(cluster, folder, asked.places, asked.trials, asked.seconds)
        print(
            f"hptui     {wall:6.1f} s, {ideal / wall:4.0%} of the ideal; from the first trial's start {training:6.1f} s"
        )
        wall = tune_wall(cluster, folder, asked.places, asked.trials, asked.seconds)
        print(f"Ray Tune  {wall:6.1f} s, {ideal / wall:4.0%} of the ideal")


if __name__ == "__main__":
    main()
