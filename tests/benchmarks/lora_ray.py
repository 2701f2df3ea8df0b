"""The trials of the benchmark with Ray Tune, in the environment that the benchmark makes.

python tests/benchmarks/lora_ray.py FOLDER RATES.json default|reuse
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Run a trial for each learning rate, one at a time, and print the losses."""
    from ray import init, tune
    from ray.tune import Trainable

    here = Path(__file__).parent
    folder, rates, kind = sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), sys.argv[3]

    class Adapter(Trainable):
        """One LoRA training in one call."""

        def setup(self, config: dict[str, Any]) -> None:
            sys.path.insert(0, str(here))
            self.rate = config["rate"]

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self.rate = new_config["rate"]
            return True

        def step(self) -> dict[str, Any]:
            from lora_script import train_adapter

            return {"loss": train_adapter(Path(folder), self.rate, 0), "done": True}

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            """Save nothing: a trial is one call. Without this method it would fail, and its actor not be used again."""

        def load_checkpoint(self, checkpoint: Any) -> None:
            """Load nothing."""

    init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    tuner = tune.Tuner(
        tune.with_resources(Adapter, {"cpu": 1}),
        param_space={"rate": tune.grid_search(rates)},
        tune_config=tune.TuneConfig(metric="loss", mode="min", reuse_actors=kind == "reuse", max_concurrent_trials=1),
        run_config=tune.RunConfig(verbose=0, storage_path=str(Path(folder).resolve() / f"ray-{kind}")),
    )
    print(json.dumps([result.metrics["loss"] for result in tuner.fit()]))


if __name__ == "__main__":
    main()
