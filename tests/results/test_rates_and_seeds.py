"""Names, means in stages, ties, seeds, rates in per cent: what a report says of made-up studies."""

import random
import re
from dataclasses import replace

import numpy as np
import pytest

from hptui.core.rungs import MIN_FOR_CORRELATION, RungResult
from hptui.core.trial import Role, TrialStatus
from hptui.results.document import render_markdown
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from hptui.store.records import MetricSummary
from tests.results.examples import STUDY, report_of, some
from tests.results.kit import curve, view_of
from tests.results.seeds import one
from tests.results.test_what_counts import line_of

RATE = STUDY.replace('metric = "val_loss"', 'metric = "accuracy"\ngoal = "maximize"\nsamples = 200')
SEEDED = """
name = "read"
[objective]
metric = "val_loss"
[trainer]
kind = "read:train"
steps = 10
a = 0.5
[[stage]]
name = "first"
sampler = "random"
trials = 6
space = { a = "0.0..1.0" }
[[stage]]
name = "again"
from = "best 2"
seeds = 3
"""


@pytest.mark.parametrize("seed", range(12))
def test_no_sentence_begins_with_a_name_of_a_trial(seed):
    die = random.Random(seed)
    trials = some(9, lambda die, _: round(1 + die.random(), 4), seed)
    for n in die.sample(range(9), die.choice([1, 5, 9])):
        trials[n] = replace(
            trials[n], role=Role.LISTED, name=f"klein-{n}", params={**trials[n].params, "steps": 10 + n}
        )
    text, facts = report_of(trials)
    assert [row for row in text.split("\n") if re.match(r"(?:- |\d+\. )?klein", row)] == []
    for claim in facts.data.view.trials:
        written = facts.trial(claim, capital=True)
        assert str(written[0]).startswith("Trial")


@pytest.mark.parametrize("runs", range(1, 6))
def test_no_more_runs_of_the_baseline_are_asked_for_than_are_needed(runs):
    trials = [
        one(0, {}, {"val_loss": 2.0}, role=Role.BASELINE),
        *(one(n, {"a": n / 9, "b": n}, {"val_loss": 1.9 - n / 50}) for n in range(1, 6)),
    ]
    for n in range(runs - 1):
        more = {"role": Role.REPLICATE, "replicate_of": 0, "seed": 60 + n}
        trials.append(one(len(trials), {}, {"val_loss": 2.0 + 0.3 * (-1) ** n * (n + 1)}, **more))
    said = line_of(report_of(trials)[0], "Next")
    assert "--repeat best --seeds 3" in said
    assert ("--repeat 0 --seeds 3" in said) == (runs < 3)


@pytest.mark.parametrize("seed", range(12))
def test_a_stage_says_whether_its_best_is_a_mean_and_compares_with_the_mean_of_the_baseline(seed):
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 3.0}, role=Role.BASELINE, stage="first")]
    trials += [one(n, {"a": n / 9}, {"val_loss": round(2 + die.random(), 4)}, stage="first") for n in range(1, 6)]
    for n in range(die.choice([0, 2])):
        more = {"role": Role.REPLICATE, "replicate_of": 0, "seed": 60 + n}
        trials.append(one(len(trials), {}, {"val_loss": round(3 + die.random(), 4)}, stage="first", **more))
    for a in (0.2, 0.4):
        first = len(trials)
        for k in range(3):
            more = {"role": Role.REPLICATE, "replicate_of": first, "seed": 42 + k} if k else {}
            trials.append(one(len(trials), {"a": a}, {"val_loss": round(2 + die.random(), 4)}, stage="again", **more))
    text, _ = report_of(trials, SEEDED)
    rows = {
        name: next(row for row in text.split("\n") if row.startswith(f"- Stage {name}")) for name in ("first", "again")
    }
    assert "(one run, the best of 6)" in rows["first"]
    assert "(mean of its 3 runs)" in rows["again"]
    base = [trial.values["val_loss"] for trial in trials if trial.number == 0 or trial.replicate_of == 0]
    means = [
        float(np.mean([t.values["val_loss"] for t in trials if t.stage == "again" and t.params == {"a": a}]))
        for a in (0.2, 0.4)
    ]
    said = re.search(r"; ([\d.]+) (lower|higher) than", rows["again"])
    change = min(means) - float(np.mean(base))
    assert said is None or abs(float(said[1]) - abs(change)) <= 2e-2
    assert said is None or (said[2] == "lower") == (change < 0)
    assert ("the first baseline, mean of its 3 runs" in rows["again"]) == (len(base) == 3)


