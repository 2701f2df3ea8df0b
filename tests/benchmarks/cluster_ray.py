"""The trials of the benchmark of clusters with Ray Tune, on a running cluster.

python tests/benchmarks/cluster_ray.py ADDRESS TRIALS SECONDS AT_ONCE FOLDER
"""

from __future__ import annotations

import sys
import time
from typing import Any


def main() -> None:
    """Run trials that sleep and report ten times a second, as many at once as there are places."""
    from ray import init, tune

    address, trials, seconds, at_once, folder = sys.argv[1], *map(float, sys.argv[2:5]), sys.argv[5]

    def train(config: dict[str, Any]) -> None:
        for step in range(round(seconds * 10)):
            time.sleep(0.1)
            tune.report({"loss": config["rate"] / (1 + step)})

    init(address=address, log_to_driver=False)
    tuner = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        param_space={"rate": tune.uniform(0, 1)},
        tune_config=tune.TuneConfig(
            metric="loss", mode="min", num_samples=round(trials), max_concurrent_trials=round(at_once)
        ),
        run_config=tune.RunConfig(verbose=0, storage_path=folder),
    )
    results = tuner.fit()
    assert len(results) == trials, results
    assert not results.errors, results.errors


if __name__ == "__main__":
    main()
