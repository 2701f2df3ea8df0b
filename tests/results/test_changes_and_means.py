"""Numbers and comparisons: per cent, NaN of one objective, means of repeats and of stages."""

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
from tests.results.examples import GOALS, STAGES, STUDY, report_of, some
from tests.results.kit import view_of
from tests.results.seeds import build, one
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
    assert "fine: 6 trials over `a` in 0.1..0.4 and `b` in {2, 4}, pruned by median (a trial ends when " in text
    assert "once 5 finished trials can be compared; it ended none of 6 trials); final: the best 2 again" in text


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


STAGED_GOALS = GOALS.replace(
    "[search]",
    """[[stage]]
name = "a"
trials = 8
[[stage]]
name = "b"
from = "best 2"
set = { steps = 20 }
seeds = 2
[search]""",
)


@pytest.mark.parametrize("seed", range(4))
def test_a_front_of_repeated_trials_has_their_means(seed):
    die, trials = random.Random(seed), []
    for n in range(8):
        values = {"accuracy": round(die.random(), 3), "latency": round(die.random(), 3)}
        trials.append(one(n, {"a": n / 9, "b": 3}, values, stage="a", total_steps=10, last_step=10))
    means = {}
    for first in (8, 10):
        pair = [{"accuracy": round(die.random(), 3), "latency": round(die.random(), 3)} for _ in range(2)]
        means[first] = {name: (pair[0][name] + pair[1][name]) / 2 for name in pair[0]}
        params, more = {"a": first / 20, "b": 3, "steps": 20}, {"stage": "b", "total_steps": 20, "last_step": 20}
        trials.append(one(first, params, pair[0], role=Role.LISTED, **more))
        trials.append(one(first + 1, params, pair[1], role=Role.REPLICATE, replicate_of=first, seed=43, **more))
    text, facts = report_of(trials, STAGED_GOALS)
    for trial in pareto_front(facts.view):
        assert trial.values == pytest.approx(means[trial.number])
    for metric, best in (("accuracy", max), ("latency", min)):
        value = best(trial.values[metric] for trial in pareto_front(facts.view))
        said = next(row for row in text.split("\n") if row.startswith(f"- **Best `{metric}`**"))
        assert float(re.search(r": ([\d.]+),", said)[1]) == pytest.approx(value, abs=1e-3)


def test_settings_of_one_of_two_ranked_stages_are_told_as_that():
    wide = some(12, lambda die, params: round(1 + 3 * params["a"] + die.gauss(0, 0.02), 4), 1, stage="fine")
    near = [replace(t, number=12 + n, stage="near", started=t.started + 9e4) for n, t in enumerate(wide[:4])]
    near = [
        replace(t, params={**t.params, "a": t.params["a"] / 2}, values={"val_loss": 4.5 + t.number / 9}) for t in near
    ]
    stages = '[[stage]]\nname = "fine"\ntrials = 12\n[[stage]]\nname = "near"\ntrials = 4\n[search]'
    text, _ = report_of([*wide, *near], STUDY.replace("[search]", stages))
    assert "in stage fine: " in line_of(text, "Mattered")
    assert "Among the trials of stage fine" in text
    assert "trials of stages with other settings are not ranked" not in text


@pytest.mark.parametrize("is_longer", [False, True])
def test_nearly_as_good_counts_those_of_the_length_of_the_best(is_longer):
    trials = some(8, lambda die, _: round(2 + die.random(), 4), 6, total_steps=10, last_step=10)
    steps = 20 if is_longer else 10
    more = {"role": Role.MANUAL, "total_steps": steps, "last_step": steps, "engine": ""}
    trials += [one(8 + n, {"steps": steps, "a": n / 9}, {"val_loss": 1.0 + n}, **more) for n in range(3)]
    for n in range(3):
        run = {"role": Role.REPLICATE, "replicate_of": 8, "seed": 50 + n, "total_steps": steps, "last_step": steps}
        trials.append(one(11 + n, trials[8].params, {"val_loss": 1.0 + n / 100}, **run))
    text, _ = report_of(trials, STUDY)
    assert (" others of its length are worse" in line_of(text, "Nearly")) == is_longer