@pytest.mark.parametrize("count", range(1, 10))
def test_a_rank_correlation_stands_with_the_trials_that_it_is_of_and_never_of_few(count):
    trials = some(10, lambda die, _: round(1 + die.random(), 4), count)
    for n in range(count, 10):
        trials[n] = replace(trials[n], status=TrialStatus.PRUNED, values=None)
    results = [RungResult(n, 1, 2, 0, 0.3, 2.0 + n / 9, 3, 0.0, 1.0 if n < count else None) for n in range(10)]
    record = ReportData(view_of(trials, STUDY), rung_results=results)
    text = render_markdown(compose_report(record)).text
    row = next(row for row in text.split("\n") if row.startswith("| 1 of 2"))
    shown = row.strip("| ").split(" | ")[-1]
    assert shown.endswith(f"({count} trial{'s' if count > 1 else ''})")
    assert shown.startswith("–") == (count < MIN_FOR_CORRELATION)


@pytest.mark.parametrize("seed", range(12))
def test_a_rate_in_per_cent_changes_by_points_of_its_own(seed):
    die, factor = random.Random(seed), random.Random(seed).choice([1, 100])
    trials = [one(0, {}, {"accuracy": factor * die.randint(60, 120) / 200}, role=Role.BASELINE)]
    values = [factor * die.randint(130, 190) / 200 for _ in range(6)]
    trials += [one(n, {"a": n / 9, "b": n}, {"accuracy": value}) for n, value in enumerate(values, 1)]
    text, facts = report_of(trials, RATE)
    said = re.search(r"\(\+([\d.]+) points?\)", line_of(text, "Against"))
    best = facts.data.best.values["accuracy"] - trials[0].values["accuracy"]
    assert abs(float(said[1]) - 100 * best / factor) <= 0.06


@pytest.mark.parametrize("seed", range(10))
def test_equal_fresh_runs_are_told_as_that(seed):
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 2.0}, role=Role.BASELINE)]
    trials += [one(n, {"a": n / 9, "b": n}, {"val_loss": round(1 + die.random() / 2, 4)}) for n in range(1, 7)]
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    values = [1.5, 1.5] if seed % 2 else [1.5, 1.6]
    for n, value in enumerate(values):
        more = {"role": Role.REPLICATE, "replicate_of": best.number, "seed": 60 + n}
        trials.append(one(len(trials), best.params, {"val_loss": value}, **more))
    said = line_of(report_of(trials)[0], "Sure")
    assert ("all of them equal" in said) == (seed % 2 == 1)
    assert "nothing is known" not in said


