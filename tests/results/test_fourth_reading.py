"""What a fourth hostile reading found, each kind recomputed: spent spaces, equals, steps, places, commands, times."""

import math
import random
import re
from dataclasses import replace
from itertools import product
from statistics import fmean, stdev

import pytest

from hptui.cli.status import best_line
from hptui.core.trial import Role
from hptui.results import claims
from hptui.results.analysis.outward import best_quarter
from hptui.results.claims.shapes import rounded_up
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_readings import STUDY, report_of, some
from tests.results.test_third_reading import table_after
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
        assert f"below {rounded_up(2 * math.sqrt(2) * stdev(values)):.2g} may" in said


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


# ends of ranges, units, choices ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(10))
def test_what_is_to_be_widened_is_the_end_and_the_command_says_all_it_does(seed):
    die, trials = random.Random(seed), []
    low, high = die.uniform(1.2, 1.5), die.uniform(4, 5)
    text = STUDY.replace("0.0..1.0", f"{low:.3f}..{high:.3f}")
    width = round(high, 3) - round(low, 3)
    for n in range(22):
        params = {"a": round(low + width * die.uniform(0.02, 0.93), 3), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"val_loss": 9 - params["a"] + die.gauss(0, 0.02)}))
    best = round(high, 3) if seed % 2 else round(low + 0.97 * width, 3)
    trials.append(one(22, {"a": best, "b": 3}, {"val_loss": 9 - best - 0.1}))
    said, facts = report_of(trials, text)
    widened = [claim.sentence for claim in claims.edge_claims(facts) if claim.subject == "a"]
    assert f"beyond {float(f'{round(high, 3):.4g}'):g}:" in widened[0]
    assert ("near that end" in widened[0]) is (best < round(high, 3))
    then = claims.range_command(facts).text.partition("a=")[2].split(" ")[0].strip("'")
    assert f"The range {then} goes on beyond that end" in said
    assert all(float(then.split("..")[0]) <= t.params["a"] for t in trials if t.values["val_loss"] < 9 - high + 0.3)


@pytest.mark.parametrize("unit", ["%", "s", ""])
def test_the_size_of_an_effect_has_the_unit_of_its_metric(unit):
    text = STUDY.replace('metric = "val_loss"', 'metric = "f1"\ngoal = "maximize"') + f'[metrics.f1]\nunit = "{unit}"\n'
    die, trials = random.Random(3), []
    for n in range(20):
        params = {"a": round(die.random(), 3), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"f1": round(80 + 9 * params["a"] + die.gauss(0, 0.1), 2)}))
    said = next(row for row in report_of(trials, text)[0].split("\n") if "rises as `a` grows" in row)
    word = {"%": " points?", "s": " s", "": ""}[unit]
    assert re.search(rf"by about [\d.]+{word} \([\d.]+{word} to [\d.]+{word}\) from", said)


@pytest.mark.parametrize("levels", [6, 7, 8, 10])
def test_of_some_choices_the_best_is_not_passed_over(levels):
    die = random.Random(levels)
    choices = [2**n for n in range(levels)]
    text = STUDY.replace('"1..16 int"', f"{{ choices = {choices} }}").replace("b = 4", "b = 2")
    for middle in range(1, levels - 1):
        trials = []
        for n in range(4 * levels):
            params = {"a": die.random(), "b": choices[n % levels]}
            value = abs(n % levels - middle) ** 2 + die.gauss(0, 0.05)
            trials.append(one(n, params, {"val_loss": value}))
        said = re.search(r"lower at `b` = (\d+) than at the ends", report_of(trials, text)[0])
        assert said is None or int(said[1]) == choices[middle]


def test_of_a_list_no_range_is_advised():
    die = random.Random(1)
    text = STUDY.replace('sampler = "random"', 'sampler = "list"') + "[[trial]]\nset = { a = 0.1 }\n"
    trials = [
        one(n, {"a": n / 20, "b": 3}, {"val_loss": n / 20 + die.gauss(0, 0.01)}, role=Role.LISTED) for n in range(16)
    ]
    said, facts = report_of(trials, text)
    assert facts.data.effect_analysis().matter
    assert claims.range_command(facts) is None
    assert "hptui space" not in said


