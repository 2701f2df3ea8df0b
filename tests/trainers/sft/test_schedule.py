"""Every schedule against its closed form."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hptui.trainers.sft.optimizer import count_warmup_steps, learning_rate_at, peak_learning_rate
from hptui.trainers.sft.settings import SCHEDULES, TrainingSettings

TOTAL, WARM, EPOCH = 100, 20, 25


def done(index: int) -> float:
    return (index - WARM) / (TOTAL - WARM)


CLOSED = {
    "constant": lambda i: 1.0,
    "linear": lambda i: (TOTAL - i) / (TOTAL - WARM),
    "cosine": lambda i: (1 + math.cos(math.pi * done(i))) / 2,
    "polynomial": lambda i: (1 - done(i)) ** 2,
    "step": lambda i: 0.5 ** ((i >= 40) + (i >= 70)),
    "exponential": lambda i: 0.5 ** ((i - WARM) / EPOCH),
    "inverse_sqrt": lambda i: math.sqrt(WARM / i),
}
MORE: dict[str, dict[str, Any]] = {
    "polynomial": {"lr_power": 2.0},
    "step": {"lr_decay": 0.5, "lr_steps": [40, 70]},
    "exponential": {"lr_decay": 0.5},
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_closed_form(name: str) -> None:
    settings = TrainingSettings(lr_schedule=name, warmup_steps=WARM, learning_rate=3e-4, **MORE.get(name, {}))
    found = [learning_rate_at(settings, index, TOTAL, EPOCH) for index in range(TOTAL)]
    for index in range(WARM):
        assert found[index] == pytest.approx(3e-4 * index / WARM)
    for index in range(WARM, TOTAL):
        assert found[index] == pytest.approx(3e-4 * CLOSED[name](index), rel=1e-12)
    assert peak_learning_rate(settings, TOTAL, EPOCH) == max(found)


@pytest.mark.parametrize("name", ["linear", "cosine", "constant", "inverse_sqrt", "polynomial"])
def test_those_of_transformers_are_the_same(name: str) -> None:
    import torch
    from transformers import get_scheduler

    settings = TrainingSettings(lr_schedule=name, warmup_steps=7, learning_rate=1.0)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = "constant_with_warmup" if name == "constant" else name
    more = {"lr_end": 0.0, "power": 1.0} if name == "polynomial" else None
    scheduler = get_scheduler(theirs, optimizer, 7, 50, scheduler_specific_kwargs=more)
    for index in range(50):
        assert learning_rate_at(settings, index, 50, 10) == pytest.approx(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()


def test_a_floor_is_a_share_of_the_peak() -> None:
    settings = TrainingSettings(lr_schedule="cosine", lr_end=0.1, learning_rate=2.0)
    assert learning_rate_at(settings, 50, 100, 10) == pytest.approx(2.0 * (0.1 + 0.9 * 0.5))
    assert learning_rate_at(settings, 100, 100, 10) == pytest.approx(0.2)


def test_the_warm_up_as_a_share_is_rounded_up() -> None:
    assert count_warmup_steps(TrainingSettings(warmup_ratio=0.03), 852) == 26
    settings = TrainingSettings(warmup_ratio=0.03, lr_schedule="cosine", learning_rate=2e-4)
    assert learning_rate_at(settings, 699, 852, 284) == pytest.approx(
        1.65e-5, rel=5e-3
    )  # the update that makes step 700


def test_a_warm_up_longer_than_the_run_never_reaches_the_peak() -> None:
    settings = TrainingSettings(warmup_steps=100, learning_rate=1.0)
    assert peak_learning_rate(settings, 50, 10) == pytest.approx(0.49)