@pytest.mark.parametrize("seed", range(16))
def test_a_value_that_most_trials_have_is_nobodys_luck(seed):
    die, count = random.Random(seed), random.Random(seed).choice([4, 9, 30])
    equal = die.choice([1, 2, count // 2, count - 1])
    values = [1.0] * equal + [round(1.5 + n / 7, 3) for n in range(count - equal)]
    die.shuffle(values)
    trials = [one(n, {"a": die.random(), "b": die.randint(1, 16)}, {"val_loss": v}) for n, v in enumerate(values)]
    text, _ = report_of(trials)
    assert ("its value is likely to look better" in text) == (equal == 1 or 2 * equal < count)
    sure = line_of(text, "Sure")
    assert (f"among the {equal} best of {count}" in text) == (equal > 1) or "not comparable" in sure


@pytest.mark.parametrize("seed", range(12))
def test_a_cut_of_whole_numbers_is_not_rounded_to_one_of_them(seed):
    die = random.Random(seed)
    trials = some(24, lambda die, params: float(die.choice([1, 1, 2, 3, 9, 9])), seed)
    text, _ = report_of(trials)
    values = np.array([trial.values["val_loss"] for trial in trials])
    low, middle, high = np.percentile(values, [25, 50, 75])
    cut = middle + 1.5 * (high - low)
    said = re.search(r"Values above (\S+) count as (\S+)\.", text)
    assert said is None or float(said[1]) == float(said[2]) == pytest.approx(cut, rel=1e-3)
    assert (said is None) or (values > float(said[1])).sum() == (values > cut).sum()
    assert die is not None


@pytest.mark.parametrize("seed", range(12))
def test_a_metric_that_some_trials_no_longer_report_is_told(seed):
    die = random.Random(seed)
    trials = [replace(trial, last_step=100) for trial in some(9, lambda die, _: round(1 + die.random(), 4), seed)]
    early = sorted(die.sample(range(9), die.choice([0, 1, 3])))
    step = {n: die.choice([30, 60]) if n in early else die.choice([90, 100]) for n in range(9)}
    kept = {n: MetricSummary(step[n], 1.0, 1.0, 1, 2.0, 1, 5, 0) for n in range(9)}
    record = ReportData(view_of(trials, STUDY), summaries={"val_loss": kept})
    text = render_markdown(compose_report(record)).text
    said = [row for row in text.split("\n") if "last reported `val_loss` long before the end" in row]
    assert len(said) == bool(early)
    if early:
        names = re.findall(r"\d+", said[0].split(" last reported")[0])
        assert [int(name) for name in names] == early
        assert f"at step {step[early[0]]} of 100" in said[0]


@pytest.mark.parametrize("seed", range(10))
def test_a_level_that_one_trial_alone_has_is_named_beside_what_rests_on_it(seed):
    die, alone = random.Random(seed), random.Random(seed).choice([None, 16, 64])
    levels = [value for value in (8, 16, 32, 64) if value != alone]
    study = STUDY.replace('b = "1..16 int"', 'b = "{8, 16, 32, 64}"').replace("b = 4", "b = 8")
    trials = []
    for n in range(24):
        b = alone if alone and n == 9 else levels[n % len(levels)]
        value = 3 - 0.5 * np.log2(b) + die.gauss(0, 0.02)
        trials.append(one(n, {"a": round(die.random(), 4), "b": b}, {"val_loss": round(value, 4)}))
    text, _ = report_of(trials, study)
    row = next(row for row in text.split("\n") if "On average `val_loss` falls as `b` grows" in row)
    assert ("only one trial has" in row) == (alone is not None)
    assert alone is None or row.endswith(f"; only one trial has {alone}.")


@pytest.mark.parametrize("seed", range(16))
def test_where_two_runs_of_a_configuration_differ_the_seed_is_said_to_change_something(seed):
    """Values of few digits are equal by chance, and so are the first, the last and the best of a curve."""
    die, count = random.Random(seed), random.Random(seed).choice([2, 3, 4])
    same = die.choice([0, 1, count])
    trials = some(6, lambda die, _: round(1 + die.random(), 4), seed)
    summaries = {trial.number: MetricSummary(9, trial.values["val_loss"], 1.0, 9, 3.0, 1, 9, 0) for trial in trials}
    best = min(trials, key=lambda trial: trial.values["val_loss"])
    value = best.values["val_loss"]
    for n in range(count):
        own = value if n < same else round(value + 0.01 * (n + 1), 4)
        more = {"role": Role.REPLICATE, "replicate_of": best.number, "seed": 60 + n}
        trials.append(one(len(trials), best.params, {"val_loss": own}, **more))
        summaries[len(trials) - 1] = MetricSummary(9, own, own, 9, 3.123457, 1, 9, 0)
    summaries[best.number] = MetricSummary(9, value, value, 9, 3.123457, 1, 9, 0)
    record = ReportData(
        view_of(trials, STUDY.replace('kind = "read:train"', 'kind = "toy"')), summaries={"val_loss": summaries}
    )
    text = render_markdown(compose_report(record)).text
    assert ("The seed changes nothing" in text) == (same == count)


@pytest.mark.parametrize("seed", range(12))
def test_equals_of_the_best_of_a_stage_are_named(seed):
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 3.0}, role=Role.BASELINE, stage="first")]
    trials += [one(n, {"a": n / 9}, {"val_loss": float(die.choice([1, 2]))}, stage="first") for n in range(1, 6)]
    text, _ = report_of(trials, SEEDED)
    row = next(row for row in text.split("\n") if row.startswith("- Stage first"))
    least = min(trial.values["val_loss"] for trial in trials)
    equal = [trial.number for trial in trials if trial.values["val_loss"] == least]
    said = re.search(r", as trials? ([\d, and]+?) \(one run, among the (\d) best of 6\)", row)
    assert (said is not None) == (len(equal) > 1)
    if said:
        assert [int(n) for n in re.findall(r"\d+", said[1])] == equal[1:]
        assert int(said[2]) == len(equal)


