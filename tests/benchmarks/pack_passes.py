"""CPU time of a step of one trial: peft alone against packs of 1, 2, 4 and 8, of equal or unlike ranks and lengths.

    python -m tests.benchmarks.pack_passes [STEPS] [bench|host|compute ...] [--planned]

Three models: that of the study bench (12 layers of width 128, 4 rows of 32 tokens), a thin one that waits for Python
(24 layers of width 32, 1 row of 16), and a wide one that computes (4 layers of width 512, 2 rows of 64). Runners take
turns. `--planned`: eight trials are trained for STEPS steps each in the groups that the planner measures and chooses,
its measuring included, against the same trials one after another; trials that are done leave.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from hptui.trainers.data.batches import TokenRows, TrainingOrder
from hptui.trainers.packs.lanes import Lanes
from hptui.trainers.packs.planner import MeasuredGroups
from hptui.trainers.settings import build
from hptui.trainers.sft import adapters
from hptui.trainers.sft.alone import ModelExecutor
from hptui.trainers.sft.forward import Forward
from hptui.trainers.sft.learner import Learner
from hptui.trainers.sft.packed.engine import PackEngine, Part
from hptui.trainers.sft.packed.layout import FlatAdapter
from hptui.trainers.sft.requests import drive
from hptui.trainers.sft.settings import SftSettings
from hptui.trainers.sft.trained import TrainedModel
from tests.benchmarks.common import machine

CPU = torch.device("cpu")
MODELS = {"bench": (12, 128, 4, 32), "host": (24, 32, 1, 16), "compute": (4, 512, 2, 64)}
SIZES = (1, 2, 4, 8)


class Examples:
    """Random examples of one length, all learnt."""

    def __init__(self, length: int) -> None:
        draw = np.random.default_rng(0)
        self.parts = [(draw.integers(5, 1000, length), np.ones(length, bool)) for _ in range(64)]

    def __getitem__(self, index: int) -> Any:
        return self.parts[index]


def base(layers: int, width: int) -> Any:
    """A model with random weights."""
    torch.manual_seed(0)
    sizes = {"hidden_size": width, "intermediate_size": width * 11 // 4, "num_hidden_layers": layers}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=1000, num_attention_heads=4, num_key_value_heads=2, **sizes))
    model.config.use_cache = False
    return model


def learner(trained: Any, settings: SftSettings, length: int, seed: int) -> Learner:
    """A training that measures no memory."""
    rows = TokenRows(Examples(length), [[n] for n in range(64)], pad=0)  # type: ignore[arg-type]
    made = Learner(settings, trained, rows, TrainingOrder(64, settings.batch_size, 1, seed), 10**6, CPU)
    made.kept["activations"] = 0.0
    return made


def pack_step(engine: PackEngine, some: list[tuple[Learner, FlatAdapter]]) -> None:
    """One step of each of some trials in one pass."""
    updates = [made.update() for made, _ in some]
    requests = [next(update) for update in updates]
    parts = [
        Part(adapter, request.batch, request.learnt, request.key, request.scaled)
        for (_, adapter), request in zip(some, requests, strict=True)
    ]
    for update, loss in zip(updates, engine.learn(parts)[0], strict=True):
        try:
            update.send((loss, 0.0))
        except StopIteration:
            continue


def settings(rank: int, batch: int) -> SftSettings:
    """The settings of a trial."""
    values = {"model": "-", "train": "-", "lora_rank": rank, "batch_size": batch, "lr_schedule": "constant"}
    return build(SftSettings, values)


def packed(name: str, *, unlike: bool) -> tuple[PackEngine, list[tuple[Learner, FlatAdapter]]]:
    """An engine and eight trials."""
    layers, width, batch, length = MODELS[name]
    engine, trials = PackEngine(base(layers, width), "none", CPU), []
    for n, rank in enumerate((8, 4, 16, 2, 8, 12, 6, 8) if unlike else (8,) * 8):
        own = settings(rank, batch)
        scale = own.lora_alpha / rank
        adapter = FlatAdapter(engine.layout(own), scale=scale, dropout=0.0, device=CPU, dtype=torch.float32, whole=True)
        adapter.initialise()
        trials.append((learner(adapter, own, length - (n % 4 if unlike else 0), n), adapter))
    return engine, trials


def planned(name: str, steps: int, *, unlike: bool) -> str:
    """A row: how many times less CPU time the planner's choice takes than trials one after another."""
    _, _, batch, length = MODELS[name]
    engine, trials = packed(name, unlike=unlike)
    alone_engine, alone = packed(name, unlike=unlike)
    lanes, taken = Lanes(MeasuredGroups(8), 8, 8), {"planned": 0.0, "alone": 0.0}
    pack_step(alone_engine, alone[:1])  # warms up
    pack_step(engine, trials[:8])
    left, single = dict.fromkeys(range(8), steps), [n for n in range(8) for _ in range(steps)]
    while left:
        present = list(left)
        group = present[: lanes.group([batch * length] * len(present))]
        began = time.process_time()
        pack_step(engine, [trials[n] for n in group])
        spent = time.process_time() - began
        lanes.measured("train", len(group), batch * length * len(group), spent)
        taken["planned"] += spent
        for n in group:
            left[n] -= 1
            if not left[n]:
                del left[n]
        for n in single[: len(group)]:  # in turns, so that both meet the same machine
            began = time.process_time()
            pack_step(alone_engine, [alone[n]])
            taken["alone"] += time.process_time() - began
        del single[: len(group)]
    gain = taken["alone"] / taken["planned"]
    return f"{name:8} {'unlike' if unlike else 'alike':7} planned: x{gain:.2f}; {lanes.model.why}"


def measure(name: str, steps: int, *, unlike: bool) -> str:
    """A row of the table: milliseconds of a step of one trial, and how many times less than with peft."""
    layers, width, batch, length = MODELS[name]
    model = adapters.attach_adapter(base(layers, width), settings(8, batch))
    stock = learner(TrainedModel(model), settings(8, batch), length, 0)
    executor = ModelExecutor(Forward(model, "none"), None, CPU)
    engine, trials = packed(name, unlike=unlike)
    taken: dict[int, list[float]] = {size: [] for size in (0, *SIZES)}
    for turn in range(steps + 1):
        for size, times in taken.items():
            began = time.process_time()
            if size:
                pack_step(engine, trials[:size])
            else:
                drive(stock.update(), executor)
            if turn:  # the first one warms up
                times.append(time.process_time() - began)
    alone = statistics.median(taken[0])
    cells = [(size, statistics.median(taken[size]) / size) for size in SIZES]
    row = ", ".join(f"{size}: {1000 * each:.1f} (x{alone / each:.2f})" for size, each in cells)
    return f"{name:8} {'unlike' if unlike else 'alike':7} peft {1000 * alone:.1f} ms; {row}"


def main() -> None:
    """Print the table."""
    steps = next((int(word) for word in sys.argv[1:] if word.isdigit()), 10)
    torch.set_num_threads(1)
    print(machine())
    for name in [word for word in sys.argv[1:] if word in MODELS] or list(MODELS):
        for unlike in (False, True):
            row = planned if "--planned" in sys.argv else measure
            print(row(name, steps, unlike=unlike), flush=True)


if __name__ == "__main__":
    main()
