"""Searches with a known truth, made once and stored: `python -m tests.benchmarks.truth_histories DIRECTORY [KIND…]`.

A search costs more than judging what a report says of it, and does not change when the method of the reports does: so
`tests.benchmarks.truth` judges stored searches, and a change of the method costs minutes. A file holds the searches of
one engine for one kind of truth; the command adds to them, 25 of each kind in turn, and can be stopped at any time.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from hptui.results.analysis import blas

blas.load()  # before numpy: threads of linear algebra cost more than they bring, 20 times for matrices of 40 rows

import numpy as np  # noqa: E402

from tests.results.histories.make import REAL, history  # noqa: E402

DIRECTORY = Path(__file__).parent / "histories"
"""Where searches are stored unless another directory is given; git keeps none of them."""
FIRST_SEED = 60_000
COUNTS = {"tpe": 40, "random": 40, "gp": 20, "ax": 20}
"""Number of trials of a search, by engine."""
BLOCK = {"tpe": 25, "random": 25, "gp": 5, "ax": 5}
"""Number of searches after which a file is written."""


def load(directory: Path, engine: str, kind: str) -> tuple[Any, Any]:
    """Return the stored settings [search, trial, setting] and values [search, trial] of a kind."""
    file = directory / f"{engine}_{kind}.npz"
    if not file.exists():
        return np.empty((0, COUNTS[engine], 6)), np.empty((0, COUNTS[engine]))
    with np.load(file) as data:
        return data["units"].astype(float), data["values"].astype(float)


def add(directory: Path, engine: str, kind: str, studies: int) -> int:
    """Add at most a block of searches to a file until it holds `studies`; return how many it holds."""
    units, values = load(directory, engine, kind)
    done, target = len(units), min(studies, len(units) + BLOCK[engine])
    if done >= target:
        return done
    made = [history(kind, FIRST_SEED + number, COUNTS[engine], engine) for number in range(done, target)]
    directory.mkdir(parents=True, exist_ok=True)
    part = directory / f".{engine}_{kind}.npz"
    new = [
        np.concatenate([old, np.array(more)])
        for old, more in zip((units, values), zip(*made, strict=True), strict=True)
    ]
    np.savez_compressed(part, units=new[0].astype(np.float32), values=new[1].astype(np.float32))
    os.replace(part, directory / f"{engine}_{kind}.npz")
    return target


def main(argv: list[str]) -> int:
    """Add searches of each kind in turn until each has as many as asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path, nargs="?", default=DIRECTORY)
    parser.add_argument("kinds", nargs="*", default=[])
    parser.add_argument("--engine", default="tpe", choices=sorted(COUNTS))
    parser.add_argument("--studies", type=int, default=300)
    options = parser.parse_intermixed_args(argv)
    kinds = options.kinds or list(REAL)
    for target in range(BLOCK[options.engine], options.studies + BLOCK[options.engine], BLOCK[options.engine]):
        goal = min(target, options.studies)
        print(goal, [add(options.directory, options.engine, kind, goal) for kind in kinds], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