@pytest.mark.parametrize("scale", [1e-9, 1e-4, 1.0, 1e5, 1e9, 1e12])
def test_a_size_has_no_more_digits_than_are_known_of_it(scale):
    trials = some(24, lambda die, params: scale * (1 + params["a"] ** 2 + 0.05 * die.random()), 3)
    text, _ = report_of(trials)
    sizes = re.findall(r"still gradually change `val_loss` by up to ([\d.,e+-]+?)[.,]?(?: |$)", text, re.M)
    assert sizes
    for size in sizes:
        digits = size.rstrip(".").partition("e")[0].replace(",", "").replace(".", "").lstrip("0").rstrip("0")
        assert 1 <= len(digits) <= 2
        assert "0e" not in size


@pytest.mark.parametrize("seed", range(8))
def test_no_trial_is_said_to_have_settings_of_a_file_that_does_not_set_them(seed):
    die = random.Random(seed)
    sets = die.random() < 0.5
    study = STUDY if sets else STUDY.replace("a = 0.5\nb = 4\n", "")
    trials = some(6, lambda die, _: round(1 + die.random(), 4), seed)
    if sets:
        trials[2] = replace(trials[2], params={"a": 0.5, "b": 4})
    said = line_of(report_of(trials, study)[0], "Against")
    assert ("trial 2 has the settings of the study file" in said) == sets
    assert ("no trial ran the settings of the study file" in said) != sets


@pytest.mark.parametrize("seed", range(10))
def test_runs_of_one_configuration_count_together_whichever_trials_they_are(seed):
    die, again = random.Random(seed), seed % 5
    trials = some(6, lambda die, _: round(2 + die.random(), 4), seed)
    trials.append(one(6, {"a": 0.5, "b": 4}, {"val_loss": 1.0}))
    for n in range(again):
        is_own = die.random() < 0.5
        more = {} if is_own else {"role": Role.REPLICATE, "replicate_of": 0, "seed": 70 + n}
        params = {"a": 0.5, "b": 4} if is_own else trials[0].params
        trials.append(one(len(trials), params, {"val_loss": round(1.1 + n / 9, 4)}, **more))
    runs = 1 + sum(trial.params == {"a": 0.5, "b": 4} for trial in trials[7:])
    said = line_of(report_of(trials)[0], "Next")
    assert ("--repeat best" in said) == (runs < 3)


def test_trials_have_in_the_text_the_names_that_the_table_shows():
    for seed in range(8):
        die = random.Random(seed)
        trials = some(6, lambda die, _: round(1 + die.random(), 4), seed)
        for n in range(6):
            title = f"The {n}th try" if die.random() < 0.6 else ""
            trials[n] = replace(trials[n], role=Role.LISTED, name=f"try-{n}", title=title)
        text, facts = report_of(trials)
        shown = facts.given_name(facts.data.best)
        rows = [row for row in text.split("\n") if row.startswith("| ") and shown in row]
        assert rows, (seed, shown)


@pytest.mark.parametrize("seed", range(10))
def test_a_setting_that_some_trials_ran_without_is_a_change_and_a_row(seed):
    """As after a setting was renamed in the study file."""
    die = random.Random(seed)
    study = STUDY.replace('b = "1..16 int"', 'c = "1..16 int"')
    trials = [one(0, {}, {"val_loss": 3.0}, role=Role.BASELINE)]
    for n in range(1, 9):
        name = die.choice("bc")
        trials.append(one(n, {"a": round(die.random(), 4), name: n + 4}, {"val_loss": round(1 + die.random(), 4)}))
    trials = [replace(t, revision=2) if "c" in t.params else t for t in trials]
    text, facts = report_of(trials, study)
    rows = [row for row in text.split("\n") if row.startswith(("| `c` |", "|  |"))]
    without = [trial for trial in trials if "c" not in facts.view.settings(trial)]
    said = [row for row in text.split("\n") if "| not set |" in row]
    assert rows
    assert len(said) == 1
    assert f"| not set | {len(without)} |" in said[0]
    best = facts.data.best
    changed = line_of(text, "Changed")
    assert ("`c` not set →" in changed) == ("c" in best.params)


