"""Random mixes of fine-tunings in a pack: whoever joins, leaves or comes back, each computes what it does alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hptui.store.run_directory import RunDir
from hptui.trainers.context import TrialContext
from hptui.trainers.sft.packed import evening
from tests.trainers.sft import tiny
from tests.trainers.sft.packs import Pack, Record, alone, precise, shuffled

pytestmark = pytest.mark.filterwarnings("ignore")

LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
COMPARED = ("train_loss", "eval_loss", "grad_norm", "learning_rate", "exact_match", "generated_tokens")
SCHEDULES = ("constant", "linear", "cosine", "step", "exponential", "polynomial", "inverse_sqrt")
MOST_STEPS = 400
"""Steps of a pack within which every mix ends."""


def settings(draw: Random) -> dict[str, Any]:
    """Anything in which trials of a pack may differ."""
    chosen: dict[str, Any] = {
        "lora_rank": draw.choice((1, 2, 3, 4, 5, 8, 16)),
        "lora_alpha": draw.choice((1, 4, 8, 16, 32)),
        "rslora": draw.random() < 0.3,
        "lora_dropout": draw.choice((0.0, 0.0, 0.1, 0.3, 0.6)),
        "optimizer": draw.choice(("adamw", "adamw", "adam", "adamw_fused", "adafactor", "sgd")),
        "learning_rate": draw.choice((1e-3, 3e-3, 1e-2)),
        "weight_decay": draw.choice((0.0, 0.0, 0.1)),
        "max_grad_norm": draw.choice((0.0, 0.3, 1.0)),
        "lr_schedule": draw.choice(SCHEDULES),
        "lr_steps": [2, 3],
        "warmup_steps": draw.choice((0, 0, 2)),
        "batch_size": draw.choice((1, 2, 3, 4, 6)),
        "gradient_accumulation": draw.choice((1, 1, 2, 3)),
        "max_length": draw.choice((32, 40, 64)),
        "padding": draw.choice(("longest", "longest", "max_length")),
        "packing": draw.random() < 0.3,
        "loss_on": draw.choice(("completion", "all")),
        "add_eos": draw.random() < 0.8,
        "train_samples": draw.choice((0, 0, 7, 20)),
        "eval_samples": draw.choice((0, 0, 3)),
        "eval_every": draw.choice((0, 1, 2, 3)),
        "eval_batch_size": draw.choice((0, 1, 5, 10)),
        "steps": draw.randint(2, 6),
        "load_best": draw.random() < 0.25,
        "early_stopping": draw.random() < 0.3,
    }
    if chosen["optimizer"] == "sgd":
        chosen |= {"momentum": draw.choice((0.0, 0.5, 0.9)), "learning_rate": 3e-2}
    if draw.random() < 0.5:
        chosen["lora_target"] = draw.sample(LAYERS, draw.randint(1, 6))
    if draw.random() < 0.3:
        chosen |= {"steps": 0, "epochs": draw.choice((0.5, 1.0)), "batch_size": draw.choice((4, 6))}
    if draw.random() < 0.15:
        return chosen | {"text_field": "prompt", "loss_on": "all", "too_long": "split", "max_length": 12}
    if draw.random() < 0.35:
        chosen |= {"generate_samples": draw.choice((1, 4, 7)), "generate_every": draw.choice((0, 1, 2))}
        chosen |= {"max_new_tokens": draw.choice((1, 5, 9)), "generate_batch_size": draw.choice((1, 3, 16))}
        chosen |= {"generate_metrics": ["exact_match"], "stop": draw.choice(([], [" "]))}
    return chosen


@dataclass
class Mix:
    """Trials of a pack by number: their settings, when they join, and after which report they are stopped for a time.

    `guest` leaves without an end after so many steps, if any.
    """

    trials: dict[int, dict[str, Any]]
    joins: dict[int, int]
    stops: dict[int, int]
    guest: int
    stopped: dict[int, RunDir] = field(default_factory=dict)

    @classmethod
    def drawn(cls, draw: Random) -> Mix:
        trials = {100 + n: settings(draw) for n in range(draw.randint(2, 6))}
        joins = {number: draw.choice((0, 0, 0, draw.randint(1, 6))) for number in trials}
        stops = {number: draw.randint(1, 3) for number in trials if draw.random() < 0.3}
        return cls(trials, {**joins, 100: 0}, stops, draw.choice((0, 0, draw.randint(1, 5))))

    def run(self, pack: Pack, order: Any) -> dict[int, Record]:
        """Let them join, stop, come back and leave, until all have ended."""
        waiting, guest = dict(self.joins), pack.join({"steps": 60, "lora_rank": 7}, 500) if self.guest else None
        for step in range(MOST_STEPS):
            for number in [number for number, begin in waiting.items() if begin <= step]:
                del waiting[number]
                pack.join(self.trials[number], number, stop=self._stop(number))
            if guest is not None and step >= self.guest:
                pack.base.leave(guest)
                del pack.members[500]
                guest = None
            for number in self._left(pack):
                self.stopped[number] = pack.runs[number]
                pack.join(self.trials[number], number, attempt=2)
            if not waiting and guest is None and all(member.ended for member in pack.members.values()):
                return pack.finish()
            pack.step(order)
        raise AssertionError("the mix has no end")

    def _stop(self, number: int) -> Callable[[TrialContext], bool] | None:
        reports = self.stops.get(number)
        return None if reports is None else lambda trial: trial.reports >= reports

    def _left(self, pack: Pack) -> Iterator[int]:
        """Yield the trials that were stopped before their end and wait to come back."""
        for number in self.stops.keys() - self.stopped.keys():
            member = pack.members.get(number)
            kept = pack.folder / "trials" / f"{number:04d}" / "checkpoints"
            if member is not None and member.ended and member.error is None and any(kept.glob("*")):
                yield number

    def points(self, record: Record, number: int, name: str) -> dict[int, float]:
        earlier = tiny.points(self.stopped[number], name) if number in self.stopped else {}
        return earlier | record.points(name)


def answers(run: RunDir) -> list[str]:
    file = run.root.parent / "artifacts" / "generations.jsonl"
    return [json.loads(line)["output"] for line in file.open()] if file.exists() else []


def compare(mix: Mix, folder: Path, shared: dict[str, Any], made: dict[int, Record], loss: float, weight: float) -> int:
    """Compare each trial with itself alone on peft; return how many values were compared."""
    compared = 0
    for number, chosen in mix.trials.items():
        record, own = made[number], alone(folder, {**shared, **chosen}, 200 + number, seed=number)
        assert record.error is None
        for name in COMPARED:
            expected = own.points(name)
            compared += len(expected)
            assert mix.points(record, number, name) == pytest.approx(expected, rel=loss, abs=loss), (number, name)
        for name, value in own.weights.items():
            assert float((record.weights[name] - value).abs().max()) <= weight, (number, name)
        assert answers(record.run) == answers(own.run)
    return compared


def check(folder: Path, seed: int, bits: int) -> None:
    draw = Random(seed)
    study = tiny.study(folder, draw.choice(("qwen2", "llama")))
    shared = {"gradient_checkpointing": draw.random() < 0.3}
    with precise() if bits == 64 else nullcontext(), pytest.MonkeyPatch.context() as patch:
        patch.setitem(evening.CALL_OPERATIONS, "cpu", draw.choice((0.0, 1e5, 5e5, 1e7, 1e15)))
        mix, pack = Mix.drawn(draw), Pack(study, **shared)
        made = mix.run(pack, shuffled(seed))
        assert pack.base.healthy() == ""
        assert compare(mix, study, shared, made, *((1e-12, 1e-10) if bits == 64 else (1e-5, 1e-4)))


@pytest.mark.parametrize("seed", [1, 3, 8])
def test_each_trial_of_a_random_mix_computes_what_it_does_alone(tmp_path: Path, seed: int) -> None:
    check(tmp_path, seed, 64)


@pytest.mark.slow
@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("seed", range(10, 30))
def test_each_trial_of_many_random_mixes_computes_what_it_does_alone(tmp_path: Path, seed: int, bits: int) -> None:
    check(tmp_path, seed, bits)
