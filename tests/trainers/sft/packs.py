"""Trials in packs in this process, and the same trials alone, on stock peft."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from hptui.store.run_directory import RunDir
from hptui.trainers.context import TrialContext
from hptui.trainers.settings import build
from hptui.trainers.sft import load, process
from hptui.trainers.sft.packed.base import PackedBase
from hptui.trainers.sft.packed.member import Member
from hptui.trainers.sft.requests import drive
from hptui.trainers.sft.settings import SftSettings
from hptui.trainers.sft.train import prepare_by_model
from tests.trainers.attempts import context
from tests.trainers.sft.tiny import TINY, attempt, points

COMMON = {"steps": 5, "eval_every": 2, "lr_schedule": "constant", "max_grad_norm": 1.0}
UNLIKE: tuple[dict[str, Any], ...] = (
    {"lora_rank": 8, "lora_alpha": 16, "learning_rate": 1e-2, "weight_decay": 0.01},
    {"lora_rank": 4, "lora_alpha": 32, "lora_dropout": 0.1, "beta2": 0.95, "lr_schedule": "cosine", "warmup_steps": 2},
    {"lora_rank": 6, "rslora": True, "batch_size": 2, "gradient_accumulation": 2, "max_grad_norm": 0.3},
    {"lora_rank": 2, "lora_target": ["q_proj", "v_proj"], "lora_dropout": 0.25, "batch_size": 3, "packing": True},
    {"lora_rank": 8, "optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.1, "max_grad_norm": 0.0, "eval_every": 2},
    {"lora_rank": 3, "optimizer": "adafactor", "lr_schedule": "linear", "lora_dropout": 0.2, "eval_batch_size": 7},
    {
        "lora_rank": 4,
        "optimizer": "adam",
        "max_length": 24,
        "padding": "max_length",
        "steps": 4,
        "early_stopping": True,
    },
)
"""Trials that have nothing in common but the model."""
ALIKE: tuple[dict[str, Any], ...] = tuple(
    {"lora_rank": rank, "lora_alpha": alpha, "padding": "max_length", "learning_rate": rate, "batch_size": 4}
    for rank, alpha, rate in ((8, 16, 1e-2), (6, 12, 3e-3), (8, 32, 1e-2), (4, 8, 3e-2))
)
"""Trials with equally many tokens in each pass: all products of a layer are one."""
CPU = torch.device("cpu")


@dataclass
class Record:
    """What one trial left behind."""

    run: RunDir
    weights: dict[str, Tensor]
    result: dict[str, float] | None = None
    error: BaseException | None = None

    def points(self, name: str) -> dict[int, float]:
        return points(self.run, name)


@contextmanager
def precise() -> Iterator[None]:
    """Let models be loaded in 64 bits."""
    loaded = load.load_base

    def in_64_bits(*arguments: Any) -> Any:
        base = loaded(*arguments)
        return replace(base, model=base.model.double(), dtype=torch.float64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "load_base", in_64_bits)
        yield


def chosen(run: RunDir) -> SftSettings:
    """The settings of an attempt."""
    return build(SftSettings, json.loads(run.config.read_text())["settings"])


def alone(
    folder: Path,
    settings: dict[str, Any],
    number: int,
    stop: Callable[[TrialContext], bool] | None = None,
    **over: Any,
) -> Record:
    """A trial alone, with the adapter of stock peft in the model."""
    run = attempt(folder, {**COMMON, **settings}, number=number, seed=over.pop("seed", number), **over)
    held: list[TrialContext] = []
    trial, events = context(run, lambda: bool(stop and held and stop(held[0])))
    held.append(trial)
    own = chosen(run)
    tokenizer = load.load_tokenizer(own, folder)
    data = process.load_data(own, trial, tokenizer)
    base = load.load_base(own, folder, CPU, tokenizer)
    training, executor = prepare_by_model(own, trial, data, base, CPU)
    result = drive(training.steps(lambda: training.facts), executor)
    events.close()
    return Record(run, {name: value.clone() for name, value in training.learner.weights().items()}, result)


class Pack:
    """Trials that share one model in this process."""

    def __init__(self, folder: Path, **shared: Any) -> None:
        self.folder, self.shared = folder, shared
        own = build(SftSettings, {**TINY, **shared})
        self.base = PackedBase(load.load_base(own, folder, CPU, load.load_tokenizer(own, folder)), own, folder, CPU)
        self.members: dict[int, Member] = {}
        self.runs: dict[int, RunDir] = {}
        self._events: dict[int, Any] = {}

    def join(
        self, settings: dict[str, Any], number: int, stop: Callable[[TrialContext], bool] | None = None, **over: Any
    ) -> Member:
        run = attempt(
            self.folder, {**COMMON, **self.shared, **settings}, number=number, seed=over.pop("seed", number), **over
        )
        held: list[TrialContext] = []
        trial, self._events[number] = context(run, lambda: bool(stop and held and stop(held[0])))
        held.append(trial)
        self.runs[number] = run
        self.members[number] = self.base.join(chosen(run), trial)
        return self.members[number]

    def step(self, order: Callable[[Sequence[Member]], Sequence[Member]] = lambda members: members) -> list[Any]:
        """One step of all that are not at their end."""
        return self.base.step(order([m for m in self.members.values() if not m.ended])).passes

    def finish(
        self, order: Callable[[Sequence[Member]], Sequence[Member]] = lambda members: members
    ) -> dict[int, Record]:
        """Step until all are at their end."""
        while any(not member.ended for member in self.members.values()):
            self.step(order)
        for events in self._events.values():
            events.close()
        return {
            n: Record(self.runs[n], {k: v.clone() for k, v in m.training.learner.weights().items()}, m.result, m.error)
            for n, m in self.members.items()
        }


def assert_same(one: Record, other: Record, loss: float, weight: float) -> None:
    """Compare losses, norms, evaluations and weights."""
    for name in ("train_loss", "eval_loss", "grad_norm", "learning_rate"):
        expected = other.points(name)
        assert one.points(name) == pytest.approx(expected, rel=loss, abs=loss), name
        assert expected
    assert one.weights.keys() == other.weights.keys()
    for name, value in one.weights.items():
        torch.testing.assert_close(value, other.weights[name], rtol=0, atol=weight, check_dtype=False)


def shuffled(seed: int) -> Callable[[Sequence[Member]], Sequence[Member]]:
    """An order of a pack that changes at each step."""
    draw = random.Random(seed)
    return lambda members: draw.sample(list(members), len(members))