@pytest.mark.parametrize("seed", range(8))
def test_what_the_stage_of_the_baseline_sets_is_no_change(seed):
    die = random.Random(seed)
    study = SEEDED.replace('space = { a = "0.0..1.0" }', 'set = { steps = 20 }\nspace = { a = "0.0..1.0" }')
    sets = {"steps": 20}
    trials = [one(0, sets, {"val_loss": 3.0}, role=Role.BASELINE, stage="first")]
    values = [({"a": round(die.random(), 4), **sets}, {"val_loss": round(1 + die.random(), 4)}) for _ in range(5)]
    trials += [one(n, params, value, stage="first") for n, (params, value) in enumerate(values, 1)]
    said = line_of(report_of(trials, study)[0], "Changed")
    assert "`a` 0.5 → " in said
    assert "steps" not in said


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
@pytest.mark.parametrize("stem", ["loss", "acc", "reward", "elbo"])
def test_the_training_metric_is_judged_as_the_objective_of_which_it_is_another_split(goal, stem):
    study = STUDY.replace('metric = "val_loss"', f'metric = "val_{stem}"\ngoal = "{goal}"')
    sign = 1 if goal == "minimize" else -1
    worse = [sign * value for value in (1.0, 0.5, 0.2, 0.6, 1.1, 1.6, 2.1, 2.6)]
    found = set()
    for train in (worse, [-value for value in worse]):
        trials = some(9, lambda die, _: round(1 + die.random() / 9, 4), 1)
        trials = [replace(trial, values={f"val_{stem}": trial.values["val_loss"]}) for trial in trials]
        dies = [random.Random(n) for n in range(9)]
        curves = {
            n: {
                f"val_{stem}": curve(*(value + die.gauss(0, 0.01) for value in worse)),
                f"train_{stem}": curve(*(value + die.gauss(0, 0.01) for value in train)),
            }
            for n, die in enumerate(dies)
        }
        text, _ = report_of(trials, study, curves=curves)
        found.add(("overfitting" in text, train is worse))
    assert (True, True) not in found
    assert (True, False) in found


@pytest.mark.parametrize("seed", range(12))
def test_who_leads_by_means_is_told_where_a_single_run_is_the_best(seed):
    """A stage ran the two best of the first one again, each several times."""
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 3.0}, role=Role.BASELINE, stage="first")]
    values = [1.0, 1.1, 2.0, 2.1, 2.2]
    trials += [one(n, {"a": n / 9}, {"val_loss": value}, stage="first") for n, value in enumerate(values, 1)]
    means = {}
    for n in (1, 2):
        first, centre = len(trials), die.choice([1.2, 1.4])
        runs = [round(centre + die.random() / 9, 4) for _ in range(3)]
        means[first] = float(np.mean(runs))
        for k, value in enumerate(runs):
            more = {"role": Role.REPLICATE, "replicate_of": first, "seed": 42 + k} if k else {}
            trials.append(one(len(trials), {"a": n / 9}, {"val_loss": value}, stage="again", **more))
    text, facts = report_of(trials, SEEDED)
    assert facts.data.best.number == 1
    own, other = list(means)
    said = re.search(
        r"By means of several runs trial (\d+) leads: (\S+); the settings of the best have (\S+) \(as", text
    )
    assert (said is not None) == (means[other] < means[own])
    if said:
        assert int(said[1]) == other
        assert float(said[2]) == pytest.approx(means[other], abs=6e-3)
        assert float(said[3]) == pytest.approx(means[own], abs=6e-3)


@pytest.mark.parametrize("seed", range(8))
def test_of_an_imported_trial_nothing_is_said_that_its_record_does_not_say(seed):
    die = random.Random(seed)
    trials = [one(0, {}, {"val_loss": 3.0}, role=Role.BASELINE)]
    for n in range(1, 5):
        role = Role.IMPORTED if n == 2 or die.random() < 0.5 else Role.SEARCH
        params = {"a": round(die.random(), 4), "b": 9 + n}
        trials.append(one(n, params, {"val_loss": 0.5 if n == 2 else 1.5}, role=role, facts={"settings_unknown": True}))
    text, facts = report_of(trials)
    assert facts.data.best.number == 2
    assert "not set" not in line_of(text, "Changed")


@pytest.mark.parametrize("count", range(2, 12))
def test_settings_that_varied_are_never_said_not_to_have(count):
    """Curves that are the very same whatever is set: settings that seem to be ignored."""
    trials = some(count, lambda die, _: 1.331234, count)
    kept = {n: MetricSummary(9, 1.331234, 1.331234, 9, 2.482345, 1, 9, 0) for n in range(count)}
    record = ReportData(view_of(trials, STUDY), summaries={"val_loss": kept})
    text = render_markdown(compose_report(record)).text
    assert "seems to be ignored" in text
    assert "nothing was varied" not in text
