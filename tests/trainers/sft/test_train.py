"""`sft` trains for real: all weights, LoRA and LoRA in 4 bits, on tiny models; what it records is what it did."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trainers.sft.tiny import attempt, points, told, train


@pytest.mark.parametrize(("adapter", "rate", "bound"), [("none", 1e-2, 2.5), ("lora", 3e-2, 4.5), ("qlora", 3e-2, 4.5)])
def test_every_adapter_learns(study: Path, adapter: str, rate: float, bound: float) -> None:
    run = attempt(study, {"adapter": adapter, "steps": 30, "eval_every": 10, "learning_rate": rate})
    metrics = train(run)
    losses = points(run, "eval_loss")
    assert list(losses) == [10, 20, 30]
    assert losses[30] == metrics["eval_loss"] < bound
    assert points(run, "train_loss")[1] > 6
    share = told(run, "facts")["parameters_trainable_percent"]
    assert share == 100 if adapter == "none" else share < 30
