"""Regions, luck of rates, places, remedies, pruned trials: what a report says, recomputed."""

import json
import math
import random
import re
from dataclasses import replace
from itertools import takewhile

import numpy as np
import pytest

from hptui import studyfile
from hptui.core.format import duration
from hptui.core.stages import expected_total
from hptui.core.trial import Reason, Role, TrialStatus
from hptui.results.document import render_markdown
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from hptui.store.records import Revision
from tests.results.examples import RATE, STUDY, report_of, some
from tests.results.kit import curve, study_of, view_of
from tests.results.seeds import one
from tests.results.test_what_counts import line_of, with_latency


def failed(trial, reason):
    return replace(trial, status=TrialStatus.FAILED, reason=reason, values=None, metrics={})


def pruned(trial, reason=Reason.PRUNER):
    return replace(trial, status=TrialStatus.PRUNED, reason=reason, values=None, metrics={})


@pytest.mark.parametrize("seed", range(16))
def test_all_trials_with_a_value_are_counted_or_named_as_left_out(seed):
    die = random.Random(seed)
    trials = some(die.choice([24, 36]), lambda die, params: round(params["a"] + die.random(), 4), seed)
    for n, trial in enumerate(trials):
        if trial.params["b"] >= 12 and die.random() < 0.9:
            trials[n] = failed(trial, Reason.OOM)
        elif trial.params["a"] > 0.6 and die.random() < 0.95:
            trials[n] = failed(trial, Reason.NAN)
    text, facts = report_of(trials)
    memory = [trial for trial in trials if trial.reason is Reason.OOM]
    words = r"(\d+) of (\d+) trials (?:there|with `(\w+)` (>=|<=) (\S+)) (ran out of memory|became NaN or infinite)"
    for region in facts.data.regions:
        assert len(region.inside) + len(region.outside) + len(region.unexposed) == len(trials)
        said = [row for row in text.split("\n") if re.search(words, row) and region.conditions[0].setting in row]
        assert said
    for row in text.split("\n"):
        found = re.search(r"`(\w+)` (>=|<=) (\S+?):? ", row)
        counted = re.search(words, row)
        if not found or not counted or row.startswith("- **"):
            continue
        name, relation, bound = found[1], found[2], float(found[3].strip(","))
        sign = 1 if relation == ">=" else -1
        there = [trial for trial in trials if sign * trial.params[name] >= sign * bound - 1e-4]
        apart = [trial for trial in there if trial in memory] if "NaN" in counted[6] else []
        assert int(counted[2]) + len(apart) == len(there)
        left = re.search(r"; (\d+) that ran out of memory do(?:es)? not count", row)
        if "Avoid" in row:
            assert (int(left[1]) if left else 0) == len(apart)
        else:
            assert (int(left[1]) if left else 0) == (len(memory) if "NaN" in counted[6] else 0)


