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
from collections.abc import Iterator
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
FULL_ROW = 300
"""Studies from which a row is judged."""
LIMIT = 0.08
"""A class is shown if the upper 95 % limit of its false share is at most this."""
HEAD = (
    "# Rates of false sentences",
    "",
    "Written by `python -m tests.benchmarks.truth tests/benchmarks/truth.json --report`; without `--report` it adds",
    "studies, as many of each kind as `--studies` says. A study is a search by an engine (TPE with 5 startup trials)",
    "of an objective with a known truth, cut after 8, 10, 20 and 40 trials; *alias* means that a second setting is",
    f"what another one is. A class is shown if the one-sided upper 95 % limit of its false share is at most {LIMIT} in",
    f"every row (engine, truth, number of trials) of at least {FULL_ROW} studies and over all rows of an engine, and",
    "no more of the studies in which it was said have a false one. `gate` computes that, and a test compares it with",
    "`claims/shipped.py`. Rows of fewer studies are counted, and not judged by themselves.",
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
            if "up_to" not in claim.premise or (kind == "shelf" and "a" in names):
                continue  # no size is stated, or not of what changes by a jump: "gradually"
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


def run(file: Path, kinds: list[str], studies: int, engine: str, lengths: tuple[int, ...], *, again: bool) -> None:
    """Add studies to the counts until each kind has as many as asked for; `again`: from the first on."""
    totals: dict[str, dict[str, int]] = json.loads(file.read_text()) if file.exists() else {}
    for kind in kinds:
        target = studies
        if again:
            target = max(studies, totals.get(f"{engine} {kind} {lengths[0]}", {}).get("studies", 0))
            for count in lengths:
                totals.pop(f"{engine} {kind} {count}", None)
                totals.pop(f"{engine} {kind} alias {count}", None)
        done = totals.get(f"{engine} {kind} {lengths[0]}", {}).get("studies", 0)
        for number in range(done, target):
            units, values = history(kind, FIRST_SEED + number, lengths[-1], engine)
            for count in lengths:
                for alias in (False, True):
                    key = f"{engine} {kind}{' alias' if alias else ''} {count}"
                    if alias and (kind == "conf" or engine != "tpe" or count < 20):
                        continue
                    cell = Counter(totals.get(key, {}))
                    cell.update({"studies": 1, **told(kind, units[:count], values[:count], alias=alias)})
                    totals[key] = dict(sorted(cell.items()))
            if number % 10 == 9 or number == target - 1:
                _write(file, totals)
        print(kind, totals[f"{engine} {kind} {lengths[-1]}"], flush=True)


def _write(file: Path, totals: dict[str, dict[str, int]]) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(totals, indent=1, sort_keys=True) + "\n")
    os.replace(part, file)


def upper_limit(false: int, studies: int) -> float:
    """Return the one-sided upper 95 % limit of a share (Clopper-Pearson)."""
    return 1.0 if false >= studies else float(beta.ppf(0.95, false + 1, studies - false))


def rows_of(totals: dict[str, dict[str, int]]) -> Iterator[tuple[str, str, int, int, int]]:
    """Yield (class, row, studies, said, false): for each class one row per engine, truth and number of trials."""
    classes = sorted({key.split()[0] for cell in totals.values() for key in cell if key.endswith(("said", "false"))})
    for name in classes:
        for key, cell in sorted(totals.items()):
            yield name, key, cell["studies"], cell.get(f"{name} said", 0), cell.get(f"{name} false", 0)


