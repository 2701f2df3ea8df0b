"""The rates of false sentences, by the product itself: `python -m tests.benchmarks.truth COUNTS [--studies N] [KIND…]`.

Made-up studies with a known truth are searched by an engine, told as records of hptui, and every sentence that the
report would say is compared with the truth. COUNTS is a JSON file to which each finished study adds, so that the
command can be stopped and goes on where it was. The table beside it (`truth.md`) is written from
it at the end, or with `--report` alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta

from hptui.results import claims
from hptui.results.claims import shipped
from hptui.results.fact_writer import FactWriter
from tests.results.histories.make import NAMES, REAL, history, mean
from tests.results.truth import record_of

LENGTHS = (8, 10, 20, 40)
"""Prefixes of a history that are told."""
FIRST_SEED = 60_000
POINTS = 256
"""Points of the space over which the truth is averaged."""
LIMIT = 0.08
"""A class is shown if the upper 95 % limit of its false share is at most this."""
HEAD = (
    "# Rates of false sentences",
    "",
    "Written by `python -m tests.benchmarks.truth tests/benchmarks/truth.json --report`; without `--report` it adds",
    "studies, as many of each kind as `--studies` says. A study is a search by an engine (TPE with 5 startup trials)",
    "of an objective with a known truth, cut after 8, 10, 20 and 40 trials; *alias* means that a second setting is",
    f"what another one is. A class is shown if the upper 95 % limit of its false share is at most {LIMIT}, and no more",
    "of the studies in which it was said have a false one. E7 and E9 are not shown.",
    "",
)
"""What the table begins with."""
SHOWN = shipped.SHIPPED
"""The classes that the product shows."""


def true_curve(kind: str, name: str, places: list[float], cut: float | None) -> np.ndarray:
    """Return the true averages over the space at places of one setting, of values cut as the analysis cuts them."""
    column = NAMES.index(name)
    rng = np.random.default_rng(1)
    drawn = rng.random((POINTS, 6))
    drawn[:, 3], drawn[:, 4] = np.floor(drawn[:, 3] * 16) / 15, np.floor(drawn[:, 4] * 4) / 3
    drawn[:, 5] = np.floor(drawn[:, 5] * 3)
    averages = []
    for place in places:
        drawn[:, column] = place
        values = np.array([mean(kind, row) for row in drawn])
        averages.append(np.minimum(values, np.inf if cut is None else cut).mean())
    return np.array(averages)


def told(kind: str, units: np.ndarray, values: np.ndarray, *, alias: bool = False) -> dict[str, int]:
    """Return what a study's sentences were: for each class how often it was said, and how often it was false."""
    if alias:  # c is what b is: nobody can tell them apart
        units = units.copy()
        units[:, 2] = units[:, 1]
    record = record_of(units, values)
    facts = FactWriter(record)
    analysis = record.effect_analysis()
    real = set(REAL[kind]) | ({"c"} if alias and "b" in REAL[kind] else set())
    counts: Counter[str] = Counter()
    cut = analysis.scores.cut
    shipped.SHIPPED = shipped.MEASURED  # what is not shown is measured, too
    for claim in [*claims.effect_claims(facts), *claims.edge_claims(facts)]:
        names = claim.subject.split("+")
        false = False
        if claim.kind in ("E1", "E2"):
            false = not set(names) & real
            counts.update({f"found {name}": 1 for name in names if name in real})
        elif claim.kind == "E3":
            if "up_to" not in claim.premise:
                continue
            curves = [analysis.averaged.curve(name) for name in names]
            spans = [np.ptp(true_curve(kind, c.factor.name, _places(c), cut)) for c in curves]
            false = float(max(spans)) > claim.premise["up_to"]
        elif claim.kind == "E4":
            truth = true_curve(kind, names[0], _places(analysis.averaged.curve(names[0])), cut)
            steps = [claim.premise["direction"] * (b - a) for a, b in pairwise(truth)]
            false = min(steps) < -1e-9 or max(steps) <= 0
        elif claim.kind == "E5":
            curve = analysis.averaged.curve(names[0])
            place = curve.factor.coordinate(curve.values[curve.inside(1.0) or 0])
            first, inside, last = true_curve(kind, names[0], [0.0, place, 1.0], cut)
            false = not (inside < first and inside < last)
        elif claim.kind == "E7":
            false = set(names) != {"a", "e"} or kind != "inter"
        elif claim.kind == "E9":
            better, worse = ("xyz".index(fact.value) for fact in claim.facts[:2])
            one, two = true_curve(kind, names[0], [float(better), float(worse)], cut)
            false = not one < two
        elif claim.kind == "N2":
            best = record.best
            low = analysis.factor(names[0]).coordinate(best.params[names[0]]) < 0.5
            end, inwards = true_curve(kind, names[0], [0.0, 1 / 3] if low else [1.0, 2 / 3], cut)
            false = not end < inwards
        else:
            continue
        counts[f"{claim.kind} said"] = 1
        if false:
            counts[f"{claim.kind} false"] = 1
    return dict(counts)


