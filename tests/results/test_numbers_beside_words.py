"""Words with their numbers: pruners, sets of neighbouring counts, points of rates, digits of diagnoses, own words."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from hptui.core.trial import Reason, Role, Trial, TrialStatus
from hptui.results import claims
from hptui.results.fact_writer import FactWriter
from hptui.results.report_data import ReportData
from tests.results.examples import GOALS, IMPORTED, STAGES, STUDY, report_of, some, table_after
from tests.results.kit import curve, view_of
from tests.results.seeds import one

PRUNERS = {
    '"median"': ["from 20% of its training", "once 5 finished trials"],
    '{ kind = "median", warmup = 0.35, startup = 1 }': ["from 35% of", "once 1 finished trial can"],
    '{ kind = "percentile", percentile = 30 }': ["the best 30% of the others had", "once 5 finished"],
    '{ kind = "asha", warmup = 0.1, eta = 2 }': [
        "at 10%, 20%, 40% and 80% of",
        "the best 1 in 2",
        "once 5 others have",
    ],
    '{ kind = "asha", startup = 1, eta = 4 }': ["at 20% and 80% of", "the best 1 in 4", "once 3 others have"],
    '{ kind = "asha", promote = true, startup = 2 }': ["trials pause and the best 1 in 3", "once 2 others have"],
    '{ kind = "hyperband", warmup = 0.125 }': ["at 12.5% and 37.5% of", "in 2 brackets"],
    '{ kind = "patient", patience = 4, min_delta = 0.01, wraps = "median" }': [
        "by more than 0.01 for 4 reports",
        "median",
    ],
    '{ kind = "patient", patience = 0.3 }': ["for 30% of its training"],
    '{ kind = "threshold", high = 3.5, warmup = 0.5 }': ["above 3.5 or no finite number", "from 50% of"],
    '{ kind = "threshold", low = 0.1, high = 9 }': ["below 0.1, above 9 or no finite number"],
    '{ kind = "bands", bands = [3, 9, 27], eta = 4 }': ["the best 1 in 4", "reports 3, 9 and 27"],
}


@pytest.mark.parametrize("pruner", PRUNERS)
def test_a_pruner_is_told_with_its_numbers(pruner):
    text = report_of(some(3, lambda die, params: die.random(), 1), STUDY + f"pruner = {pruner}\n")[0]
    said = next(row for row in text.split("\n") if row.startswith("- **Pruner**"))
    assert all(words in said for words in PRUNERS[pruner]), said


def failing(seed: int, reason: Reason, wall: float = 0.6) -> list[Trial]:
    """Trials that fail beyond a value of `a`; some others become NaN or are pruned anywhere."""
    die, trials = random.Random(seed), []
    for n in range(30):
        params = {"a": round(die.random(), 3), "b": die.randint(1, 16)}
        if die.random() < 0.15:
            trials.append(one(n, params, None, "pruned", "pruner"))
        elif params["a"] >= wall:
            trials.append(replace(one(n, params, None, "failed", str(reason)), message="of its own"))
        else:
            trials.append(one(n, params, {"val_loss": round(1 + die.random(), 3)}))
    return trials


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.OOM, Reason.NAN])
def test_failures_of_each_kind_have_a_region_whose_numbers_add_up(seed, reason):
    trials = failing(seed, reason)
    facts = FactWriter(ReportData(view_of(trials, STUDY)))
    regions = [region for region in facts.data.regions if region.kind != "pruned"]
    assert len(regions) == 1
    said = claims.region_claims(facts)[0].sentence
    bad, inside, others_bad, outside = map(int, re.match(r"(\d+) of (\d+) .*?, (\d+) of (\d+) others", said).groups())
    apart = int(re.search(r"(\d+) that (?:was|were) not run to the end", said)[1]) if "not run" in said else 0
    assert bad + others_bad == sum(trial.reason is reason for trial in trials)
    assert inside + outside + apart == len(trials)
    if reason is Reason.TIMEOUT:
        assert apart == sum(trial.status is TrialStatus.PRUNED for trial in trials)
        assert "were ended at the timeout" in said
        assert not claims.avoid_claims(facts), "a longer timeout helps, too"


@pytest.mark.parametrize("message", ["MemoryError: no room for 12.5 GiB of layer 7", "ValueError: loss is NaN at 7"])
@pytest.mark.parametrize("reason", [Reason.HOST_OOM, Reason.OOM, Reason.NAN, Reason.CRASH])
def test_a_failure_keeps_its_own_words(reason, message):
    trials = [one(0, {"a": 0.1}, {"val_loss": 1.0})]
    trials.append(replace(one(1, {"a": 0.2}, None, "failed", str(reason)), message=message))
    row = table_after(report_of(trials)[0], "## What went wrong")[2]
    assert message in row[-1]


def counted(text: str) -> tuple[int, str]:
    """The number of trials that the best is the best of, and the line on those that are nearly as good."""
    best_of = re.search(r"best of (\d+)", text)
    return int(best_of[1]), next(row for row in text.split("\n") if row.startswith("- **Nearly"))


@pytest.mark.parametrize("seed", range(12))
def test_the_others_of_one_line_are_those_of_the_next_but_for_which_are_named(seed):
    die = random.Random(seed)
    trials = some(6, lambda die, params: round(2 + die.random(), 3), seed, stage="fine")
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    for source in sorted(trials, key=lambda trial: trial.values["val_loss"])[:2]:
        first = len(trials)
        for k in range(3):
            own = {"role": Role.LISTED} if k == 0 else {"role": Role.REPLICATE, "replicate_of": first, "seed": 42 + k}
            value = 1.0 + (source is not best) + die.gauss(0, 0.01)
            trials.append(one(len(trials), source.params, {"val_loss": round(value, 3)}, stage="final", **own))
    text = report_of(trials, STAGES)[0]
    count, said = counted(text)
    others = re.search(r"(?:all|of the) (\d+)(?: of the)? others|(both) others", said)
    named = re.search(r"; (trials? [\d, and]+) ha(?:s|ve) its settings", said)
    assert others is not None
    beside = len(re.findall(r"\d+", named[1])) if named else 0
    assert 1 + int(others[1] or 2) + beside == count, said


@pytest.mark.parametrize("seed", range(12))
def test_what_ended_after_the_best_is_told_though_it_has_no_rank(seed):
    die = random.Random(seed)
    trials = some(8, lambda die, params: round(2 + die.random(), 3), seed)
    trials.append(one(8, {"a": 0.5, "b": 3}, {"val_loss": 1.0}))
    later = [die.choice([("pruned", "pruner"), ("failed", "crash")]) for _ in range(die.randint(0, 4))]
    trials += [one(9 + n, {"a": 0.1, "b": n + 1}, None, *how) for n, how in enumerate(later)]
    said = next(row for row in report_of(trials)[0].split("\n") if "ended last" in row)
    parts = [f"{k} {status}" for status in ("pruned", "failed") if (k := sum(how[0] == status for how in later))]
    assert f"The best ended last of 9{' ranked' if later else ''} trials" in said
    assert (f"; {' and '.join(parts)} ended later" in said) if parts else "ended later" not in said


@pytest.mark.parametrize("seed", range(8))
def test_runs_of_the_baseline_in_another_stage_count(seed):
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 1.3}, role=Role.BASELINE, stage="fine")]
    trials += [one(n, {"a": round(die.random(), 3), "b": n}, {"val_loss": 1.4 + n}, stage="fine") for n in range(1, 5)]
    trials[1] = replace(trials[1], values={"val_loss": 1.25}, metrics={"val_loss": 1.25})
    for source, mean in ((1, 1.2), (0, 1.5)):
        first = len(trials)
        for k in range(3):
            own = {"role": Role.LISTED} if k == 0 else {"role": Role.REPLICATE, "replicate_of": first, "seed": 42 + k}
            value = {"val_loss": round(mean + die.gauss(0, 0.01), 4)}
            trials.append(one(len(trials), trials[source].params, value, stage="final", **own))
    facts = FactWriter(ReportData(view_of(trials, STAGES)))
    claim = claims.against_baseline(facts)
    runs = [trial.values["val_loss"] for trial in (trials[0], *trials[-3:])]
    assert claim.premise["old"] == pytest.approx(sum(runs) / 4)
    assert "(mean of 4 runs)" in claim.sentence
    assert claims.sure(facts).premise["answer"] == "yes", "all runs of the baseline are far from the best"
    own = [replace(t, params={}) if t.params == trials[1].params and t.number > 1 else t for t in trials]
    same = claims.stage_claims(FactWriter(ReportData(view_of(own, STAGES))))[-1].sentence
    assert "it has the settings of " in same, "a difference between runs is no gain"
    # The very same run again is no further one.
    trials[-3] = replace(trials[-3], values={"val_loss": 1.3}, metrics={"val_loss": 1.3})
    again = claims.against_baseline(FactWriter(ReportData(view_of(trials, STAGES))))
    assert "(mean of 3 runs)" in again.sentence


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("form", ["", '[metrics.accuracy]\nformat = "percent"\n', '[metrics.accuracy]\nunit = "%"\n'])
def test_differences_of_rates_are_in_points_in_every_table(seed, scale, form):
    if ("percent" in form and scale > 1) or ("unit" in form and scale == 1):
        pytest.skip("no such metric")
    die = random.Random(seed)
    text = STUDY.replace('"val_loss"', '"accuracy"\ngoal = "maximize"').replace('"random"\ntrials = 40', '"list"\n')
    text += "".join(f"[[trial]]\nset = {{ {setting} }}\n" for setting in ("a = 0.7", "b = 8", "a = 0.2")) + form
    values = [round(die.uniform(0.3, 0.9), 3) for _ in range(4)]
    trials = [one(0, {}, {"accuracy": values[0] * scale}, role=Role.BASELINE)]
    for n, params in enumerate(({"a": 0.7}, {"b": 8}, {"a": 0.2}), 1):
        trials.append(one(n, params, {"accuracy": values[n] * scale}, role=Role.LISTED))
    rows = table_after(report_of(trials, text)[0], "## The settings")[2:]
    by_trial = {int(row[0].split()[1]): row[2] for row in rows}
    for n in (1, 2, 3):
        points = round(100 * (values[n] - values[0]), 1)
        if not points:
            continue
        number, unit, word = by_trial[n].split()
        assert float(number.replace("−", "-")) == pytest.approx(points, abs=0.051)
        assert unit == ("point" if abs(points) == 1 else "points")
        assert word == ("better" if points > 0 else "worse")


@pytest.mark.parametrize("runs", [(2, 2), (3, 2), (2, 3), (4, 4)])
@pytest.mark.parametrize("seed", range(4))
def test_trials_that_cannot_be_told_apart_are_repeated_before_the_study_is_done(runs, seed):
    die = random.Random(seed)
    trials = some(6, lambda die, params: round(3 + die.random(), 3), seed)
    for place, value in enumerate((1.2, 1.21)):
        trials[place] = replace(trials[place], values={"val_loss": value}, metrics={"val_loss": value})
    for place, count in enumerate(runs):
        for _ in range(count - 1):
            n, value = len(trials), {"val_loss": round(1.3 + die.gauss(0, 0.1), 3)}
            own = {"role": Role.REPLICATE, "replicate_of": place, "seed": 100 + n}
            trials.append(one(n, trials[place].params, value, **own))
    facts = FactWriter(ReportData(view_of(trials, STUDY)))
    step, test = claims.next_step(facts), facts.data.range_test
    if test is not None and test.alike:
        assert step.premise["step"] in ("repeat", "alike"), "not done, and not more trials"


@pytest.mark.parametrize("seed", range(6))
def test_a_diagnosis_has_the_names_and_digits_of_the_report(seed):
    die = random.Random(seed)
    trials = some(5, lambda die, params: round(2 + die.random(), 2), seed)
    curves = {}
    for trial in trials:
        falling = [3 - 0.05 * n + die.gauss(0, 0.001) for n in range(20)]
        last = trial.values["val_loss"]
        curves[trial.number] = {"val_loss": curve(*falling, *[last + 0.04 * (n - 19) for n in range(20)])}
    facts = FactWriter(ReportData(view_of(trials, STUDY), curves=curves))
    said = [claim for claim in claims.curve_claims(facts) if "val_loss" in claim.sentence]
    assert said
    for claim in said:
        values = [fact for fact in claim.facts if re.search(r"diagnosis\.(first|last|best)\.", fact.key)]
        printed = {facts.format_value("val_loss", fact.value) for fact in values}
        if len(printed) == len(values):
            assert {fact.text for fact in values} == printed
        assert any(getattr(part, "code", False) and part.text == "val_loss" for part in claim.line)


@pytest.mark.parametrize(("coarse", "other"), [(3, 3), (4, 2), (2, 4), (9, 9), (8, 12), (12, 8)])
def test_a_stage_that_settings_are_read_from_is_named_with_a_true_reason(coarse, other):
    text = STAGES.replace('from = "best 2"\nseeds = 3', "trials = 9")
    trials = some(coarse, lambda die, params: round(1 + die.random(), 4), 1, stage="fine")
    for trial in some(other, lambda die, params: round(2 + die.random(), 4), 2, stage="final"):
        trials.append(replace(trial, number=len(trials)))
    said = next((row for row in report_of(trials, text)[0].split("\n") if "Among the trials of stage" in row), "")
    counts = {"fine": coarse, "final": other}
    stage = re.search(r"of stage (\w+)", said)[1]
    if "has the most" in said:
        assert counts[stage] > max(count for name, count in counts.items() if name != stage)
    elif "first of those" in said:
        assert coarse == other
    else:
        assert "has the best trial" in said


@pytest.mark.parametrize("timeouts", range(1, 6))
@pytest.mark.parametrize("crashes", range(3))
def test_where_most_trials_ran_too_long_the_next_step_is_about_time(timeouts, crashes):
    reasons = [Reason.TIMEOUT] * timeouts + [Reason.CRASH] * crashes
    trials = [one(n, {"a": 0.1 * n, "b": 3}, None, "failed", str(reason)) for n, reason in enumerate(reasons)]
    said = claims.next_step(FactWriter(ReportData(view_of(trials, STUDY)))).sentence
    assert ("more time" in said) == (timeouts >= crashes)


def test_a_cost_that_is_an_objective_is_not_judged_where_trials_are_not_compared():
    trials = [one(0, {}, {"accuracy": 0.6, "latency": 3.0}, role=Role.BASELINE)]
    trials += [one(1, {"a": 0.9, "b": 3}, {"accuracy": 0.9, "latency": 1.2}, **IMPORTED)]
    rows = table_after(report_of(trials, GOALS)[0], "### Baseline and best")[2:]
    assert {row[-1] for row in rows} == {"not compared"}
