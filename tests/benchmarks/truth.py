"""The rates of false sentences, by the product itself: `python -m tests.benchmarks.truth COUNTS [--studies N] [KIND…]`.

Made-up studies with a known truth were searched by an engine (`tests.benchmarks.truth_histories` stores them), are told
as records of hptui, and every sentence that the report would say is compared with the truth. COUNTS is a JSON file to
which each judged study adds, so that the command can be stopped and goes on where it was. It holds counts by method of
the reports (`claims.shipped.METHOD`). The table beside it (`truth.md`) is written from it at the end, or with
`--report` alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from hptui.results.analysis import blas

blas.load()  # before numpy: threads of linear algebra cost more than they bring, 20 times for matrices of 40 rows

import numpy as np  # noqa: E402
from scipy.stats import beta  # noqa: E402

from hptui.results import claims  # noqa: E402
from hptui.results.analysis.evidence import EffectAnalysis  # noqa: E402
from hptui.results.claims import shipped  # noqa: E402
from hptui.results.fact_writer import FactWriter  # noqa: E402
from tests.benchmarks import truth_histories  # noqa: E402
from tests.results.histories import conditional  # noqa: E402
from tests.results.histories.make import NAMES, REAL, mean  # noqa: E402
from tests.results.truth import histories, record_of, text_of  # noqa: E402

LENGTHS = (10, 20, 40, 8)
"""Prefixes of a history that are told."""
POINTS = 256
"""Points of the space over which the truth is averaged."""
FULL_ROW = 300
"""Studies from which a row is judged."""
LIMIT = 0.08
"""A class is shown if the upper 95 % limit of its false share is at most this."""
BLOCK = 5
"""Studies of a row that are judged before those of the next one."""
Totals = Mapping[str, Mapping[str, Mapping[str, int]]]
"""Counts by method, row (engine, truth, number of trials), and what was counted."""
HEAD = (
    "# Rates of false sentences",
    "",
    "Written by `python -m tests.benchmarks.truth tests/benchmarks/truth.json --report`; without `--report` it adds",
    "studies that `tests.benchmarks.truth_histories` has stored. A study is a search by an engine of an objective with",
    "a known truth, cut after 8, 10, 20 and 40 trials; *alias* means that a second setting is what another one is.",
    f"A class is shown if the one-sided upper 95 % limit of its false share is at most {LIMIT} in every row (engine,",
    f"truth, number of trials) of at least {FULL_ROW} studies and over all rows of an engine, and no more of the",
    "studies in which it was said have a false one. `gate` computes that, and a test compares it with",
    "`claims/shipped.py`. Rows of fewer studies are counted, and not judged by themselves.",
    "",
    f"The reports have method {shipped.METHOD}. A row of an earlier method stands only where the present one",
    "has judged fewer studies, and what changed since can only let less be said: its share is an upper limit.",
    "",
)
"""What the table begins with."""
SHOWN = shipped.SHIPPED
"""The classes that the product shows."""


def true_curve(kind: str, name: str, places: list[float], cut: float | None) -> np.ndarray:
    """Return the true averages over the space at places of one setting, of values cut as the analysis cuts them."""
    return np.array([true_average(kind, {name: place}, cut) for place in places])


def true_average(kind: str, places: Mapping[str, float], cut: float | None) -> float:
    """Return the true average over the space with some settings at places, of values cut as the analysis cuts them."""
    columns = [NAMES.index(name) for name in places]
    rng = np.random.default_rng(1)
    drawn = rng.random((POINTS, 6))
    drawn[:, 3], drawn[:, 4] = np.floor(drawn[:, 3] * 16) / 15, np.floor(drawn[:, 4] * 4) / 3
    drawn[:, 5] = np.floor(drawn[:, 5] * (2 if kind in conditional.REAL else 3))
    drawn[:, columns] = list(places.values())
    if kind in conditional.REAL:  # of a conditional setting over where it is in use
        drawn = np.array([row for row in map(conditional.with_unused, drawn) if not np.isnan(row[columns]).any()])
    values = np.array([mean(kind, row) for row in drawn])
    return float(np.minimum(values, np.inf if cut is None else cut).mean())


def told(kind: str, units: np.ndarray, values: np.ndarray, *, alias: bool = False) -> dict[str, int]:
    """Return what a study's sentences were: for each class how often it was said, and how often it was false."""
    if alias:  # c is what b is: nobody can tell them apart
        units = units.copy()
        units[:, 2] = units[:, 1]
    record = record_of(units, values, text_of(kind))
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
                continue  # no size is stated
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
            false = not _crosses(kind, analysis, names, cut)
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


