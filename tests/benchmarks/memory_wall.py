"""How many trials run out of memory on a simulated wall, with the memory model and without it.

    python -m tests.benchmarks.memory_wall [--seeds N] [--trials N] [--samplers NAME,...]

A fine-tuning of a model of 1.5 B parameters: batch, length, rank, recomputation and learning rate are searched. Its
peak is computed from shapes, with coefficients that the memory model does not know and 10 % noise; there is as much
memory as 60 % of the space needs. The loss falls with batch and length, so that searches press against the wall.
`sizes` is the trainer `sft`, whose sizes are known; `names` a script of which only the names of settings are.
`press` stands for a sampler that knows the loss: after some random trials it takes the best of what is admitted.
Refused: proposals that were refused for memory, and how many of them would have fitted with a risk of at most 10 %.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.core.parameters import Choice, Float, Int, Parameter
from hptui.core.study import Study, TrainerSettings
from hptui.core.trial import Reason, Role, Trial, TrialStatus, Value
from hptui.search.engine import Proposal, make_engine, seed_for
from hptui.search.memory import MemoryLimits
from tests.search.kit import space, study

FIRST, NOISE, QUANTILE = 5, 0.1, 0.6
PRESS_FROM, PRESS_POINTS = 8, 100
SAFE = 0.88
"""Share of the memory up to which a peak with that noise fits with 90 % probability."""
SHAPE = {
    "hidden_size": 1536,
    "num_hidden_layers": 28,
    "vocab_size": 151_936,
    "intermediate_size": 8960,
    "num_attention_heads": 12,
    "num_key_value_heads": 2,
    "tie_word_embeddings": True,
}
PARAMETERS: tuple[Parameter, ...] = (
    Int("batch_size", 1, 64, log=True),
    Int("max_length", 256, 4096, log=True),
    Int("lora_rank", 4, 128, log=True),
    Choice("gradient_checkpointing", (False, True)),
    Float("learning_rate", 1e-5, 1e-2, log=True),
)
BASE: dict[str, Value] = {
    "batch_size": 4,
    "max_length": 1024,
    "lora_rank": 16,
    "gradient_checkpointing": False,
    "learning_rate": 2e-4,
    "adapter": "lora",
    "model": "model",
}


def peak_gib(settings: Mapping[str, Any], draw: random.Random | None = None) -> float:
    """What a trial needs."""
    tokens = settings["batch_size"] * settings["max_length"]
    kept = 130.0 * (0.2 if settings["gradient_checkpointing"] else 1.0) * 28 * 1536
    needed = 1.54e9 * 2.0 + settings["lora_rank"] * 1.15e6 * 16 + tokens * (kept + 4.2 * 151_936) + 1.3 * (1 << 30)
    return needed / (1 << 30) * math.exp(NOISE * draw.gauss(0, 1) if draw is not None else 0.0)


def point(draw: random.Random) -> dict[str, Any]:
    """A random configuration."""
    return {parameter.name: parameter.sample(draw) for parameter in PARAMETERS}


def capacity() -> float:
    """As much memory as 60 % of the space needs at most."""
    draw = random.Random("wall")
    return sorted(peak_gib(point(draw)) for _ in range(4000))[int(QUANTILE * 4000)]


def loss(settings: Mapping[str, Any]) -> float:
    """What a trial that fits comes to."""
    rate = math.log10(settings["learning_rate"] / 3e-4)
    larger = math.log2(settings["batch_size"] * settings["max_length"]) - 0.2 * settings["gradient_checkpointing"]
    return 3 + 0.3 * rate**2 - 0.1 * larger - 0.02 * math.log2(settings["lora_rank"])


def make(sampler: str, kind: str, mode: str, seed: int, folder: Path) -> Study:
    """The study of one run."""
    spec = study(space(PARAMETERS), sampler, seed=seed)
    search = replace(spec.search, memory=mode)
    trainer = TrainerSettings("sft" if kind == "sizes" else "command", {})
    return replace(spec, search=search, trainer=trainer, directory=str(folder))


class Press:
    """Proposes at random, then what has the least loss of many points that may be run."""

    def __init__(self, spec: Study) -> None:
        self.limits, self.trials, self.seed = MemoryLimits(spec, BASE), list[Trial](), spec.search.seed

    def sync(self, trials: Sequence[Trial]) -> None:
        """See `Engine`."""
        self.trials = list(trials)

    def ask(self, number: int) -> Proposal:
        """See `Engine`."""
        draw = random.Random(seed_for(self.seed, number))
        projection, feasible = self.limits.of(self.trials)
        if number < PRESS_FROM:
            return Proposal(feasible.draw(draw, frozenset()) or {}, engine="press")
        drawn = sorted((point(draw) for _ in range(PRESS_POINTS)), key=loss)
        return Proposal(next((one for one in drawn if projection.margin(one) <= 0), {}), engine="press")


def course(spec: Study, kind: str, trials: int, seed: int, wall: float, press: bool = False) -> list[Trial]:
    """The trials of one run: the baseline, then what the engine proposes."""
    draw = random.Random(f"peaks {seed}")
    engine, done = Press(spec) if press else make_engine(spec, BASE), list[Trial]()
    for number in range(trials):
        params: Mapping[str, Value] = {}
        if number:
            engine.sync(done)
            proposal = engine.ask(number)
            assert proposal is not None
            params = proposal.params
        settings = {**BASE, **params}
        peak = peak_gib(settings, draw)
        facts = {"memory_capacity_gb": wall} if kind == "sizes" else {}
        trial = Trial(number, "", TrialStatus.FAILED, Role.SEARCH, params, Reason.OOM, facts=facts)
        if peak <= wall:
            value = {"loss": loss(settings)}
            trial = replace(
                trial,
                status=TrialStatus.COMPLETE,
                reason=Reason.FINISHED,
                values=value,
                final=value,
                metrics=value,
                facts={**facts, "peak_gpu_allocated_gb": peak} if kind == "sizes" else facts,
                peak_memory_gb=peak,
            )
        else:
            trial = replace(trial, peak_memory_gb=wall * draw.uniform(0.85, 0.99))
        if number:
            trial = replace(trial, rejections=proposal.rejections)
        done.append(trial)
    return done


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--samplers", default="random,tpe,gp")
    options = parser.parse_args()
    wall = capacity()
    print(f"{wall:.1f} GiB, {options.seeds} seeds, {options.trials} trials; out of memory after the first {FIRST}")
    print(f"{'sampler':8} {'off':>12} {'names':>12} {'sizes':>12}   mean of the best loss: off, names, sizes; refused")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "model").mkdir()
        (folder / "model" / "config.json").write_text(json.dumps(SHAPE))
        for sampler in options.samplers.split(","):
            shares, best, refused = [], [], list[str]()
            for kind, mode in (("names", "off"), ("names", "refuse"), ("sizes", "refuse")):
                failed, ended, found, needs = 0, 0, [], list[float]()
                for seed in range(options.seeds):
                    press = sampler == "press"
                    spec = make("random" if press else sampler, kind, mode, seed, folder)
                    done = course(spec, kind, options.trials, seed, wall, press)
                    late = done[FIRST:]
                    failed, ended = failed + sum(one.reason is Reason.OOM for one in late), ended + len(late)
                    found.append(min(one.values["loss"] for one in done if one.values))
                    rejections = [one for trial in late for one in trial.rejections if one.why.startswith("memory")]
                    needs += [peak_gib({**BASE, **one.params}) for one in rejections]
                shares.append(failed / ended)
                best.append(statistics.mean(found))
                refused.append(f"{len(needs)} ({sum(one <= SAFE * wall for one in needs)} safe)")
            cells = " ".join(f"{share:11.0%} " for share in shares)
            print(
                f"{sampler:8} {cells}  {', '.join(f'{value:.3f}' for value in best)}; {', '.join(refused[1:])}",
                flush=True,
            )


if __name__ == "__main__":
    main()
