"""What figures and screens say: intervals, conditions, means of repeats."""

import random
from dataclasses import replace

import pytest
from scipy import stats

from hptui.core.trial import Role
from hptui.results import claims
from hptui.results.digits import fixed_text
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import plain_text
from hptui.results.plots.context import PlotContext
from hptui.results.plots.history import history
from hptui.results.plots.pairs import pareto
from hptui.results.plots.plot import PlotOptions
from hptui.results.plots.settings import slices
from hptui.results.report_data import ReportData
from hptui.tui.screens.compare_rows import ComparedTrial, metric_rows
from tests.results.examples import GOALS, RATE, STUDY, report_of, some
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_what_counts import line_of


def drawn(make, trials, text):
    return make(PlotContext(view_of(trials, text)), PlotOptions())


@pytest.mark.parametrize("seed", range(12))
def test_intervals_of_a_figure_are_whole_and_the_chosen_best_has_none(seed):
    die = random.Random(seed)
    trials = []
    for n in range(9):
        params = {"a": die.random(), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"accuracy": die.randint(0, 50) / 50}))
    plot = drawn(history, trials, RATE)
    best = max(trials, key=lambda trial: (trial.values["accuracy"], -trial.number)).number
    bars = {bar.trial: bar for bar in plot.bars}
    for trial in trials:
        k = round(trial.values["accuracy"] * 50)
        bounds = stats.binomtest(k, 50).proportion_ci(method="wilson")
        if trial.number == best:
            assert best not in bars
        else:
            assert (bars[trial.number].low, bars[trial.number].high) == pytest.approx((bounds.low, bounds.high))
            assert plot.y.low <= bounds.low <= bounds.high <= plot.y.high
    assert "the best has none" in plain_text(plot.caption)
    rows = {row["trial"]: row for row in plot.rows}
    assert rows[best]["low"] is None


@pytest.mark.parametrize("seed", range(8))
def test_of_repeated_trials_only_the_baseline_has_an_interval(seed):
    trials = some(6, lambda die, _: round(1 + die.random(), 4), seed)
    trials[0] = replace(trials[0], role=Role.BASELINE, params={}, values={"val_loss": 3.0})
    die = random.Random(seed)
    for n, original in enumerate([*[trials[0]] * 2, *[trials[1]] * 2, *[trials[2]] * 2], start=6):
        value = {"val_loss": round(original.values["val_loss"] + die.gauss(0, 0.1), 4)}
        more = {"role": Role.REPLICATE, "replicate_of": original.number, "seed": n}
        trials.append(one(n, original.params, value, **more))
    plot = drawn(history, trials, STUDY)
    assert [bar.trial for bar in plot.bars] == [0]
    values = [trials[n].values["val_loss"] for n in (0, 6, 7)]
    low, high = stats.t.interval(0.95, 2, loc=sum(values) / 3, scale=stats.sem(values))
    assert (plot.bars[0].low, plot.bars[0].high) == pytest.approx((max(low, 0), high))
    assert plot.y.low <= plot.bars[0].low
    assert plot.bars[0].high <= plot.y.high


@pytest.mark.parametrize("seed", range(10))
def test_what_breaks_a_condition_is_no_best_so_far_and_beaten_by_nobody(seed):
    die = random.Random(seed)
    trials = []
    for n in range(12):
        values = {"accuracy": round(die.random(), 3), "latency": round(10 * die.random(), 3)}
        trials.append(one(n, {"a": die.random(), "b": die.randint(1, 16)}, values))
    text = GOALS + 'outcome = ["latency <= 6"]\n'
    broken = {trial.number for trial in trials if trial.values["latency"] > 6}
    plot = drawn(pareto, trials, text)
    meanings = {point.trial: point.meaning for point in plot.points}
    assert {number for number, meaning in meanings.items() if meaning == "broken"} == broken
    kept = [trial for trial in trials if trial.number not in broken]
    assert f"of {len(kept)} ranked trials" in plain_text(plot.caption)
    single = STUDY.replace('metric = "val_loss"', 'metric = "accuracy"\ngoal = "maximize"')
    so_far = drawn(history, trials, single + 'outcome = ["latency <= 6"]\n')
    reached = 0.0
    for row in so_far.rows:
        if row["trial"] in broken:
            assert row["best_so_far"] is None
        else:
            reached = max(reached, trials[row["trial"]].values["accuracy"])
            assert row["best_so_far"] == reached


def test_points_that_are_moved_sideways_are_said_to_be():
    trials = some(6, lambda die, _: round(die.random(), 4), 1)
    assert "spread to its sides" not in plain_text(drawn(slices, trials, STUDY).caption)
    text = STUDY.replace('"1..16 int"', "{ choices = [1, 2, 3] }")
    trials = [replace(trial, params={**trial.params, "b": 1 + trial.number % 3}) for trial in trials]
    assert "spread to its sides" in plain_text(drawn(slices, trials, text).caption)