@pytest.mark.parametrize("seed", range(12))
def test_the_luck_of_the_best_rate_is_that_of_draws_and_never_beyond_all_right(seed):
    die = random.Random(seed)
    rate, count = die.choice([0.02, 0.5, 0.9, 0.98, 0.99]), die.choice([9, 25])
    values = [min(50, max(0, round(50 * rate) + die.choice([-1, 0, 0, 1]))) / 50 for _ in range(count)]
    trials = [one(n, {"a": die.random(), "b": die.randint(1, 16)}, {"accuracy": v}) for n, v in enumerate(values)]
    goal = die.choice(["maximize", "minimize"])
    text, _ = report_of(trials, RATE.replace('"maximize"', f'"{goal}"'))
    common = float(np.median(values))
    draws = np.random.default_rng(seed).binomial(50, common, (40_000, count)) / 50
    best = draws.max(1) if goal == "maximize" else draws.min(1)
    expected = 100 * abs(best.mean() - common)
    said = re.search(r"would be about ([\d.e-]+) points? (above|below) their common rate", text)
    if said is None:
        most = values.count(max(values) if goal == "maximize" else min(values))
        assert expected < 0.05 or len(set(values)) == 1 or 2 * most >= count
        return
    assert float(said[1]) == pytest.approx(expected, rel=0.06, abs=0.03)
    assert 100 * common + float(said[1]) * (1 if said[2] == "above" else -1) <= 100.0 + 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_a_place_inside_a_range_is_named_with_the_others_it_was_compared_with(seed):
    die = random.Random(seed)
    best, log = die.uniform(0.3, 0.7), seed % 2
    space = '"1e-4..1e-1 log"' if log else '"0.0..1.0"'
    trials = []
    for n in range(26):
        place = die.random()
        a = float(f"{1e-4 * 1000**place:.4g}") if log else round(place, 4)
        value = 1 + 6 * (place - best) ** 2 + die.gauss(0, 0.02)
        trials.append(one(n, {"a": a, "b": die.randint(1, 16)}, {"val_loss": round(value, 4)}))
    text, _ = report_of(trials, STUDY.replace('a = "0.0..1.0"', f"a = {space}"))
    said = next((row for row in text.split("\n") if row.startswith("- On average `val_loss` is lower at `a`")), None)
    if said is None:
        return
    low, high = (1e-4, 0.1) if log else (0.0, 1.0)
    places = [low * (high / low) ** s if log else low + (high - low) * s for s in (0.25, 0.5, 0.75)]
    listed = re.search(r"between them (\S+), (\S+) and (\S+) were compared", said)
    assert [float(listed[i]) for i in (1, 2, 3)] == pytest.approx(places, rel=5e-3)
    named = float(re.search(r"lower at `a` = (\S+) than", said)[1])
    assert any(named == pytest.approx(place, rel=5e-3) for place in places)


def test_where_all_values_were_compared_none_is_listed():
    die = random.Random(3)
    trials = []
    for n in range(40):
        b = die.randint(1, 5)
        trials.append(one(n, {"a": die.random(), "b": b}, {"val_loss": round((b - 3) ** 2 + die.gauss(0, 0.02), 4)}))
    text, _ = report_of(trials, STUDY.replace('b = "1..16 int"', 'b = "{1, 2, 3, 4, 5}"'))
    said = next(row for row in text.split("\n") if row.startswith("- On average `val_loss` is lower at `b` = 3 than"))
    assert "compared" not in said


RATES = STUDY.replace("a = 0.5", "learning_rate = 1e-3").replace('a = "0.0..1.0"', 'learning_rate = "1e-5..1e-1 log"')


@pytest.mark.parametrize("seed", range(24))
def test_no_remedy_is_advised_that_only_failed_in_the_same_way(seed):
    die = random.Random(seed)
    border = die.choice([0.0, 1e-4, 1e-2])
    trials = []
    for n in range(die.choice([3, 8])):
        rate = 10 ** die.uniform(-5, -1)
        trial = one(n, {"learning_rate": rate, "b": die.randint(1, 16)}, {"val_loss": 1.0 + die.random()})
        trials.append(failed(trial, Reason.NAN) if rate > border else trial)
    text, facts = report_of(trials, RATES)
    for trial in trials:
        diagnosis = facts.data.diagnoses.get(trial.number)
        if diagnosis is None or trial.reason is not Reason.NAN:
            continue
        lower = trial.params["learning_rate"] * 0.1
        there = [other for other in trials if other.params["learning_rate"] <= lower * (1 + 1e-5)]
        refuted = there and all(other.reason is Reason.NAN for other in there)
        assert any("a lower learning rate" in cure.sentence for cure in diagnosis.suggestions) != bool(refuted)
    if "a lower learning rate" not in text and all(trial.reason is Reason.NAN for trial in trials):
        assert "see why trial 0 failed" in line_of(text, "Next")


