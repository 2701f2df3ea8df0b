"""`sft` trains for real: all weights, LoRA and LoRA in 4 bits, on tiny models; what it records is what it did."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trainers.sft.tiny import attempt, points, told, train


@pytest.mark.parametrize("adapter", ["none", "lora", "qlora"])
def test_every_adapter_learns(study: Path, adapter: str) -> None:
    run = attempt(study, {"adapter": adapter, "steps": 30, "eval_every": 10, "learning_rate": 3e-2})
    metrics = train(run)
    losses = points(run, "eval_loss")
    assert list(losses) == [10, 20, 30]
    assert losses[30] == metrics["eval_loss"] < (2 if adapter == "none" else 4.5)
    assert points(run, "train_loss")[1] > 6
    share = told(run, "facts")["parameters_trainable_percent"]
    assert share == 100 if adapter == "none" else share < 30