def _places(curve: Any) -> list[float]:
    return [curve.factor.coordinate(value) for value in curve.values]


def run(file: Path, kinds: list[str], studies: int, engine: str) -> None:
    """Add studies to the counts until each kind has as many as asked for."""
    totals: dict[str, dict[str, int]] = json.loads(file.read_text()) if file.exists() else {}
    lengths = LENGTHS if engine == "tpe" else LENGTHS[:3]
    for kind in kinds:
        done = totals.get(f"{engine} {kind} {lengths[0]}", {}).get("studies", 0)
        for number in range(done, studies):
            units, values = history(kind, FIRST_SEED + number, lengths[-1], engine)
            for count in lengths:
                for alias in (False, True):
                    key = f"{engine} {kind}{' alias' if alias else ''} {count}"
                    if alias and (kind == "conf" or engine != "tpe" or count < 20):
                        continue
                    cell = Counter(totals.get(key, {}))
                    cell.update({"studies": 1, **told(kind, units[:count], values[:count], alias=alias)})
                    totals[key] = dict(sorted(cell.items()))
            if number % 10 == 9 or number == studies - 1:
                _write(file, totals)
        print(kind, totals[f"{engine} {kind} {lengths[-1]}"], flush=True)


def _write(file: Path, totals: dict[str, dict[str, int]]) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(totals, indent=1, sort_keys=True) + "\n")
    os.replace(part, file)


def upper_limit(false: int, studies: int) -> float:
    """Return the one-sided upper 95 % limit of a share (Clopper-Pearson)."""
    return 1.0 if false >= studies else float(beta.ppf(0.95, false + 1, studies - false))


def table(totals: dict[str, dict[str, int]]) -> tuple[list[str], dict[str, bool]]:
    """Return the lines of the table, and whether each class passes over all cells."""
    classes = sorted({key.split()[0] for cell in totals.values() for key in cell if key.endswith(("said", "false"))})
    lines = [
        "| class | studies | said in | false in | share | upper limit | of those said | worst cell |",
        "|" + " --- |" * 8,
    ]
    passed = {}
    for name in classes:
        said = sum(cell.get(f"{name} said", 0) for cell in totals.values())
        false = sum(cell.get(f"{name} false", 0) for cell in totals.values())
        studies = sum(cell["studies"] for cell in totals.values())
        cells = {key: (cell.get(f"{name} false", 0), cell["studies"]) for key, cell in totals.items()}
        worst = max(cells, key=lambda key: (upper_limit(*cells[key]) if cells[key][1] >= 100 else 0.0, key))
        bad, of = cells[worst]
        limit = upper_limit(bad, of)
        passed[name] = upper_limit(false, studies) <= LIMIT and false <= LIMIT * said
        lines.append(
            f"| {name} | {studies} | {said} | {false} | {false / studies:.3f} | {upper_limit(false, studies):.3f} | "
            f"{false / max(1, said):.3f} | "
            f"{worst}: {bad} of {of} ({limit:.3f}) |"
        )
    return lines, passed


def main(argv: list[str]) -> int:
    """Run, or with `--report` print the table; the exit code is 1 if a class that is shown does not pass."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--studies", type=int, default=300)
    parser.add_argument("--engine", default="tpe", choices=["tpe", "gp", "random"])
    parser.add_argument("--report", action="store_true")
    options = parser.parse_intermixed_args(argv)
    if not options.report:
        run(options.file, options.kinds or list(REAL), options.studies, options.engine)
    lines, passed = table(json.loads(options.file.read_text()))
    options.file.with_suffix(".md").write_text("\n".join([*HEAD, *lines, ""]))
    print("\n".join(lines))
    return int(any(not passed.get(name, True) for name in SHOWN))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
