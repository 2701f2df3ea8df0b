"""Edited studies, conditional settings, repeats in stages, printed numbers: what a report says, recomputed."""

import json
import math
import random
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from hptui.core.format import duration, share_text
from hptui.core.trial import Attempt, AttemptState, Reason, Role, TrialStatus
from hptui.results import claims
from hptui.results.analysis.cohort import active_settings
from hptui.results.analysis.next_steps import of_earlier_files
from hptui.results.digits import change_text, duration_change
from hptui.results.document import render_markdown
from hptui.results.fact_writer import FactWriter
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from hptui.store.records import Revision
from tests.results.examples import STAGES, STUDY, report_of, some, table_after
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_what_counts import line_of

# printed numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_a_change_is_that_of_the_numbers_that_stand_there(seed):
    die = random.Random(seed)
    scale = 10 ** die.uniform(-13, 12) * die.choice([1, -1])
    old, new = scale, scale * die.uniform(0.2, 3)
    before, after = (f"{value:.{die.choice([3, 4, 5])}g}".replace("-", "−", value < 0) for value in (old, new))
    printed = [Decimal(text.replace("−", "-")) for text in (before, after)]
    if printed[0] != printed[1]:
        said = change_text(before, after, new - old)
        assert math.isclose(
            float(said.replace("−", "-").replace(",", "")), float(printed[1] - printed[0]), rel_tol=1e-9
        )
    short, long = die.uniform(0.3, 12), die.uniform(5, 89)
    times = [duration(short), duration(long)]
    size = abs(float(times[1].split()[0]) - float(times[0].split()[0]))
    assert duration_change(*times, long - short)[1:] == duration(size)


def test_a_share_that_is_not_nothing_is_not_printed_as_nothing():
    assert [share_text(share) for share in (0.0, 0.001, 0.005, 0.5, 0.9949, 0.996, 1.0)] == [
        *("0%", "<1%", "0%", "50%", "99%", ">99%", "100%")
    ]


def test_small_numbers_have_a_percentage_where_others_have_one():
    trials = [one(n, {"a": n / 9, "b": 3}, {"val_loss": (3.01 - n / 2) * 1e-12}) for n in range(3)]
    trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    text, _ = report_of(trials)
    assert line_of(text, "Against").endswith("3.01e-12 → 2.01e-12 (−33.2%)")


# edited files ------------------------------------------------------------------------------------------------------


EDITED = STUDY.replace("b = 4", "b = 4\nwarm = 5\nwidth = 16")


@pytest.mark.parametrize("seed", range(12))
def test_what_differs_after_an_edit_is_said_of_the_best_and_shown_of_all(seed):
    die = random.Random(seed)
    trials = some(12, lambda die, params: round(1 + die.random(), 4), seed)
    trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    edit = {"width": die.choice([16, 24]), "warm": die.choice([5, 50])}
    trials = [replace(trial, revision=1 if trial.number < 6 else 2) for trial in trials]
    if die.random() < 0.5:
        trials[-1] = replace(trials[-1], role=Role.MANUAL, params={**trials[-1].params, "extra": 1})
    view = view_of(trials, EDITED.replace("warm = 5", f"warm = {edit['warm']}").replace("16", str(edit["width"]), 1))
    now = dict(view.study.trainer.settings)
    then = {**now, "warm": 5, "width": 16}
    view = replace(view, trainers={1: then, 2: now})
    specs = [{"space": [1], "trainer": settings} for settings in (then, now)]
    revisions = tuple(Revision(rev, 0.0, spec, "") for rev, spec in enumerate(specs, start=1))
    text = render_markdown(compose_report(ReportData(view, revisions=revisions))).text
    settings = {trial.number: {**(then if trial.revision == 1 else now), **trial.params} for trial in trials}
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    changed = {name for name in then if settings[best.number][name] != then[name]}
    assert set(re.findall(r"`(\w+)`", line_of(text, "Changed"))) == changed
    varied = {name for name in {**then, "extra": 0} if len({str(row.get(name)) for row in settings.values()}) > 1}
    assert varied <= set(table_after(text, "## Trials")[0])
    lost = [trial.number for trial in of_earlier_files(view, revisions)]
    assert lost == ([trial.number for trial in trials if trial.revision == 1] if then != now else [])


# conditions on settings --------------------------------------------------------------------------------------------


CONDITIONAL = """
name = "cond"
[objective]
metric = "val_loss"
[trainer]
kind = "read:train"
lr = 0.01
opt = "adam"
momentum = 0.9
act = "a0"
[space]
opt = { choices = ["adam", "sgd", "lion"] }
lr = { low = 1e-5, high = 1e-1, log = true, when = "opt == 'adam'" }
momentum = { low = 0.5, high = 0.99, when = "opt == 'sgd'" }
act = { choices = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"] }
[search]
sampler = "random"
trials = 30
"""