def gate(totals: dict[str, dict[str, int]]) -> dict[str, bool]:
    """Return which classes may be shown.

    In every row of at least 300 studies the upper limit of the share of studies with a false sentence is at most
    `LIMIT`, over all rows of an engine it is, too, and of the studies in which it was said at most this share is false.
    """
    passed: dict[str, bool] = {}
    by_engine: dict[tuple[str, str], list[int]] = {}
    of_said: dict[str, list[int]] = {}
    for name, key, studies, said, false in rows_of(totals):
        engine = by_engine.setdefault((name, key.split()[0]), [0, 0])
        engine[0], engine[1] = engine[0] + studies, engine[1] + false
        pair = of_said.setdefault(name, [0, 0])
        pair[0], pair[1] = pair[0] + said, pair[1] + false
        if studies >= FULL_ROW:
            passed[name] = passed.get(name, True) and upper_limit(false, studies) <= LIMIT
    for (name, _), (studies, false) in by_engine.items():
        if studies >= FULL_ROW:
            passed[name] = passed.get(name, False) and upper_limit(false, studies) <= LIMIT
    return {name: ok and of_said[name][1] <= LIMIT * of_said[name][0] for name, ok in passed.items()}


def table(totals: dict[str, dict[str, int]]) -> tuple[list[str], dict[str, bool]]:
    """Return the lines of the tables, and whether each class passes."""
    passed = gate(totals)
    lines = [
        "| class | studies | said in | false in | share | upper limit | of those said | worst row of 300 | shown |",
        "|" + " --- |" * 9,
    ]
    for name in passed:
        rows = [row[1:] for row in rows_of(totals) if row[0] == name]
        studies, said, false = (sum(row[column] for row in rows) for column in (1, 2, 3))
        full = [row for row in rows if row[1] >= FULL_ROW]
        worst = max(full, key=lambda row: (row[3] / row[1], row[0]))
        lines.append(
            f"| {name} | {studies} | {said} | {false} | {false / studies:.3f} | {upper_limit(false, studies):.3f} | "
            f"{false / max(1, said):.3f} | {worst[0]}: {worst[3]} of {worst[1]} "
            f"({upper_limit(worst[3], worst[1]):.3f}) | {'yes' if passed[name] else 'no'} |"
        )
    lines += ["", "Studies by engine and truth, each with all its numbers of trials:", ""]
    counts: dict[tuple[str, str], int] = {}
    for key, cell in totals.items():
        engine, kind, *_ = key.split()
        counts[engine, kind] = min(counts.get((engine, kind), cell["studies"]), cell["studies"])
    by_engine: dict[str, list[str]] = {}
    for (engine, kind), count in sorted(counts.items()):
        by_engine.setdefault(engine, []).append(f"{kind} {count}")
    lines += [f"- {engine}: {', '.join(kinds)}" for engine, kinds in by_engine.items()]
    lines += ["", "Studies in which a real setting was found, of all studies of a row:", ""]
    lines += ["| truth | setting | 8 | 10 | 20 | 40 |", "| --- | --- | --- | --- | --- | --- |"]
    for kind, names in REAL.items():
        for name in names:
            cells = [totals.get(f"tpe {kind} {count}", {"studies": 0}) for count in LENGTHS]
            shares = [f"{c.get(f'found {name}', 0) / c['studies']:.2f}" if c["studies"] else "–" for c in cells]
            lines.append(f"| {kind} | {name} | {' | '.join(shares)} |")
    return lines, passed


def main(argv: list[str]) -> int:
    """Run, or with `--report` print the table; the exit code is 1 if a class that is shown does not pass."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--studies", type=int, default=300)
    parser.add_argument("--engine", default="tpe", choices=["tpe", "gp", "ax", "random"])
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--lengths", nargs="*", type=int, help="only prefixes of these lengths")
    parser.add_argument("--again", action="store_true", help="count these prefixes anew: the method has changed")
    options = parser.parse_intermixed_args(argv)
    if not options.report:
        lengths = tuple(options.lengths or (LENGTHS if options.engine == "tpe" else LENGTHS[:3]))
        kinds = options.kinds or list(REAL)
        run(options.file, kinds, options.studies, options.engine, lengths, again=options.again)
    lines, passed = table(json.loads(options.file.read_text()))
    options.file.with_suffix(".md").write_text("\n".join([*HEAD, *lines, ""]))
    print("\n".join(lines))
    return int(any(not passed.get(name, True) for name in SHOWN))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