@pytest.mark.parametrize("seed", range(16))
def test_pruned_trials_are_named_beside_those_that_the_best_is_the_best_of(seed):
    die = random.Random(seed)
    trials = some(die.choice([9, 16]), lambda die, _: round(1 + die.random(), 4), seed, engine="random")
    trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    cut = die.sample(range(1, len(trials)), die.choice([0, 1, 4]))
    reason = die.choice([Reason.PRUNER, Reason.THRESHOLD])
    trials = [pruned(trial, reason) if trial.number in cut else trial for trial in trials]
    text, facts = report_of(trials)
    kept = len(trials) - len(cut)
    beside = "" if not cut else f" beside {len(cut)} pruned one{'s' * (len(cut) > 1)}"
    if facts.data.best.number == 0:
        word = "complete " if cut else ""
        assert line_of(text, "Sure that").endswith(f"no {word}trial was better than the baseline")
    else:
        assert line_of(text, "Sure that").endswith(f"it ran once and is the best of {kept}{beside}")
    assert f"- It ran once and is the best of {kept}{beside}: its value" in text
    # Where trials were pruned by how others did, draws are not alike; a rule on a trial's own values leaves them so.
    is_search = facts.data.best.number != 0
    chance = re.search(r"(\d+) more independent draws? would hold .* chance of (\d+)%", text)
    assert (chance is not None) == (is_search and not (cut and reason is Reason.PRUNER))
    if chance:
        assert int(chance[2]) == round(100 * int(chance[1]) / (int(chance[1]) + len(trials) - 1))


def test_a_short_time_is_not_none():
    for seconds in [*(n / 1000 for n in range(1, 2000)), 0.0]:
        digits = "".join(takewhile(lambda c: c not in " ", duration(seconds)))
        assert (float(digits) == 0) == (seconds == 0)
        assert abs(float(digits) - seconds) <= max(0.05, 0.5 * 10 ** np.floor(np.log10(seconds or 1))) + 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_a_grid_is_not_expected_to_have_more_trials_than_it_has(seed):
    die = random.Random(seed)
    a, b = sorted(die.sample([0.1, 0.5, 0.7, 0.9], die.choice([2, 3]))), sorted(die.sample(range(1, 9), 3))
    limit, baseline = die.choice([4, 40, None]), die.choice(["true", "false"])
    text = STUDY.replace('"0.0..1.0"', f"{{ choices = {a} }}").replace('"1..16 int"', f"{{ choices = {b} }}")
    text = text.replace('sampler = "random"', f'sampler = "grid"\nbaseline = {baseline}')
    text = text.replace("trials = 40", "" if limit is None else f"trials = {limit}")
    study, _ = study_of(text)
    configurations = {(x, y) for x in a for y in b} | ({(0.5, 4)} if baseline == "true" else set())
    assert expected_total(study, ()) == min(len(configurations), limit or 99)
    again = [one(50 + n, {}, {"val_loss": 1.0}, role=Role.REPLICATE, replicate_of=0, seed=n) for n in range(3)]
    assert expected_total(study, again) == expected_total(study, ()) + 3


@pytest.mark.parametrize("why", ["", "the best lies at the edge"])
@pytest.mark.parametrize("engine", ["random", "optuna 5.0.0 tpe"])
def test_a_change_of_the_study_is_told_and_its_reason_stands_in_quotation_marks(why, engine):
    old = STUDY.replace('"0.0..1.0"', '"0.0..0.5"')
    before, after = (json.loads(json.dumps(studyfile.to_json(study_of(text)[0]))) for text in (old, STUDY))
    trials = [replace(t, engine=engine) for t in some(9, lambda die, _: round(1 + die.random(), 4), 3)]
    trials = [replace(t, revision=1 if t.number < 4 else 2) for t in trials]
    changes = "a: 0..0.5 → 0.0..1.0"
    revisions = (Revision(1, 0.0, before, ""), Revision(2, 1.0, after, why or changes))
    view = view_of(trials, STUDY)
    view = replace(view, study=replace(view.study, source="/nowhere/read.toml"))
    text = render_markdown(compose_report(ReportData(view, revisions=revisions))).text
    quoted = f"; “{why}”" if why else ""
    assert f"this is revision 2 ({changes}{quoted})." in text
    rest = ", nor the 4 that the search chose by their values" if "tpe" in engine else ""
    assert f"began: as it is now it does not give those trials{rest}." in text


LENGTHS = STUDY.replace("steps = 10", "epochs = 10").replace(
    'b = "1..16 int"', 'epochs = "{5, 10, 20}"\nb = "1..16 int"'
)