@pytest.mark.parametrize("value", [9999.96, 9999.5, -9999.99, 99999.6, 12345.0])
def test_a_number_near_a_power_of_ten_is_written_out(value):
    from hptui.core.format import number

    assert "e" not in number(value)
    assert abs(float(number(value).replace(",", "")) - value) <= 0.5


@pytest.mark.parametrize("seed", range(8))
def test_no_range_is_widened_into_failures(seed):
    die, trials = random.Random(seed), []
    failing = seed % 4
    text = STUDY.replace('"1..16 int"', "{ choices = [4, 8, 16, 32] }")
    for n in range(20):
        params = {"a": round(die.random(), 3), "b": [4, 8, 16, 32][n % 4]}
        values = {"val_loss": 3 - math.log(params["b"]) / 2 + die.gauss(0, 0.01)}
        if params["b"] == 32 and n // 4 < failing:
            trials.append(one(n, params, None, status="failed", reason="oom"))
        else:
            trials.append(one(n, params, values))
    _, facts = report_of(trials, text)
    widened = [claim.subject for claim in claims.edge_claims(facts)]
    assert ("b" in widened) is (2 * failing < 5)


@pytest.mark.parametrize("high", [6, 8, 11, 12])
def test_of_few_whole_numbers_the_best_is_not_passed_over(high):
    die = random.Random(high)
    for middle in range(2, high):
        trials = []
        for n in range(4 * high):
            params = {"a": die.random(), "b": 1 + n % high}
            trials.append(one(n, params, {"val_loss": (params["b"] - middle) ** 2 + die.gauss(0, 0.05)}))
        said, _ = report_of(trials, STUDY.replace("1..16 int", f"1..{high} int"))
        found = re.search(r"lower at `b` = (\d+) than at the ends", said)
        assert found is None or int(found[1]) == middle


IN_STAGES = """
name = "read"
[objective]
metric = "val_loss"
[trainer]
kind = "read:train"
opt = "adam"
lr = 0.01
mom = 0.9
[[stage]]
name = "search"
sampler = "random"
trials = 12
[stage.space]
opt = { choices = ["adam", "sgd"] }
lr = { low = 1e-4, high = 1e-1, log = true, when = "opt == 'adam'" }
mom = { low = 0.1, high = 0.95, when = "opt == 'sgd'" }
[[stage]]
name = "again"
from = "best 2"
seeds = 2
"""


@pytest.mark.parametrize("seed", range(6))
def test_the_rows_of_a_stage_hold_only_trials_in_which_a_setting_had_a_part(seed):
    die, trials = random.Random(seed), []
    for n in range(12):
        opt = die.choice(["adam", "sgd"])
        own = {"lr": 10 ** die.uniform(-4, -1)} if opt == "adam" else {"mom": die.uniform(0.1, 0.95)}
        trials.append(one(n, {"opt": opt, **own}, {"val_loss": round(1 + die.random(), 4)}, stage="search"))
    first, second = sorted(trials, key=lambda trial: trial.values["val_loss"])[:2]
    for n, original in enumerate([first, second], start=12):
        value = {"val_loss": round(original.values["val_loss"] - 0.2, 4)}
        trials.append(one(n, original.params, value, role=Role.LISTED, stage="again"))
    for n, original in enumerate(trials[12:14], start=14):
        value = {"val_loss": round(original.values["val_loss"] + 0.01, 4)}
        more = {"role": Role.REPLICATE, "replicate_of": original.number, "stage": "again", "seed": 9}
        trials.append(one(n, original.params, value, **more))
    rows = table_after(report_of(trials, IN_STAGES)[0], "| Setting | Value")
    count, counts, name = rows[0].index("Trials"), {}, ""
    for row in rows[2:]:
        name = row[0] or name
        key = (name, row[1] == "not in use")
        counts[key] = counts.get(key, 0) + int(row[count])
    for setting, opt in (("lr", "adam"), ("mom", "sgd")):
        used = sum(trial.params["opt"] == opt for trial in trials[:12])
        if (f"`{setting}`", False) in counts:
            assert counts[f"`{setting}`", False] == used
            assert counts.get((f"`{setting}`", True), 0) == 12 - used