def conditional(seed):
    """A search in which settings have a part only under a condition."""
    die, trials = random.Random(seed), [one(0, {}, {"val_loss": 0.9}, role=Role.BASELINE)]
    for number in range(1, 30):
        params = {"opt": die.choice(["adam", "sgd", "lion"]), "act": f"a{die.randint(0, 9)}"}
        value = {"sgd": 0.6, "lion": 0.2}.get(params["opt"], 0.0)
        if params["opt"] == "adam":
            params["lr"] = 10 ** die.uniform(-5, -1)
            value = 0.4 * (math.log10(params["lr"]) + 3) ** 2
        if params["opt"] == "sgd":
            params["momentum"] = die.uniform(0.5, 0.99)
            value += 3 * (0.9 - params["momentum"]) ** 2
        trials.append(one(number, params, {"val_loss": round(0.5 + value + die.gauss(0, 0.02), 4)}, engine="random"))
    return trials


@pytest.mark.parametrize("seed", range(5))
def test_a_setting_that_had_no_part_is_in_no_range_no_step_and_no_row(seed):
    trials = conditional(seed)
    text, facts = report_of(trials, CONDITIONAL)
    used = {t.number: {"lr": t.params.get("opt", "adam") == "adam", "momentum": "momentum" in t.params} for t in trials}
    for claim in claims.range_claims(facts):
        if claim.subject in ("lr", "momentum"):
            assert "that use" in claim.sentence
            assert all(used[number][claim.subject] for number in claim.trials)
    for command in re.findall(r"hptui add cond (.*)", text):
        words = dict(word.split("=") for word in command.split() if "=" in word)
        opt = words.get("opt", "adam")
        assert "lr" not in words or opt == "adam"
        assert "momentum" not in words or opt == "sgd"
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    shown: dict[str, int] = {}
    name, marked = "", set()
    for row in table_after(text, "| Setting | Value |")[2:]:
        name = row[0].strip("`") or name
        shown[name] = shown.get(name, 0) + int(row[2])
        if "the best" in row[-1]:
            marked.add(name)
            assert int(row[-1].split()[0]) == best.number
        assert row[-1] != "–"
    assert shown == dict.fromkeys(("opt", "act", "lr", "momentum"), len(trials))
    assert marked == set(shown)


# what was not measured, and what nobody gave ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_a_trial_with_the_settings_of_the_file_is_told_where_no_baseline_ran(seed):
    die = random.Random(seed)
    trials = some(8, lambda die, _: round(1 + die.random(), 3), seed)
    as_written = die.choice([None, die.randrange(8)])
    if as_written is not None:
        trials[as_written] = replace(trials[as_written], params={"a": 0.5, "b": 4})
    said = line_of(report_of(trials)[0], "Against")
    if as_written is None:
        assert said.endswith("no trial ran the settings of the study file")
    else:
        value = trials[as_written].values["val_loss"]
        assert f"trial {as_written} has the settings of the study file: " in said
        assert float(said.rpartition(" ")[2]) == pytest.approx(value, abs=0.005)


SCRIPT = """
name = "script"
[objective]
metric = "val_loss"
[trainer]
kind = "command"
command = ["python3", "train.py"{seed}]
lr = 0.01
[space]
lr = "1e-5..1e-1 log"
[search]
sampler = "random"
trials = 3
"""


@pytest.mark.parametrize("is_given", [False, True])
def test_what_a_script_is_not_given_and_does_not_say_is_not_claimed(is_given):
    trials = [one(n, {"lr": 10.0**-n}, {"val_loss": 1 + n}, last_step=1) for n in range(3)]
    failed = {"status": "failed", "reason": "oom", "peak_memory_gb": 0.1}
    trials.append(one(3, {"lr": 0.1}, None, **failed))
    late = one(4, {"lr": 0.2}, None, "failed", "timeout", seconds=1.1)
    attempt = Attempt("4", 4, 1, AttemptState.FAILED, reason=Reason.TIMEOUT, started=100.0, ended=108.0, seconds=1.1)
    text = SCRIPT.replace("{seed}", ', "{seed}"' if is_given else "")
    said, _ = report_of([*trials, late], text, attempts={4: (attempt,)})
    assert (", which the script is not given" in said) != is_given
    assert "Steps (actual)" not in said
    assert "its output says that the GPU ran out of memory" in said
    row = next(row for row in said.split("\n") if row.startswith("| trial 4"))
    assert "| 8.0 s from its start |" in row
    assert "without a GPU" not in said
    known = replace(attempt, environment={"cpu": "EPYC"})
    assert "without a GPU" in report_of([*trials, late], text, attempts={4: (known,)})[0]


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_where_all_values_are_equal_no_more_of_them_are_asked_for(sampler):
    trials = some(9, lambda die, _: 0.693147, 1, engine=sampler)
    trials.append(one(9, trials[0].params, {"val_loss": 0.693147}, role=Role.REPLICATE, replicate_of=0, seed=43))
    trials.append(one(10, trials[0].params, {"val_loss": 0.693147}, role=Role.REPLICATE, replicate_of=0, seed=44))
    text, facts = report_of(trials)
    assert claims.next_step(facts).premise["step"] == "constant"
    assert "Neither the seed nor a setting changed `val_loss`" in text