def _crosses(kind: str, analysis: EffectAnalysis, names: list[str], cut: float | None) -> bool:
    """Return whether the better of two values of a setting is another one at each end of a second setting."""
    pair = next(pair for pair in analysis.averaged.together if [pair.first, pair.second] == names)
    first, second = (analysis.factor(name) for name in names)
    values = [first.coordinate(better) for _, better in pair.at]
    for index, (end, _) in enumerate(pair.at):
        at = {pair.second: second.coordinate(end)}
        better, worse = (true_average(kind, {**at, pair.first: value}, cut) for value in (values, values[::-1])[index])
        if not better < worse:
            return False
    return True


def _places(curve: Any) -> list[float]:
    return [curve.factor.coordinate(value) for value in curve.values]


def digest() -> str:
    """Return what reports say in measured classes of some stored studies, as a short text.

    Another text needs another METHOD.
    """
    said = []
    shipped.SHIPPED = SHOWN  # `told` measures the others, too
    for kind in DIGEST_KINDS:
        units, values = histories(kind)
        facts = FactWriter(record_of(units[0, :20], values[0, :20]))
        found = [*claims.effect_claims(facts), *claims.edge_claims(facts)]
        measured = [claim for claim in found if claim.kind in shipped.MEASURED]
        said.append([(claim.kind, claim.subject, sorted(claim.premise)) for claim in measured])
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


DIGEST_KINDS = ("noise", "bowl", "cliff", "inter", "conf", "lin2")
"""Kinds of which tests store histories."""


def run(file: Path, directory: Path, kinds: list[str], studies: int, engine: str, lengths: tuple[int, ...]) -> None:
    """Judge stored studies until each row has as many as asked for, some of each row in turn."""
    totals: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    rows = totals.setdefault(str(shipped.METHOD), {})
    totals.setdefault("digests", {})[str(shipped.METHOD)] = digest()
    aliases = (False, True) if engine == "tpe" else (False,)
    for goal in range(BLOCK, studies + BLOCK, BLOCK):
        for kind in kinds:
            units, values = truth_histories.load(directory, engine, kind)
            for count in lengths:
                for alias in aliases:
                    key = f"{engine} {kind}{' alias' if alias else ''} {count}"
                    if (alias and (kind not in ALIAS_KINDS or count < 20)) or count > truth_histories.COUNTS[engine]:
                        continue
                    cell = Counter(rows.get(key, {}))
                    for number in range(cell["studies"], min(goal, studies, len(units))):
                        u, v = units[number, :count], values[number, :count]
                        cell.update({"studies": 1, **told(kind, u, v, alias=alias)})
                    if cell["studies"]:
                        rows[key] = dict(sorted(cell.items()))
                        _replace_earlier(totals, key)
            _write(file, totals)
        print(goal, sum(cell["studies"] for cell in rows.values()), flush=True)


def _replace_earlier(totals: dict[str, Any], key: str) -> None:
    """Remove a row of earlier methods of which the present one has judged all studies: they are the same searches."""
    studies = totals[str(shipped.METHOD)][key]["studies"]
    for name in set(totals) - {"digests", str(shipped.METHOD)}:
        if key in totals[name] and totals[name][key]["studies"] <= studies:
            del totals[name][key]


ALIAS_KINDS = ("noise", "bowl", "inter", "lin2", "cat4", "cliff", "lin4", "slope", "two")
"""Truths that are also told with a second setting that is what another one is."""


def _write(file: Path, totals: dict[str, Any]) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(totals, indent=1, sort_keys=True) + "\n")
    os.replace(part, file)


def upper_limit(false: int, studies: int) -> float:
    """Return the one-sided upper 95 % limit of a share (Clopper-Pearson)."""
    return 1.0 if false >= studies else float(beta.ppf(0.95, false + 1, studies - false))


def rows_of(totals: Totals) -> Iterator[tuple[str, str, str, int, int, int]]:
    """Yield (class, method, row, studies, said, false): one for each class, engine, truth and number of trials."""
    methods = {name: rows for name, rows in totals.items() if name != "digests"}
    seen = {key.split()[0] for rows in methods.values() for cell in rows.values() for key in cell}
    for name in sorted(seen & shipped.MEASURED):
        for method, rows in sorted(methods.items()):
            for key, cell in sorted(rows.items()):
                yield name, method, key, cell["studies"], cell.get(f"{name} said", 0), cell.get(f"{name} false", 0)


