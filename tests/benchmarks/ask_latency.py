"""How long a proposal takes with 10, 100, 1,000 and 5,000 trials recorded, for every sampler.

    python -m tests.benchmarks.ask_latency [SAMPLER...] [--repeats 3] [--counts 10 100 1000 5000]

Six parameters of all kinds under one constraint; the engine is rebuilt from the history before every ask, as a study
has it; median of a few, after one that loads the libraries. What learns is told all trials, or the best and newest of
them where it says so. CPU seconds of one thread: a busy machine changes little.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from random import Random

from hptui.core.parameters import Choice, Float, Int
from hptui.core.space import Space
from hptui.core.trial import Trial
from tests.search.kit import ask, space, study, trial  # also holds libraries to one thread

SAMPLERS = ("list", "grid", "random", "qmc", "tpe", "cmaes", "nsga2", "gp", "ax")

PARAMETERS = (
    Choice("rank", (8, 16, 32, 64)),
    Choice("batch", (1, 2, 4, 8)),
    Float("dropout", 0.0, 0.3, step=0.01),
    Int("warmup", 0, 495, step=5),
)
CONTINUOUS = (Float("rate", 1e-5, 1e-2, log=True), Float("decay", 0.0, 0.1))
CONSTRAINT = "rank * batch <= 128"


def searched(sampler: str) -> Space:
    """A grid needs steps: it has the four parameters that have them, 49,600 combinations."""
    return space(PARAMETERS if sampler == "grid" else (*PARAMETERS, *CONTINUOUS), CONSTRAINT)


def history(sampler: str, count: int) -> list[Trial]:
    """Trials of a random search, with a loss that depends on some of their parameters."""
    rng, whole, found = Random(0), searched(sampler), []
    while len(found) < count:
        params = whole.sample({}, rng)
        loss = abs(params["rank"] - 32) / 32 + params["dropout"] + rng.gauss(0, 0.05)
        found.append(trial(len(found), params, {"loss": loss}, engine=f"optuna 5 {sampler}"))
    return found


def measure(sampler: str, count: int, repeats: int) -> float:
    """The median of the CPU seconds of some asks."""
    asked, known, took = study(searched(sampler), sampler), history(sampler, count), []
    for number in range(count, count + repeats):
        begin = time.process_time()
        ask(asked, known, number)
        took.append(time.process_time() - begin)
    return statistics.median(took)


def shown(seconds: float) -> str:
    """`4 ms`, `1.2 s`."""
    return f"{1000 * seconds:.0f} ms" if seconds < 0.995 else f"{seconds:.1f} s"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("samplers", nargs="*", default=SAMPLERS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--counts", type=int, nargs="+", default=[10, 100, 1000, 5000])
    asked = parser.parse_args(argv)
    print("| a proposal with so many trials | " + " | ".join(f"{count:,}" for count in asked.counts) + " |")
    print("| --- |" + " --- |" * len(asked.counts))
    for sampler in asked.samplers:
        measure(sampler, 10, 1)  # loads its libraries
        cells = [shown(measure(sampler, count, asked.repeats)) for count in asked.counts]
        print(f"| `{sampler}` | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