# repeats -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copies", [0, 3, 8])
def test_copies_of_a_run_are_no_evidence(copies):
    trials = some(10, lambda die, params: round(1 + 3 * params["a"] + die.gauss(0, 0.1), 6), 2, engine="random")
    again = {"role": Role.REPLICATE, "replicate_of": 3}
    more = [one(10 + n, trials[3].params, trials[3].values, seed=50 + n, **again) for n in range(copies)]
    _, alone = report_of(trials)
    _, facts = report_of([*trials, *more])
    groups = [[(group.settings, group.evidence) for group in f.data.effect_analysis().groups] for f in (alone, facts)]
    assert groups[0] == groups[1]


@pytest.mark.parametrize("seed", range(6))
def test_a_configuration_that_ran_again_in_a_stage_is_no_rival_of_itself(seed):
    die = random.Random(seed)
    trials = some(6, lambda die, params: round(1 + die.random(), 5), seed, stage="fine", engine="random")
    order = sorted(trials, key=lambda trial: trial.values["val_loss"])
    for source in order[:2]:
        first, more = len(trials), {"stage": "final", "engine": ""}
        # The first run has the seed of the search, and so its very value.
        trials.append(one(first, source.params, source.values, role=Role.LISTED, **more))
        for n in (1, 2):
            value = round(source.values["val_loss"] + 0.05 + die.gauss(0, 0.02), 5)
            run = {"role": Role.REPLICATE, "replicate_of": first, "seed": 42 + n, **more}
            trials.append(one(len(trials), source.params, {"val_loss": value}, **run))
    text, facts = report_of(trials, STAGES)
    best = facts.data.best
    same = [t for t in facts.data.order if t.params == best.params and t.number != best.number]
    assert same
    if best.number == order[0].number:
        assert "It ran once" not in text
        assert f"Its settings ran again as trial {same[0].number}, and this run is the best of 8" in text
        repeated = claims.next_step(facts).premise.get("repeat", [])
        assert not {"best", *(str(trial.number) for trial in same)} & set(repeated)
    test = facts.data.range_test
    assert test is None or not {t.number for t in test.others} & {t.number for t in same}
    configurations = {json.dumps(active_settings(facts.view, trial), sort_keys=True) for trial in facts.data.order}
    if luck := re.search(r"of (\d+) equally good", text):
        assert int(luck[1]) == len(configurations)


@pytest.mark.parametrize("until", ["", "until = { target = 0.5 }", "until = { no_improvement = 9 }"])
def test_draws_that_ended_by_their_values_foretell_nothing(until):
    trials = some(12, lambda die, _: round(1 + die.random(), 4), 8, engine="random")
    text, _ = report_of(trials, STUDY.replace("trials = 40", f"trials = 40\n{until}"))
    chance = re.search(r"(\d+) more independent draws would hold a lower `val_loss` with a chance of (\d+)%", text)
    assert (chance is not None) == (not until)
    if chance:
        more = int(chance[1])
        assert int(chance[2]) == round(100 * more / (12 + more))


def test_draws_of_another_stage_are_no_draws_of_this_one():
    coarse = some(12, lambda die, _: round(3 + die.random(), 4), 1, stage="coarse", total_steps=5, engine="random")
    fine = some(5, lambda die, _: round(1 + die.random(), 4), 2, stage="fine", engine="random")
    fine = [replace(t, number=12 + t.number, started=t.started + 9e4, ended=t.ended + 9e4) for t in fine]
    stages = '[[stage]]\nname = "coarse"\nset = { steps = 5 }\n[[stage]]\nname = "fine"\ntrials = 5\n[search]'
    text, _ = report_of([*coarse, *fine], STUDY.replace("[search]", stages))
    assert "5 more independent draws would hold a lower `val_loss` with a chance of 50%" in text


@pytest.mark.parametrize("seed", range(4))
def test_an_end_that_nobody_tried_is_told_as_that(seed):
    die = random.Random(seed)
    low, high = die.choice([(0.3, 0.9), (0.02, 0.98)])
    trials = []
    for n in range(20):
        a = round(low + (high - low) * n / 19, 4)
        value = round(1 + 9 * (a - 0.6) ** 2 + die.gauss(0, 0.01), 4)
        trials.append(one(n, {"a": a, "b": die.randint(1, 16)}, {"val_loss": value}, engine="random"))
    text, _ = report_of(trials)
    said = next(row for row in text.split("\n") if "than at the ends of its range" in row)
    assert (f"(tried from {low} to {high}; " in said) == (low > 0.125)


def test_one_setting_does_nothing_together_with_itself():
    trials = [
        one(n, {"a": n / 11, "b": 4}, {"val_loss": round(1 + math.sin(n / 3), 4)}, engine="random") for n in range(12)
    ]
    record = ReportData(view_of(trials, STUDY))
    facts = FactWriter(record)
    assert record.importance is None or record.importance.together == 0
    text = render_markdown(compose_report(facts.data)).text
    assert "| settings together |" not in text
    assert all(trial.status is TrialStatus.COMPLETE for trial in record.view.trials)
