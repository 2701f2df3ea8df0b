"""How long a job takes from its submission to its first metric, and a metric from the node to the store.

    python -m tests.benchmarks.slurm_latency [TRIALS]

On a cluster of its own on this machine; prints seconds as JSON: median, 95 % and largest.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir, read_json
from hptui.testing.executor_stage import events_of
from tests.slurm_cluster import Cluster, running_cluster
from tests.support import kill_all, toy, until

REST = """
[resources]
executor = "slurm"
gpus = 0
[slurm]
dir = "{far}"
setup = ["export PYTHONPATH={code}"]
max_jobs = 1
"""


def shown(values: list[float]) -> dict[str, float]:
    """Return the median, the value that 95 % do not exceed, and the largest."""
    ordered = sorted(values)
    return {
        name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
        for name, share in (("median", 0.5), ("p95", 0.95), ("max", 1.0))
    }


def plain_job(cluster: Cluster, folder: Path, n: int) -> float:
    """Return how long Slurm itself takes to start a job with the environment of a login."""
    stamp, began = folder / f"stamp-{n}", time.time()
    cluster.run("sbatch", "--export=NONE", "-o", "/dev/null", "--wrap", f"date +%s.%N > {stamp}")
    return float(until(lambda: stamp.exists() and stamp.read_text().strip())) - began


def measure(home: Path, folder: Path, trials: int) -> dict[str, object]:
    """Run trials one after another, and return what each part took."""
    rest = REST.format(far=home / "far", code=Path(__file__).parents[2])
    sd = run(home, str(toy(folder, "lag", steps=40, step_seconds=0.1, trials=trials, rest=rest))).sd
    seen: dict[tuple[int, int], float] = {}
    while runner_status(sd)["alive"]:
        with suppress(OSError), StoreReader.open(sd) as reader:
            for trial in reader.trials():
                if trial.last_step:
                    seen.setdefault((trial.number, trial.last_step), time.time())
        time.sleep(0.01)
    begun, first, lags, gaps, before = [], [], [], [], 0.0
    for number in range(trials):
        attempt = RunDir(sd.attempt(number, 1))
        events, handed = events_of(attempt), read_json(attempt.executor)
        hello = next(event for event in events if event["k"] == "hello")
        steps = {e["step"]: hello["time"] - hello["t"] + e["t"] for e in events if e["k"] == "metrics"}
        job = read_json(attempt.shim)["started"]
        begun.append(job - handed["intent"])
        first.append(steps[1] - job)
        lags += [at - steps[step] for (trial, step), at in seen.items() if trial == number]
        if before:
            gaps.append(steps[1] - before)
        before = read_json(attempt.exit)["ended"]
    load = os.getloadavg()[0]
    return {
        "sbatch to the job's process": shown(begun),
        "its process to the first metric": shown(first),
        "end of a trial to the next one's first metric": shown(gaps),
        "metric to the store": shown(lags),
        "load": round(load, 1),
    }


def main(trials: int) -> None:
    """Measure on a new cluster, and print it."""
    with tempfile.TemporaryDirectory(prefix="hptui-slurm-lag-") as name:
        home = Path(name) / "home"
        os.environ |= {"HPTUI_HOME": str(home), "CUDA_VISIBLE_DEVICES": ""}
        try:
            with running_cluster() as cluster:
                os.environ["SLURM_CONF"] = str(cluster.conf)
                plain = [plain_job(cluster, Path(name), n) for n in range(trials)]
                print(json.dumps({"an empty job": shown(plain), **measure(home, Path(name), trials)}, indent=1))
        finally:
            kill_all(home)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
