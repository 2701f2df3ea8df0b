"""Ends of ranges, units, choices and stages, as a report advises and states them."""

import math
import random
import re
from dataclasses import replace

import pytest

from hptui.core.format import number
from hptui.core.shorthand import parse_parameter
from hptui.core.trial import Role
from hptui.results import claims
from hptui.results.analysis.outward import outward_range
from hptui.results.claims import ranges
from hptui.results.fact_writer import FactWriter
from hptui.results.report_data import ReportData
from tests.results.examples import STUDY, report_of, table_after
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_what_counts import line_of

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
    assert re.search(rf"by about [\d.]+{word} \([\d.]+ to [\d.]+{word}\) from", said)


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


@pytest.mark.parametrize("left", [1e-6, 3e-5, 2e-4, 4e-4, 6e-4, 0.002, 0.0])
def test_nearly_all_of_a_value_is_not_told_as_all(left):
    for old in (1.0, 349096.0, 0.25):
        trials = [one(n, {"a": n / 9, "b": 3}, {"val_loss": value}) for n, value in enumerate([old, old * left])]
        text, _ = report_of([replace(trials[0], role=Role.BASELINE, params={}), trials[1]])
        said = line_of(text, "Against")
        assert re.search(r"−100(\.0)?%", said) is None or left == 0


@pytest.mark.parametrize("seed", range(4))
def test_the_answer_to_a_question_names_the_stage_it_is_of(seed):
    die, trials = random.Random(seed), []
    for n in range(12):
        rate = 10 ** die.uniform(-4, -1)
        value = (math.log10(rate) + 2.5) ** 2 + die.gauss(0, 0.01)
        trials.append(one(n, {"opt": "adam", "lr": rate}, {"val_loss": round(value, 4)}, stage="search"))
    text = IN_STAGES.replace('name = "read"', 'name = "read"\nabout = "Which lr?"', 1)
    first = min(trials, key=lambda trial: trial.values["val_loss"])
    again = one(12, first.params, {"val_loss": 0.0}, role=Role.LISTED, stage="again")
    said = report_of([*trials, again], text)[0].split("\n")[1]
    assert "(the author). Of stage search: on average" in said


@pytest.mark.parametrize(("space", "step"), [("0.0..1.0 step 0.25", 0.25), ("0..4 int", 1), ("1..9 int step 2", 2)])
@pytest.mark.parametrize("seed", range(5))
def test_a_trial_between_the_steps_of_a_range_is_in_the_range_that_names_it(space, step, seed):
    die = random.Random(seed)
    text = STUDY.replace("0.0..1.0", space)
    low, high = (float(end) for end in space.split(" ")[0].split(".."))
    between = high - step * die.uniform(0.2, 0.8)
    trials = [one(0, {"a": between, "b": 3}, {"val_loss": -between}, role=Role.BASELINE)]
    for n in range(1, 14):
        value = low + step * die.randint(0, round((high - low) / step))
        value = value if step < 1 else int(value)
        trials.append(one(n, {"a": value, "b": die.randint(1, 16)}, {"val_loss": -value + die.gauss(0, 1e-3)}))
    said, facts = report_of(trials, text)
    assert "is left out" not in said
    for claim in claims.range_claims(facts):
        assert "which an earlier trial lies outside of" not in claim.sentence


def test_a_best_value_that_reads_as_the_end_lies_at_the_end():
    die, trials = random.Random(2), []
    for n in range(20):
        params = {"a": round(die.uniform(0.2, 0.7), 3), "b": die.randint(1, 16)}
        trials.append(one(n, params, {"val_loss": 2 - params["a"] + die.gauss(0, 0.01)}))
    trials.append(one(20, {"a": 0.8 - 1e-12, "b": 3}, {"val_loss": 0.9}))
    said = [claim.sentence for claim in claims.edge_claims(report_of(trials, STUDY.replace("0.0..1.0", "0.2..0.8"))[1])]
    assert "the best lies at that end" in said[0]


@pytest.mark.parametrize("seed", range(6))
def test_a_range_is_not_narrowed_where_nobody_looked(seed):
    """All trials lie in the middle third of the range: what the best of them have tells nothing of the ends."""
    die, trials = random.Random(seed), []
    for n in range(24):
        params = {"a": round(0.34 + die.random() / 3, 4), "b": die.randint(6, 10)}
        trials.append(one(n, params, {"val_loss": round(9 * (params["a"] - 0.36) ** 2 + die.gauss(0, 0.001), 5)}))
    record = ReportData(view_of(trials, STUDY))
    for suggestion in ranges.suggested_ranges(FactWriter(record)):
        then = parse_parameter(suggestion.setting, suggestion.then)
        tried = [trial.params[suggestion.setting] for trial in trials]
        whole = parse_parameter(suggestion.setting, suggestion.now)
        assert then.low == whole.low or min(tried) < then.low
        assert then.high == whole.high or max(tried) > then.high


@pytest.mark.parametrize("value", [1000, 3, -1])
def test_a_best_trial_outside_the_choices_leaves_them_as_they_are(value):
    text = STUDY.replace('b = "1..16 int"', "b = { choices = [1, 10, 100] }")
    die, trials = random.Random(value), []
    for n in range(20):
        b = die.choice([1, 10, 100])
        trials.append(one(n, {"a": die.random(), "b": b}, {"val_loss": round(b / 10 + die.random() / 9, 4)}))
    trials.append(one(20, {"a": 0.5, "b": value}, {"val_loss": 0.0}, role=Role.LISTED))
    assert "left out" not in report_of(trials, text)[0]


@pytest.mark.parametrize("seed", range(8))
def test_a_bound_that_an_earlier_trial_has_set_has_few_digits(seed):
    die = random.Random(seed)
    parameter = parse_parameter("a", "1e-3..0.1 log")
    params = [{"a": 10 ** die.uniform(-3.1, -3.0), "b": 4} for _ in range(4)]
    params += [{"a": 10 ** die.uniform(-3.0, -2.0), "b": 4} for _ in range(4)]
    trials = [one(n, values, {"val_loss": 1.0 + n}) for n, values in enumerate(params)]
    text = STUDY.replace('a = "0.0..1.0"', 'a = "1e-3..0.1 log"')
    found = outward_range(view_of(trials, text), parameter, trials[:4])
    if found is not None:
        bound = parse_parameter("a", found.then).low
        assert float(f"{bound:.3g}") == bound, found.then
