"""What a law is worth: Step Law's public runs, one model size left out, searched with and without a law's first trial.

    python -m tests.benchmarks.laws dense_lr_bs_loss.csv [--seeds 4]

The file is that of github step-law/steplaw (arXiv:2503.04715): losses of pre-training runs over learning rate and batch
size. Tables are groups of (h, ffnh, numh, numl, D) with at least 100 cells. For each model size the law's coefficients
are fitted on the tables of all other sizes (log-linear least squares on each table's best cell), and the law proposes
the first trial in the tables of the size left out; `gp` goes on from there. Regret is (best of the first k - best of
the table) / (median - best), at most 5; a cell without a run counts as diverged. Averages are over tables within a
size, then over sizes and seeds.
"""

from __future__ import annotations

import argparse
import csv
import math
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.search.kit import drive, space, study, trial  # first: it holds libraries to one thread

MARKS = (1, 3, 5, 8, 10, 12)
TRIALS, MIN_CELLS, WORST = max(MARKS), 100, 5.0


@dataclass(frozen=True)
class Table:
    """The runs of one model at one number of tokens."""

    size: tuple[str, ...]
    parameters: float
    tokens: float
    losses: Mapping[tuple[float, int], float]

    @property
    def best_cell(self) -> tuple[float, int]:
        """The learning rate and batch size of the lowest loss."""
        return min(self.losses, key=lambda cell: self.losses[cell])

    def regret(self, cells: Sequence[tuple[float, int]]) -> float:
        """0 at the best cell, 1 at the median."""
        low, middle = min(self.losses.values()), statistics.median(self.losses.values())
        return min(WORST, *((self.losses.get(cell, math.inf) - low) / (middle - low) for cell in cells))

    @property
    def axes(self) -> tuple[list[float], list[int]]:
        """The learning rates and batch sizes."""
        return sorted({cell[0] for cell in self.losses}), sorted({cell[1] for cell in self.losses})


def read(path: Path) -> list[Table]:
    """The tables of the file."""
    groups: dict[tuple[str, ...], dict[tuple[float, int], list[float]]] = defaultdict(lambda: defaultdict(list))
    facts: dict[tuple[str, ...], tuple[float, float]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            key = tuple(row[name] for name in ("h", "ffnh", "numh", "numl", "D"))
            loss = float(row["smooth loss"])
            if math.isfinite(loss):
                groups[key][float(row["lr"]), int(row["bs"])].append(loss)
                facts[key] = float(row["N"]), float(row["D"])
    return [
        Table(key[:4], *facts[key], {cell: statistics.fmean(values) for cell, values in cells.items()})
        for key, cells in groups.items()
        if len(cells) >= MIN_CELLS
    ]


@dataclass(frozen=True)
class Fitted:
    """Coefficients of log lr = a + b log N + c log D and log batch = d + e log D."""

    rate: tuple[float, float, float]
    batch: tuple[float, float]

    def first(self, table: Table) -> tuple[float, int]:
        """The cell next to what the law says."""
        n, d = math.log(table.parameters), math.log(table.tokens)
        rates, batches = table.axes
        rate, batch = self.rate[0] + self.rate[1] * n + self.rate[2] * d, self.batch[0] + self.batch[1] * d
        return min(rates, key=lambda r: abs(math.log(r) - rate)), min(batches, key=lambda b: abs(math.log(b) - batch))


def fit(tables: Sequence[Table]) -> Fitted:
    """Least squares on the best cells."""
    import numpy as np

    best = [table.best_cell for table in tables]
    n, d = (np.log([getattr(table, name) for table in tables]) for name in ("parameters", "tokens"))
    one = np.ones(len(tables))
    rate, *_ = np.linalg.lstsq(np.stack([one, n, d], 1), np.log([cell[0] for cell in best]), rcond=None)
    batch, *_ = np.linalg.lstsq(np.stack([one, d], 1), np.log([cell[1] for cell in best]), rcond=None)
    return Fitted(tuple(map(float, rate)), tuple(map(float, batch)))  # type: ignore[arg-type]


def search(table: Table, seed: int, first: tuple[float, int] | None) -> list[tuple[float, int]]:
    """The cells that `gp` tries, rebuilt before each ask, after the law's trial if there is one."""
    from hptui.core.parameters import Choice

    rates, batches = table.axes
    searched = space([Choice("lr", tuple(rates)), Choice("bs", tuple(batches))])

    def measure(settings: Mapping[str, Any]) -> Mapping[str, float]:
        return {"loss": table.losses.get((settings["lr"], settings["bs"]), math.inf)}  # no run: taken as diverged

    known = []
    if first is not None:
        params = {"lr": first[0], "bs": first[1]}
        known = [trial(0, params, measure(params), engine="law")]
    done = drive(study(searched, "gp", seed=seed), TRIALS, measure, known)
    return [(one.params["lr"], one.params["bs"]) for one in done]  # type: ignore[misc]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    tables = read(options.file)
    sizes = sorted({table.size for table in tables})
    print(f"{len(tables)} tables of {len(sizes)} model sizes, {options.seeds} seeds a table")
    regrets: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for size in sizes:
        law = fit([table for table in tables if table.size != size])
        of_size: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        for table in (table for table in tables if table.size == size):
            for seed in range(options.seeds):
                for name, first in (("gp", None), ("law, then gp", law.first(table))):
                    cells = search(table, seed, first)
                    for mark in MARKS:
                        of_size[name][mark].append(table.regret(cells[:mark]))
        for name, by_mark in of_size.items():
            for mark, values in by_mark.items():
                regrets[name][mark].append(statistics.fmean(values))
        print(f"without {'x'.join(size)}: lr after one {of_size['law, then gp'][1]!r}", flush=True)
    print("| regret after | " + " | ".join(map(str, MARKS)) + " trials |")
    for name, by_mark in regrets.items():
        print(f"| {name} | " + " | ".join(f"{statistics.fmean(by_mark[mark]):.3f}" for mark in MARKS) + " |")


if __name__ == "__main__":
    main()
