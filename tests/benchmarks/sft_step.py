"""CPU seconds of a training step: our loop against transformers' Trainer, same model, data, order and adapter.

    python -m tests.benchmarks.sft_step [STEPS]

Padding to the longest and a loss over prompt and completion in both; CPU time, so that a busy machine disturbs less.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import torch

from tests.trainers.sft import tiny


def ours(folder: Path, steps: int) -> float:
    """Seconds of one step of ours."""
    taken = {}
    for count in (2, steps // 4, steps):  # the first pays for imports
        run = tiny.attempt(
            folder, {"steps": count, "log_every": 5, "eval_every": 10**6, "eval_samples": 1}, number=count
        )
        began = time.process_time()
        tiny.train(run)
        taken[count] = time.process_time() - began
    return (taken[steps] - taken[steps // 4]) / (steps - steps // 4)


def theirs(folder: Path, steps: int) -> float:
    """Seconds of one step of transformers' Trainer."""
    from tests.trainers.sft.test_exact import by_trainer

    taken = {}
    for count in (2, steps // 4, steps):
        settings = {"steps": count, "batch_size": 4, "adapter": "lora"}
        began = time.process_time()
        by_trainer(folder, settings, 0)
        taken[count] = time.process_time() - began
    return (taken[steps] - taken[steps // 4]) / (steps - steps // 4)


def main() -> None:
    """Measure both, in turn, and print the ratio."""
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 80
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as place:
        folder = tiny.study(Path(place))
        found = {"steps": steps, "ours_ms": 1000 * ours(folder, steps), "trainer_ms": 1000 * theirs(folder, steps)}
    found["ratio"] = found["trainer_ms"] / found["ours_ms"]
    print(json.dumps({name: round(value, 2) for name, value in found.items()}))


if __name__ == "__main__":
    main()
