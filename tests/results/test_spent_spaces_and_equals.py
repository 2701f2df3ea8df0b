"""Spent spaces, equals, steps, places, commands, times: what a report says, recomputed."""

import math
import random
import re
from dataclasses import replace
from itertools import product
from statistics import fmean, stdev

import pytest
from scipy.stats import t

from hptui.cli.status import best_line
from hptui.core.trial import Role
from hptui.results import claims
from hptui.results.analysis.outward import best_quarter
from hptui.results.claims.shapes import rounded_up
from tests.results.examples import STUDY, report_of, some, table_after
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_what_counts import line_of

FINITE = STUDY.replace('a = "0.0..1.0"', 'a = "{0.25, 0.5, 0.75}"').replace('b = "1..16 int"', 'b = "1..5 int"')


# what more trials may bring ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(16))
def test_of_a_finite_space_no_more_is_promised_or_asked_for_than_is_left(seed):
    die = random.Random(seed)
    space = [{"a": a, "b": b} for a, b in product([0.25, 0.5, 0.75], range(1, 6))]
    die.shuffle(space)
    count = die.choice([8, 11, 14, 15, 15])
    worth = {"a": die.choice([0, 4]), "b": die.choice([0, 1])}
    trials = [
        one(n, params, {"val_loss": round(sum(worth[k] * v for k, v in params.items()) + die.random(), 5)})
        for n, params in enumerate(space[:count])
    ]
    trials = [replace(trial, engine="random") for trial in trials]
    text, facts = report_of(trials, FINITE)
    left = len(space) - count
    assert facts.data.is_spent is (left == 0)
    promised = re.search(r"(\d+) more independent draws? would .* chance of (\d+)%", text)
    if left == 0:
        assert promised is None
        assert not [claim for claim in claims.range_claims(facts) if claim.kind == "N1"]
        assert "--trials +" not in line_of(text, "Next")
        command = claims.range_command(facts)
        assert command is None or any(f"{n}" in command.text for n in (0, 6, 7, 8, 9))
    elif promised is not None:
        assert int(promised[1]) <= left
        assert int(promised[2]) == round(100 * int(promised[1]) / (count + int(promised[1])))


@pytest.mark.parametrize("seed", range(20))
def test_of_equal_trials_none_is_left_out_of_the_best(seed):
    die = random.Random(seed)
    trials = some(8 + seed, lambda die, _: die.choice([1.0, 1.1, 1.2, 1.3, 2.0]), die.random())
    named = best_quarter(view_of(trials, STUDY), "a")
    worst = max(trial.values["val_loss"] for trial in named)
    assert {trial.number for trial in named} == {t.number for t in trials if t.values["val_loss"] <= worst}
    assert sum(trial.values["val_loss"] < worst for trial in trials) < max(3, math.ceil(len(trials) / 4))


@pytest.mark.parametrize("seed", range(8))
def test_no_probability_is_printed_as_certain(seed):
    die, trials = random.Random(seed), []
    for n in range(20):
        params = {"a": round(die.uniform(0.2, 0.8), 3), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"val_loss": 2 - params["a"] + die.gauss(0, 0.01)}))
    trials.append(one(20, {"a": 0.8, "b": 3}, {"val_loss": 0.9}))
    said = [claim.sentence for claim in claims.edge_claims(report_of(trials, STUDY.replace("0.0..1.0", "0.2..0.8"))[1])]
    assert said
    for sentence in said:
        assert re.search(r"\(probability (0\.9[5-9]|above 0\.99)\)", sentence)


# places of a curve -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_no_direction_where_a_trial_between_two_whole_numbers_was_better(seed):
    die = random.Random(seed)
    text = STUDY.replace('a = "0.0..1.0"', 'a = "0..1 int"')
    trials = [one(0, {}, {"val_loss": 0.1 + die.random() / 50}, role=Role.BASELINE)]
    for n in range(1, 16):
        params = {"a": n % 2, "b": die.randint(1, 16)}
        trials.append(one(n, params, {"val_loss": 0.5 + 0.5 * params["a"] + die.gauss(0, 0.01)}))
    said, _ = report_of(trials, text)
    assert "as `a` grows" not in said
    straight = [replace(trials[0], values={"val_loss": 0.75}), *trials[1:]]
    assert "rises as `a` grows" in report_of(straight, text)[0]


