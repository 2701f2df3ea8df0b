"""Study files and trials of which several tests make reports."""

import random

from hptui.core.trial import Role
from hptui.results.document import render_markdown
from hptui.results.fact_writer import FactWriter
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.kit import view_of
from tests.results.seeds import one

STUDY = """
name = "read"
[objective]
metric = "val_loss"
[trainer]
kind = "read:train"
steps = 10
a = 0.5
b = 4
[space]
a = "0.0..1.0"
b = "1..16 int"
[search]
sampler = "random"
trials = 40
"""
SEEDED = STUDY.replace(
    "[search]",
    """[[stage]]
name = "coarse"
trials = 8
[[stage]]
name = "final"
from = "best 3"
set = { steps = 20 }
seeds = 3
[search]""",
)
STAGES = STUDY.replace(
    "[search]",
    """[[stage]]
name = "fine"
trials = 6
[[stage]]
name = "final"
from = "best 2"
seeds = 3
[search]""",
)
GOALS = """
name = "goals"
[[objective]]
metric = "accuracy"
goal = "maximize"
[[objective]]
metric = "latency"
goal = "minimize"
[trainer]
kind = "read:train"
steps = 10
a = 0.5
b = 4
[space]
a = "0.0..1.0"
b = "1..16 int"
[search]
sampler = "random"
trials = 20
"""
RATE = STUDY.replace('metric = "val_loss"', 'metric = "accuracy"\ngoal = "maximize"\nsamples = 50')
IMPORTED = {"role": Role.IMPORTED, "started": None, "ended": None, "seconds": 0.0, "engine": ""}


def report_of(trials, text=STUDY, **more):
    record = ReportData(view_of(trials, text), **more)
    return render_markdown(compose_report(record)).text, FactWriter(record)


def some(count, value, seed, **more):
    """So many trials with random settings; `value` gives each one's value from a die and its settings."""
    die, trials = random.Random(seed), []
    for n in range(count):
        params = {"a": round(die.random(), 4), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"val_loss": value(die, params)}, **more))
    return trials


def seeded(seed):
    """Eight trials, then the best three again with three seeds each, some of which fail."""
    die = random.Random(seed)
    trials = some(8, lambda die, params: round(1 + params["a"] + die.gauss(0, 0.1), 5), seed, stage="coarse")
    best = sorted(trials, key=lambda trial: trial.values["val_loss"])[:3]
    for source in best:
        params, more = {**source.params, "steps": 20}, {"stage": "final", "total_steps": 20, "last_step": 20}
        mean = source.values["val_loss"] - 0.3
        first = len(trials)
        trials.append(one(first, params, {"val_loss": round(mean + die.gauss(0, 0.1), 5)}, role=Role.LISTED, **more))
        for n in (1, 2):
            value = {"val_loss": round(mean + die.gauss(0, 0.1), 5)} if die.random() < 0.8 else None
            ended = () if value else ("failed", "crash")
            own = {"role": Role.REPLICATE, "replicate_of": first, "seed": 42 + n, **more}
            trials.append(one(len(trials), params, value, *ended, **own))
    return trials


def table_after(text, heading):
    """The rows of the first table behind some words, as lists of cells, the head first."""
    lines = text[text.index(heading) :].split("\n")
    start = next(n for n, said in enumerate(lines) if said.startswith("|"))
    rows = []
    for said in lines[start:]:
        if not said.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in said.strip("|").split("|")])
    return rows