@pytest.mark.parametrize("seed", range(8))
def test_a_difference_of_rates_has_one_unit(seed):
    die = random.Random(seed)
    trials = [one(0, {}, {"accuracy": 0.4}, role=Role.BASELINE)]
    trials += [one(n, {"a": die.random(), "b": 3}, {"accuracy": die.randint(0, 50) / 50}) for n in range(1, 5)]
    best = max(trials, key=lambda trial: (trial.values["accuracy"], -trial.number))
    for n, original in enumerate([*[best] * 3, *[trials[0]] * 3], start=5):
        value = {"accuracy": die.randint(10, 30) / 50}
        more = {"role": Role.REPLICATE, "replicate_of": original.number, "seed": 100 + n % 3}
        trials.append(one(n, original.params, value, **more))
    said = line_of(report_of(trials, RATE)[0], "Sure")
    assert "minus the baseline" in said
    assert said.count(" point") == 2, "of the difference, and once of its interval"


@pytest.mark.parametrize("seed", range(8))
def test_the_question_is_answered_for_each_objective(seed):
    die, trials = random.Random(seed), []
    for n in range(20):
        b = die.randint(1, 16)
        values = {"accuracy": b / 16 + die.gauss(0, 0.01), "latency": 2.0 * b + die.gauss(0, 0.05)}
        trials.append(one(n, {"a": die.random(), "b": b}, values))
    text = GOALS.replace("\n[[objective]]", '\nabout = "Which width?"\n[[objective]]', 1).replace("b = ", "width = ")
    trials = [replace(t, params={"a": t.params["a"], "width": t.params["b"]}) for t in trials]
    answer = claims.question_answer(FactWriter(ReportData(view_of(trials, text))))
    assert answer is not None
    assert "`accuracy`" in answer.sentence or "accuracy" in answer.sentence
    assert "latency" in answer.sentence


@pytest.mark.parametrize("value", [1.2e7, -3.6e7, 4.9e7, 2.5e8, 36012345.0])
def test_a_number_far_from_the_others_has_three_digits(value):
    mantissa = fixed_text(value, 0).partition("e")[0].lstrip("-")
    assert len(mantissa.replace(".", "")) == 3


@pytest.mark.parametrize("seed", range(5))
def test_trials_side_by_side_have_the_means_of_their_repeats(seed):
    die = random.Random(seed)
    trials = some(4, lambda die, _: round(1 + die.random(), 4), seed)
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    values = [round(best.values["val_loss"] + die.random() / 9, 4) for _ in range(3)]
    for n, value in enumerate(values, start=4):
        more = {"role": Role.REPLICATE, "replicate_of": best.number, "seed": n, "started": 1e10 + n}
        trials.append(one(n, best.params, {"val_loss": value}, **more))
    view = view_of(trials, STUDY)
    other = next(trial for trial in trials if trial.number != best.number)
    rows = [[cell.text for cell in row] for row in metric_rows([ComparedTrial(view, best), ComparedTrial(view, other)])]
    said = next(row for row in rows if row[0] == "mean of repeats")
    assert said[1] == f"{float(f'{sum(values) / 3:.4g}'):.4g}, 3 fresh"
    assert said[2] == "–"
    alone = [
        row for row in metric_rows([ComparedTrial(view_of(trials[:4], STUDY), other)]) if row[0].text[:4] == "mean"
    ]
    assert "mean of repeats" not in [row[0].text for row in alone]


@pytest.mark.parametrize("seed", range(4))
def test_how_often_statements_are_wrong_is_said_also_without_a_table(seed):
    die, trials = random.Random(seed), []
    for n in range(20):
        b = die.randint(1, 16)
        values = {"accuracy": b / 16 + die.gauss(0, 0.01), "latency": 2.0 * b + die.gauss(0, 0.05)}
        trials.append(one(n, {"a": die.random(), "b": b}, values, engine="optuna 5.0.0 nsga2"))
    text, facts = report_of(trials, GOALS)
    assert "| Setting | Value |" not in text
    assert "counted for searches by tpe, not by nsga2" in text
    assert "the rows compare" not in text
    assert claims.search_caveat(facts).sentence in text


@pytest.mark.parametrize("seed", range(4))
def test_what_a_model_does_not_see_is_never_nothing(seed):
    die, trials = random.Random(seed), []
    for n in range(16):
        params = {"a": die.random(), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"val_loss": (params["a"] - 0.5) * 1e-9}))
    text, facts = report_of(trials)
    analysis = facts.data.effect_analysis()
    alone, _, unexplained = analysis.averaged.shares
    assert max(alone.values()) > 0.9999
    assert 0 < unexplained < 1e-4
    assert "| 100% |" not in text
    assert "does not see | 0% |" not in text