# steps from the baseline -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_what_steps_are_compared_by_is_what_ran(seed):
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": round(1 + die.random(), 4)}, role=Role.BASELINE)]
    trials += [one(n, {"b": 4 + n}, {"val_loss": round(1 + die.random(), 4)}) for n in range(1, 4)]
    runs = die.choice([0, 0, 2, 3])
    original = die.choice(trials)
    for n in range(4, 4 + runs):
        value = {"val_loss": round(1 + die.random(), 4)}
        trials.append(one(n, original.params, value, role=Role.REPLICATE, replicate_of=original.number, seed=n))
    text, _ = report_of(trials)
    said = next(row for row in text.split("\n") if row.startswith("Each against"))
    assert ("one run each" in said) is (runs == 0)
    assert "may be chance" in said
    if runs:
        values = [trial.values["val_loss"] for trial in (original, *trials[4:])]
        largest = t.ppf(1 - 0.05 / 2 / 3, runs) * math.sqrt(2) * stdev(values)  # three comparisons
        assert f"below {rounded_up(float(largest)):.2g} may" in said


# commands and times ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_what_is_queued_by_a_command_is_also_run_by_it(seed):
    die = random.Random(seed)
    trials = some(4, lambda die, _: round(die.random(), 4), seed)
    if seed % 3:
        role = die.choice([Role.MANUAL, Role.REPLICATE])
        more = {"replicate_of": 1} if role is Role.REPLICATE else {}
        trials.append(one(4, {**trials[1].params}, {"val_loss": 0.5}, role=role, seed=7, **more))
    text, _ = report_of(trials)
    block = text[text.index("<summary>Reproduce") :].partition("```sh\n")[2].partition("\n```")[0].split("\n")
    added = [n for n, row in enumerate(block) if "hptui add" in row]
    assert bool(added) is bool(seed % 3)
    assert not added or block[-1] == "hptui run read"


@pytest.mark.parametrize("seed", range(6))
def test_times_are_of_trials_that_ran_here(seed):
    die = random.Random(seed)
    trials = some(6, lambda die, _: round(die.random(), 4), seed)
    trials = [replace(trial, seconds=float(die.randint(1, 9))) for trial in trials]
    away = [replace(trial, role=Role.IMPORTED, seconds=1e4) for trial in trials[: seed % 4]]
    text, _ = report_of([*away, *trials[seed % 4 :]])
    own = [trial.seconds for trial in trials[seed % 4 :]]
    said = next(row for row in text.split("\n") if "on average (median" in row)
    assert f"{fmean(own):.1f} s on average" in said
    assert (f"over {len(own)} complete trials that ran here" in said) is bool(away)


# rejected proposals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_a_proposal_beyond_all_trials_is_counted_in_a_row(seed):
    from hptui.core.trial import Rejection

    die = random.Random(seed)
    trials = some(14, lambda die, params: round(params["a"] + die.random() / 9, 4), seed)
    trials = [replace(trial, params={**trial.params, "a": 0.8 * trial.params["a"]}) for trial in trials]
    bad = [Rejection({"a": 0.9 + die.random() / 10, "b": 3}, "a <= 0.85", 0.1) for _ in range(1 + seed % 3)]
    trials[5] = replace(trials[5], rejections=tuple(bad))
    text, _ = report_of(trials, STUDY + 'constraints = ["a <= 0.85"]\n')
    rows = table_after(text, "| Setting | Value")
    column, count = rows[0].index("Infeasible"), rows[0].index("Trials")
    first = next(n for n, row in enumerate(rows) if row[0] == "`a`")
    last = rows[first + 2]
    assert int(last[column].rstrip("%")) == round(100 * len(bad) / (int(last[count]) + len(bad)))


# equals and fronts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_the_line_of_the_best_names_its_equals(seed):
    trials = some(7, lambda die, _: die.choice([1.0, 2.0]), seed)
    best = [trial.number for trial in trials if trial.values["val_loss"] == min(t.values["val_loss"] for t in trials)]
    said = best_line(view_of(trials, STUDY))
    assert ("same value" in said) is (len(best) > 1)
    assert [int(n) for n in re.findall(r"\d+", said.partition("; trial")[2])] == best[1:]
    imported = [replace(trial, role=Role.IMPORTED) if trial.number in best else trial for trial in trials]
    assert f"trial {best[0]} (imported)" in best_line(view_of(imported, STUDY))