@pytest.mark.parametrize("seed", range(12))
def test_where_the_length_is_searched_its_trials_are_compared_and_the_lengths_named(seed):
    die = random.Random(seed)
    trials = []
    for n in range(die.choice([6, 14])):
        params = {"a": die.random(), "b": die.randint(1, 16), "epochs": die.choice([5, 10, 20])} if n else {}
        value = 1 + die.random() + (0.5 if n == 0 else 0)
        trials.append(one(n, params, {"val_loss": round(value, 4)}, role="search" if n else "baseline"))
    text, facts = report_of(trials, LENGTHS)
    best = min(trials, key=lambda trial: (trial.values["val_loss"], trial.number))
    assert facts.data.best.number == best.number
    assert "not comparable" not in text
    assert "not compared" not in text
    against, epochs = line_of(text, "Against"), best.params.get("epochs", 10)
    if best.number:
        assert (f"; the baseline trained for 10, the best for {epochs} epochs" in against) == (epochs != 10)
        assert f"it ran once and is the best of {len(trials)}" in line_of(text, "Sure that")
    fixed = STUDY.replace("steps = 10", "epochs = 10")
    if best.number and epochs != 10:  # a length that nobody searches is no setting like others
        assert "not comparable" in line_of(report_of(trials, fixed)[0], "Sure that")


CONDITION = STUDY.replace("trials = 40", 'trials = 40\noutcome = ["latency <= 0.5"]')


@pytest.mark.parametrize("seed", range(12))
def test_a_trial_that_breaks_a_condition_is_marked_in_its_row(seed):
    die = random.Random(seed)
    trials = some(die.choice([9, 26]), lambda die, _: round(1 + die.random(), 4), seed)
    first = trials[die.randrange(len(trials))]
    for n in range(2):
        values = {"val_loss": round(1 + die.random(), 4)}
        more = {"role": Role.REPLICATE, "replicate_of": first.number, "seed": 70 + n}
        trials.append(one(len(trials), first.params, values, **more))
    trials = with_latency(trials, die)
    text, facts = report_of(trials, CONDITION)
    broken = {trial.number for trial in trials if trial.metrics["latency"] > 0.5}
    rows = re.findall(r"^\| \**(\d+)([^|]*)\|", text, re.M)
    assert {int(n) for n, mark in rows if "breaks a condition" in mark} == broken
    assert {int(n) for n, mark in rows if "repeats" in mark} == {trial.number for trial in trials[-2:]}
    kept = [trial for trial in facts.data.order if trial.number not in broken]
    if len(trials) > 20 and kept and broken & {trial.number for trial in facts.data.order[:20]}:
        assert "best first; those that break a condition come behind the others" in text


@pytest.mark.parametrize("seed", range(8))
def test_the_curve_in_the_middle_has_the_rank_of_its_value(seed):
    die = random.Random(seed)
    trials = with_latency(some(12, lambda die, _: round(1 + die.random(), 4), seed), die)
    curves = {t.number: {"val_loss": curve(2.0, 1.8, 1.6, t.values["val_loss"])} for t in trials}
    text, _ = report_of(trials, CONDITION, curves=curves)
    kept = [trial for trial in trials if trial.metrics["latency"] <= 0.5]
    said = re.search(r"The last one is trial (\d+), number (\d+) of (\d+) trials that keep the conditions", text)
    assert (said is not None) == (3 < len(kept) < len(trials))
    if said:
        order = sorted(kept, key=lambda trial: (trial.values["val_loss"], trial.number))
        assert (order[int(said[2]) - 1].number, len(order)) == (int(said[1]), int(said[3]))


@pytest.mark.parametrize("seed", range(6))
def test_a_trial_that_was_cut_short_is_told_by_why_and_not_by_its_curve(seed):
    die = random.Random(seed)
    trials = some(9, lambda die, _: round(1 + die.random(), 4), seed)
    cut = die.sample(range(9), 3)
    trials = [replace(pruned(t), message=f"place {t.number} of 9") if t.number in cut else t for t in trials]
    ruined = trials[next(n for n in range(9) if n not in cut)]
    trials[ruined.number] = failed(ruined, Reason.NAN)
    curves = {t.number: {"val_loss": curve(2.0, 1.8, math.nan)} for t in trials if t.values is None}
    text, _ = report_of(trials, curves=curves)
    rows = {int(m[1]): m[2] for m in re.finditer(r"^\| trial (\d+) \|.*\| ([^|]+) \|$", text, re.M)}
    assert {n for n, told in rows.items() if "NaN" in told} == {ruined.number}
    assert all(rows[n] == f"place {n} of 9" for n in cut)
    assert "1 became NaN or infinite, 3 pruned" in line_of(text, "Went wrong")