def gate(totals: Totals) -> dict[str, bool]:
    """Return which classes may be shown.

    In every row of at least 300 studies the upper limit of the share of studies with a false sentence is at most
    `LIMIT`, over all rows of an engine it is, too, and of the studies in which it was said at most this share is false.
    """
    passed: dict[str, bool] = {}
    by_engine: dict[tuple[str, str, str], list[int]] = {}
    of_said: dict[str, list[int]] = {}
    for name, method, key, studies, said, false in rows_of(totals):
        engine = by_engine.setdefault((name, method, key.split()[0]), [0, 0])
        engine[0], engine[1] = engine[0] + studies, engine[1] + false
        pair = of_said.setdefault(name, [0, 0])
        pair[0], pair[1] = pair[0] + said, pair[1] + false
        if studies >= FULL_ROW:
            passed[name] = passed.get(name, True) and upper_limit(false, studies) <= LIMIT
    for (name, _, _), (studies, false) in by_engine.items():
        if studies >= FULL_ROW:
            passed[name] = passed.get(name, False) and upper_limit(false, studies) <= LIMIT
    return {name: ok and of_said[name][1] <= LIMIT * of_said[name][0] for name, ok in passed.items()}


def table(totals: Totals) -> tuple[list[str], dict[str, bool]]:
    """Return the lines of the tables, and whether each class passes."""
    passed = gate(totals)
    lines = [
        "| class | method | engine | studies | said in | false in | share | upper limit | of those said | worst row |",
        "|" + " --- |" * 10,
    ]
    groups: dict[tuple[str, str, str], list[tuple[str, int, int, int]]] = {}
    for name, method, key, *counts in rows_of(totals):
        studies, said, false = counts
        groups.setdefault((name, method, key.split()[0]), []).append((key, studies, said, false))
    for (name, method, engine), rows in groups.items():
        studies, said, false = (sum(row[column] for row in rows) for column in (1, 2, 3))
        worst = max(rows, key=lambda row: (row[3] / row[1], row[0]))
        lines.append(
            f"| {name} | {method} | {engine} | {studies} | {said} | {false} | {false / studies:.3f} | "
            f"{upper_limit(false, studies):.3f} | {false / max(1, said):.3f} | "
            f"{worst[0].partition(' ')[2]}: {worst[3]} of {worst[1]} |"
        )
    shown, hidden = (
        ", ".join(sorted(name for name in passed if passed[name] is is_shown)) for is_shown in (True, False)
    )
    lines += ["", f"Shown: {shown}. Not shown: {hidden or 'none'}.", ""]
    lines += ["Studies by method, engine and truth, each with all its numbers of trials:", ""]
    counts_of: dict[tuple[str, str], dict[str, int]] = {}
    for method, cells in sorted(totals.items()):
        for key, cell in sorted(cells.items()) if method != "digests" else ():
            engine, kind, *_ = key.split()
            known = counts_of.setdefault((method, engine), {})
            known[kind] = min(known.get(kind, cell["studies"]), cell["studies"])
    lines += [
        f"- method {method}, {engine}: {', '.join(f'{kind} {count}' for kind, count in kinds.items())}"
        for (method, engine), kinds in counts_of.items()
    ]
    lines += ["", "Studies in which a real setting was found, of all studies of a row:", ""]
    lines += ["| truth | setting | 8 | 10 | 20 | 40 |", "| --- | --- | --- | --- | --- | --- |"]
    for kind, names in REAL.items():
        for name in names:
            shares = [_found(totals, f"tpe {kind} {count}", name) for count in sorted(LENGTHS)]
            lines.append(f"| {kind} | {name} | {' | '.join(shares)} |")
    return lines, passed


def _found(totals: Totals, row: str, name: str) -> str:
    """Return the share of studies of a row in which a setting was found, by the newest method that has it."""
    for method in sorted(set(totals) - {"digests"}, key=int, reverse=True):
        if (cell := totals[method].get(row)) is not None:
            return f"{cell.get(f'found {name}', 0) / cell['studies']:.2f} of {cell['studies']}"
    return "–"


def main(argv: list[str]) -> int:
    """Run, or with `--report` print the table; the exit code is 1 if a class that is shown does not pass."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--histories", type=Path, default=truth_histories.DIRECTORY)
    parser.add_argument("--studies", type=int, default=300)
    parser.add_argument("--engine", default="tpe", choices=sorted(truth_histories.COUNTS))
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--lengths", nargs="*", type=int, help="only prefixes of these lengths")
    options = parser.parse_intermixed_args(argv)
    if not options.report:
        lengths = tuple(options.lengths or LENGTHS)
        run(options.file, options.histories, options.kinds or list(REAL), options.studies, options.engine, lengths)
    lines, passed = table(json.loads(options.file.read_text()))
    options.file.with_suffix(".md").write_text("\n".join([*HEAD, *lines, ""]))
    print("\n".join(lines))
    return int(any(not passed.get(name, True) for name in SHOWN))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
