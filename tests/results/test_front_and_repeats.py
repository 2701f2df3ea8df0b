"""With several objectives, too, the baseline counts with all its runs next to the mean of fresh runs."""

import random

import pytest

from hptui.core.trial import Role
from hptui.results.fact_index import render_with_index
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.kit import view_of
from tests.results.seeds import one

TEXT = """
name = "two"
[[objective]]
metric = "acc"
goal = "maximize"
[[objective]]
metric = "size"
goal = "minimize"
[trainer]
kind = "toy"
[space]
learning_rate = { low = 1e-5, high = 1e-1, log = true }
"""


@pytest.mark.parametrize("number", range(10))
def test_the_baseline_counts_with_all_its_runs(number):
    die = random.Random(number)

    def values(level):
        return {"acc": round(level + die.uniform(-0.05, 0.05), 3), "size": round(5 - level, 3)}

    trials = [one(0, {}, values(0.5), role=Role.BASELINE), one(1, {"learning_rate": 0.01}, values(0.8))]
    for original in (0, 0, 1, 1):
        again = dict(trials[original].params)
        level = 0.8 if original else 0.5
        n = len(trials)
        trials.append(one(n, again, values(level), role=Role.REPLICATE, replicate_of=original, seed=50 + n))
    text = render_with_index(compose_report(ReportData(view_of(trials, TEXT)), "results"), "r.md")[0]
    runs = [trial.values["acc"] for trial in trials if 0 in (trial.number, trial.replicate_of)]
    row = next(line for line in text.splitlines() if line.startswith("| `acc` |") and "better" in line)
    assert abs(float(row.split("|")[2].replace("*", "")) - sum(runs) / 3) < 0.001