@pytest.mark.parametrize("seed", range(10))
def test_the_change_against_the_baseline_is_one_number_wherever_it_stands(seed):
    die = random.Random(seed)
    trials = some(8, lambda die, _: round(2 + die.random(), 5), seed, seconds=100.0)
    trials[0] = replace(trials[0], role=Role.BASELINE, params={}, values={"val_loss": 4.2}, seconds=50.0)
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    again = {}
    for number, centre in ((0, 4.0), (best.number, 2.1)):
        for n in range(die.choice([0, 1, 3])):
            run = one(len(trials), trials[number].params, {"val_loss": round(centre + die.random() / 9, 5)})
            trials.append(replace(run, role=Role.REPLICATE, replicate_of=number, seed=60 + n, seconds=90.0))
            again.setdefault(number, []).append(trials[-1].values["val_loss"])
    for n, trial in enumerate(trials):  # a second metric, so that the table of the two is there
        metrics = {**trial.values, "bleu": round(die.random(), 3)}
        trials[n] = replace(trial, metrics=metrics, final=metrics)
    text, _ = report_of(trials, STUDY + "[metrics.bleu]\ngoal = 'maximize'\n")
    old = np.mean([4.2, *again.get(0, [])])
    new = np.mean(again.get(best.number, [best.values["val_loss"]]))
    row = next(row for row in text.split("\n") if row.startswith("| `val_loss` |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert float(cells[1]) == pytest.approx(old, abs=0.006)
    assert float(cells[2]) == pytest.approx(new, abs=0.006)
    change = 100 * (1 - new / old) if "%" in cells[3] else old - new
    assert float(cells[3].strip("−%")) == pytest.approx(change, abs=0.6 if "%" in cells[3] else 0.011)
    assert cells[3] in line_of(text, "Against")
    runs = 1 + len(again.get(0, []))
    told = re.search(r"`val_loss` of .*trial 0\)? is the mean of its (\d+) runs\.", text)
    assert (told is not None and int(told[1])) == (runs > 1 and runs)
    said = re.search(r"Against the baseline \(−([\d.]+) `val_loss`\) the best took", text)
    assert float(said[1]) == pytest.approx(old - new, abs=0.011)


@pytest.mark.parametrize("seed", range(12))
def test_a_baseline_that_is_the_best_by_a_lucky_run_is_told_by_all_its_runs(seed):
    die = random.Random(seed)
    goal = die.choice(["minimize", "maximize"])
    sign = 1 if goal == "minimize" else -1
    trials = some(8, lambda die, _: round(sign * (2 + die.random()), 5), seed)
    trials[0] = replace(trials[0], role=Role.BASELINE, params={}, values={"val_loss": sign * 1.9})
    for n in range(die.choice([0, 2, 4])):
        value = {"val_loss": round(sign * (die.choice([1.8, 2.2]) + die.random() / 5), 5)}
        trials.append(one(len(trials), {}, value, role=Role.REPLICATE, replicate_of=0, seed=60 + n))
    text, _ = report_of(trials, STUDY.replace('metric = "val_loss"', f'metric = "val_loss"\ngoal = "{goal}"'))
    runs = [trial.values["val_loss"] for trial in trials if trial.number == 0 or trial.number > 7]
    mean = float(np.mean(runs))
    better = sum(sign * trial.values["val_loss"] < sign * mean for trial in trials[1:8])
    said = line_of(text, "Sure that")
    found = re.search(r"; (\d+|none) (?:was|were) better than the mean of its (\d+) runs, ([−\d.]+)", said)
    assert (found is not None) == (len(runs) > 1 and sign * 1.9 * sign < sign * mean)
    if found:
        assert (0 if found[1] == "none" else int(found[1]), int(found[2])) == (better, len(runs))
        assert float(found[3].replace("−", "-")) == pytest.approx(mean, abs=0.006)
    assert "was better than the" in said
    assert said.split("?** ")[1] == line_of(text, "Against").split("**: ")[1]
