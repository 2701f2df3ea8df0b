"""Numbers and comparisons that a third hostile reading found told wrongly: per cent, NaN of one objective, means."""

import math
import random
import re
from dataclasses import replace

import pytest

from hptui.core.trial import Role
from hptui.operations.status import status_json
from hptui.results.analysis.cohort import pareto_front
from hptui.results.fact_writer import FactWriter
from hptui.results.report_data import ReportData
from tests.results.kit import view_of
from tests.results.seeds import build, one
from tests.results.test_readings import STUDY, report_of, some
from tests.results.test_third_reading import STAGES
from tests.results.test_what_counts import line_of


@pytest.mark.parametrize("seed", range(30))
def test_a_change_that_is_there_is_not_told_as_none(seed):
    die = random.Random(seed)
    old = die.choice([4.27, 0.912, 31.4, 1e-9]) * die.uniform(1, 2)
    values = [old, old * (1 - 10 ** die.uniform(-4, -1))]
    trials = [one(n, {"a": n / 9, "b": 3}, {"val_loss": value}) for n, value in enumerate(values)]
    facts = FactWriter(ReportData(view_of([replace(trials[0], role=Role.BASELINE, params={}), trials[1]], STUDY)))
    share = facts.share("share", "val_loss", *values, trials)
    assert share is None or any(digit in share.text for digit in "123456789")
    text, _ = report_of([replace(trials[0], role=Role.BASELINE, params={}), trials[1]])
    assert "0%)" not in line_of(text, "Against") or re.search(r"[1-9]\d*(\.\d)?%\)", line_of(text, "Against"))


@pytest.mark.parametrize("unit", ["%", "s"])
def test_a_difference_of_percentages_is_in_points(unit):
    text = STUDY.replace('metric = "val_loss"', 'metric = "f1"\ngoal = "maximize"')
    text += f'[metrics.f1]\nunit = "{unit}"\n'
    values = [80.7, 88.2, 84.1]
    trials = [one(n, {"a": n / 9, "b": 3}, {"f1": value}) for n, value in enumerate(values)]
    trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    said, facts = report_of(trials, text)
    assert line_of(said, "Against").endswith("(+7.5 points)" if unit == "%" else "(+9.3%)")
    assert facts.difference("size", "f1", 7.513, trials).text == ("+7.5 points" if unit == "%" else "+7.5 s")
    assert "7.5 %" not in said


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


@pytest.mark.parametrize("seed", range(3))
def test_what_became_nan_in_one_objective_is_measured_in_the_other(seed):
    die, trials, curves = random.Random(seed), [], {}
    for n in range(18):
        params = {"a": die.random(), "b": die.randint(1, 16)}
        values = {"accuracy": round(die.random(), 4), "latency": round(10 - params["b"] / 2 + die.gauss(0, 0.05), 4)}
        trial = one(n, params, values, total_steps=10, last_step=10)
        if params["a"] > 0.7:
            metrics = {"accuracy": math.nan, "latency": values["latency"]}
            ended = {"values": None, "metrics": metrics, "status": "failed", "reason": "nan"}
            trial = one(n, params, total_steps=10, last_step=5, **ended)
        trials.append(trial)
        curves[n] = {
            "latency": [(5, values["latency"], 1.0), (10, values["latency"], 2.0)][: 2 - (trial.last_step < 9)]
        }
    text, facts = report_of(trials, GOALS, curves=curves)
    failed = [trial.number for trial in trials if trial.values is None]
    assert len(failed) > 1
    scores = {score.trial.number: score for score in facts.data.effect_analysis("latency").scores.scores}
    worst = max(score.value for score in scores.values())
    latencies = {trial.number: trial.metrics["latency"] for trial in trials}
    for number in failed:
        rank = sum(value < latencies[number] for value in latencies.values()) / len(latencies)
        assert scores[number].value < worst or rank > 0.6
    assert f"{len(failed)} trials that became NaN or infinite count as the worst" in text
    assert f"{len(failed)} unfinished trials count with what they showed" in text


@pytest.mark.parametrize("seed", range(6))
def test_an_end_of_a_front_names_all_trials_with_its_value(seed):
    die = random.Random(seed)
    trials = []
    for n in range(12):
        values = {"accuracy": die.choice([0.5, 0.7, 0.9]), "latency": float(die.choice([1, 2, 3]))}
        trials.append(one(n, {"a": die.random(), "b": 3}, values))
    text, facts = report_of(trials, GOALS)
    front = pareto_front(facts.view)
    for metric, best in (("accuracy", max), ("latency", min)):
        value = best(trial.values[metric] for trial in front)
        numbers = [trial.number for trial in trials if trial in front and trial.values[metric] == value]
        said = next(row for row in text.split("\n") if row.startswith(f"- **Best `{metric}`**"))
        assert [int(number) for number in re.findall(r"\d+", said.partition("of trial")[2])] == numbers
    assert "values of one trial may be of different steps" in text


def test_a_stage_is_told_with_its_space_and_its_pruner():
    stage = 'trials = 6\npruner = "median"\nspace = { a = "0.1..0.4", b = "{2, 4}" }'
    trials = some(6, lambda die, _: round(1 + die.random(), 4), 1, stage="fine")
    text, _ = report_of(trials, STAGES.replace("trials = 6", stage))
    assert "fine: 6 trials over `a` in 0.1..0.4 and `b` in {2, 4}, pruned by median; final: the best 2 again" in text


def test_the_best_of_a_stage_with_seeds_has_its_mean_in_every_place(tmp_path):
    trials = some(6, lambda die, _: round(2 + die.random(), 4), 1, stage="fine")
    for n, values in enumerate(([0.8, 1.2], [0.9, 0.95])):
        first, params = len(trials), {"a": n / 4, "b": 2}
        trials.append(one(first, params, {"val_loss": values[0]}, role=Role.LISTED, stage="final"))
        run = {"role": Role.REPLICATE, "replicate_of": first, "seed": 43, "stage": "final"}
        trials.append(one(first + 1, params, {"val_loss": values[1]}, **run))
    sd = build(tmp_path, STAGES, trials)
    view = view_of(trials, STAGES)
    best = status_json(replace(view, sd=sd))["best"]
    assert (best["number"], best["value"], best["mean"], best["runs"]) == (8, 0.9, pytest.approx(0.925), [8, 9])
    text, _ = report_of(trials, STAGES)
    assert "trial 8 of stage final, `val_loss` 0.925 (mean of 2 runs)" in line_of(text, "Best")
