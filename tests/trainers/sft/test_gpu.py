"""What only a GPU can show: short numbers, 4-bit kernels, measured memory, and running out of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hptui.trainers import worker
from tests.trainers.attempts import events
from tests.trainers.sft.tiny import attempt, points, told, train

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")]
GPU = {"steps": 20, "learning_rate": 1e-2}


@pytest.mark.parametrize(
    ("settings", "dtype", "mixed"),
    [
        ({"adapter": "none"}, "float32", "bf16"),
        ({"adapter": "none", "mixed_precision": "none"}, "float32", "none"),
        ({"adapter": "none", "mixed_precision": "fp16"}, "float32", "fp16"),
        ({"adapter": "lora"}, "bfloat16", "bf16"),
        ({"adapter": "qlora", "optimizer": "paged_adamw_8bit"}, "bfloat16", "bf16"),
        (
            {"adapter": "lora", "gradient_checkpointing": True, "packing": True, "optimizer": "adamw_fused"},
            "bfloat16",
            "bf16",
        ),
    ],
)
def test_it_learns_in_short_numbers(study: Path, settings: dict[str, object], dtype: str, mixed: str) -> None:
    run = attempt(study, {**GPU, **settings}, device="cuda")
    found = train(run)
    losses = points(run, "train_loss")
    assert losses[20] < losses[1]
    used, facts = told(run, "effective"), told(run, "facts")
    assert (used["dtype"], used["mixed_precision"]) == (dtype, mixed)
    assert used["device"] == torch.cuda.get_device_name()
    assert 0 < found["gpu_allocated_gb"] <= found["gpu_reserved_gb"] < facts["memory_capacity_gb"]
    assert facts["memory_activations_gb"] > 0
    assert facts["memory_optimizer_gb"] > 0


def test_out_of_memory_is_named(study: Path) -> None:
    torch.cuda.set_per_process_memory_fraction(1e-4)
    try:
        run = attempt(study, {**GPU, "batch_size": 30, "padding": "max_length", "max_length": 4096}, device="cuda")
        assert worker.main(str(run.root)) == 0
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    last = events(run)[-1]
    assert (last["status"], last["reason"]) == ("failed", "oom")
    assert "out of GPU memory" in last["message"]
    assert "batch_size=30" in last["message"]


def test_a_resumed_run_has_the_losses_of_an_undisturbed_one(study: Path) -> None:
    from tests.trainers.sft.test_exact import interrupted

    settings = {"steps": 12, "adapter": "lora", "lora_dropout": 0.1, "deterministic": True, "dtype": "float32"}
    whole = attempt(study, settings, device="cuda")
    train(whole)
    _, rest = interrupted(study, settings, 6, device="cuda")
    for step, value in points(rest, "train_loss").items():
        assert value == pytest.approx(points(whole, "train_loss")[step], rel=1e-5)
