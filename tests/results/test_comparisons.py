"""What a report says of the best against the others: made-up studies, and each sentence computed again beside it."""

import math
import random
import re
from dataclasses import replace
from statistics import fmean

import pytest
from scipy import stats

from hptui.core.trial import FROM_TRIAL, Role
from hptui.results import claims
from hptui.results.analysis.luck import expected_best
from hptui.results.document import render_markdown
from hptui.results.fact_writer import FactWriter
from hptui.results.html_report import render_html
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.examples import IMPORTED, SEEDED, STUDY, seeded, some
from tests.results.kit import view_of
from tests.results.seeds import one

LENGTH = {"total_steps": 10, "last_step": 10}
CONDITIONS = STUDY.replace("trials = 40", 'trials = 40\noutcome = ["latency <= 2"]')


def read(trials, text=STUDY, **more):
    """The first screen by its labels, the whole text, and the facts."""
    record = ReportData(view_of(trials, text), **more)
    whole = render_markdown(compose_report(record)).text
    first = dict(re.findall(r"^- \*\*([^*]+?)\??\*\*:? (.*)$", whole.split("\n## ")[0], re.MULTILINE))
    return first, whole, FactWriter(record)


def repeat(trials, number, values, seed):
    """Add runs of a trial with other seeds."""
    for n, value in enumerate(values):
        own = {"role": Role.REPLICATE, "replicate_of": number, "seed": seed + n, **LENGTH}
        trials.append(one(len(trials), dict(trials[number].params), {"val_loss": round(value, 5)}, **own))


def numbers_in(text):
    """The trials that a phrase such as `trials 1, 2 and 5 cannot be told apart from it` names."""
    match = re.search(r"trials? ([\d, and]+) cannot", text)
    return set(map(int, re.findall(r"\d+", match[1]))) if match else set()


@pytest.mark.parametrize("seed", range(24))
def test_sure_and_nearly_as_good_never_contradict_each_other(seed):
    die = random.Random(seed)
    noise, gap = die.choice([0.01, 0.05]), die.choice([-0.05, 0.0, 0.05, 0.1, 0.3])
    trials = some(die.choice([2, 3, 6, 12]), lambda die, _: 1.5 + die.gauss(0, noise), seed, **LENGTH)
    trials[0] = replace(trials[0], role=Role.BASELINE, params={}, values={"val_loss": round(1.55 + gap, 5)})
    best = min(trials, key=lambda trial: (trial.values["val_loss"], trial.number))
    if best.number == 0:
        return
    paired = die.random() < 0.5
    shared = [die.gauss(0, noise) for _ in range(3)]
    repeat(trials, best.number, [1.5 + e + die.gauss(0, noise / 5) for e in shared], 100)
    repeat(trials, 0, [1.5 + gap + e + die.gauss(0, noise / 5) for e in shared], 100 if paired else 200)
    first, whole, facts = read(trials)
    answer = claims.sure(facts).premise["answer"]
    test = facts.data.range_test
    alike, worse, better = ({t.number for t in group} for group in (test.alike, test.worse, test.better))
    assert (0 in alike, 0 in worse, 0 in better) == (answer == "no", False, answer == "worse")
    named = numbers_in(first["Nearly as good"])
    assert named <= alike
    assert first["Sure that it is better"].startswith(answer)
    if answer == "yes":
        assert 0 not in named
        assert re.search("the baseline.* is worse by fresh runs", first["Nearly as good"])
        assert "aseline is worse by fresh runs" in whole.split("## Trials")[0].split("## The best")[1]
    if answer == "worse":
        assert "better by repeats" in first["Nearly as good"]
    interval = re.search(r"\((\S+) to (\S+?)[,)]", first["Sure that it is better"])
    assert interval[1] != interval[2], "an interval that has a width shows it"


@pytest.mark.parametrize("seed", range(20))
def test_worse_is_worse_and_better_is_better(seed):
    """Tukey's range again, by its definition; the best by one run may be behind by all of them."""
    die = random.Random(seed)
    trials = some(die.choice([3, 5]), lambda die, _: 1.6 + die.gauss(0, 0.02), seed, **LENGTH)
    trials[1] = replace(trials[1], values={"val_loss": 1.4})
    count = len(trials)
    repeat(trials, 1, [die.choice([1.45, 1.6, 1.7]) + die.gauss(0, 0.01) for _ in range(4)], 100)
    repeat(trials, 2, [trials[2].values["val_loss"] + die.gauss(0, 0.01) for _ in range(4)], 200)
    groups = {n: [t.values["val_loss"] for t in trials if t.number == n or t.replicate_of == n] for n in range(count)}
    squares = sum(sum((v - fmean(group)) ** 2 for v in group) for group in groups.values())
    df = sum(len(group) - 1 for group in groups.values())
    limit = stats.studentized_range.ppf(0.95, count, df) / math.sqrt(2) * math.sqrt(squares / df)
    expected = {"worse": set(), "alike": set(), "better": set()}
    for n, group in groups.items():
        if n == 1:
            continue
        lead = fmean(group) - fmean(groups[1])
        apart = abs(lead) > limit * math.sqrt(1 / len(group) + 1 / len(groups[1]))
        expected["alike" if not apart else "worse" if lead > 0 else "better"].add(n)
    first, whole, facts = read(trials)
    test = facts.data.range_test
    assert {name: {t.number for t in getattr(test, name)} for name in expected} == expected
    for n in expected["better"]:
        assert re.search(rf"trials? (\d+[, and]*)*{n}\b[^;]*better by repeats", first["Nearly as good"])
        assert n not in numbers_in(first["Nearly as good"])
    said = " ".join(claim.sentence for claim in claims.best_claims(facts) if claim.kind in ("R1", "R2"))
    for sentence in re.findall(r"trials? ([\d, and]+) (?:is|are) worse", said):
        assert set(map(int, re.findall(r"\d+", sentence))) == expected["worse"]
    assert "\n" in whole


@pytest.mark.parametrize("seed", range(16))
def test_a_trial_that_breaks_a_condition_is_in_no_comparison(seed):
    die = random.Random(seed)
    trials = some(die.choice([2, 4, 9, 14]), lambda die, _: 1.5 + die.gauss(0, 0.05), seed, **LENGTH)
    broken = {trial.number for trial in trials if die.random() < 0.3}
    trials = [
        replace(
            trial,
            values={"val_loss": round(0.5 + die.random() / 10, 4)} if trial.number in broken else trial.values,
            metrics={"latency": 3.0 if trial.number in broken else 1.0},
            final={"latency": 3.0 if trial.number in broken else 1.0},
        )
        for trial in trials
    ]
    kept = [trial for trial in trials if trial.number not in broken]
    if not kept:
        return
    best = min(kept, key=lambda trial: (trial.values["val_loss"], trial.number))
    if die.random() < 0.5:
        repeat(trials, best.number, [1.5 + die.gauss(0, 0.05) for _ in range(3)], 100)
        trials = [replace(t, metrics={"latency": 1.0, **t.metrics}, final={"latency": 1.0, **t.final}) for t in trials]
    first, whole, facts = read(trials, CONDITIONS)
    assert f"trial {best.number}," in first["Best"]
    found = [claim for claim in claims.best_claims(facts) if claim.kind in ("R1", "R2", "W1", "W3")]
    for claim in [*found, claims.alike(facts)]:
        assert not broken & set(claim.trials), claim.sentence
    for count in re.findall(r"the best of (\d+)", whole):
        assert int(count) == len(kept)
    order = [trial for trial in kept if trial.role is not Role.REPLICATE]
    if facts.data.outlook is not None:
        assert facts.data.outlook.best_at == [trial.number for trial in order].index(best.number) + 1
        assert f"of {len(order)} trials that keep the conditions" in whole or not broken
    assert not broken or "| latency |" in whole, "what the condition is on stands in the table"


@pytest.mark.parametrize("seed", range(20))
def test_the_first_screen_says_that_another_trial_leads_by_fresh_runs(seed):
    die = random.Random(seed)
    trials = some(8, lambda die, _: 1.5 + die.gauss(0, 0.05), seed, **LENGTH)
    order = sorted(trials, key=lambda trial: (trial.values["val_loss"], trial.number))
    means = {}
    for place, trial in enumerate(order[: die.choice([1, 2, 3])]):
        values = [round(1.5 + die.gauss(0, 0.05), 5) for _ in range(die.choice([1, 2, 3]))]
        repeat(trials, trial.number, values, 100 + 10 * place)
        means[trial.number] = fmean(values)
    leader = min(means, key=lambda n: (means[n], n))
    first, _, facts = read(trials)
    said = re.search(r"by fresh runs trial (\d+) leads: .*? (\d\.\d+)(?: \(|$)", first["Best"])
    assert (said is not None) == (leader != order[0].number)
    if said is not None:
        assert int(said[1]) == leader
        assert said[2] == facts.format_value("val_loss", means[leader])


@pytest.mark.parametrize(
    ("own", "known", "reason"),
    [({}, True, "it is not known"), ({"steps": 10}, True, ""), ({"steps": 20}, True, "different lengths")],
)
@pytest.mark.parametrize("seed", range(3))
def test_an_imported_best_stands_beside_the_best_that_ran_here(own, known, reason, seed):
    trials = some(9, lambda die, _: 2 + die.random(), seed, **(LENGTH if known else {}))
    native = min(trials, key=lambda trial: (trial.values["val_loss"], trial.number))
    for n, value in ((9, 1.0), (10, 1.1)):
        facts = {"imported_from": f"{n}.csv"}
        trials.append(one(n, {"a": 0.3, "b": n, **own}, {"val_loss": value}, **IMPORTED, facts=facts))
    first, _, facts = read(trials)
    assert "trial 9 (imported)" in first["Best"]
    value = facts.format_value("val_loss", native.values["val_loss"])
    assert f"the best that ran here is trial {native.number}, {value}" in first["Best"]
    assert (reason in first["Best"]) if reason else first["Best"].endswith(value)
    if not own:  # two files, and neither says how long its trials trained
        assert "no other trial is comparable with it" in first["Nearly as good"]


@pytest.mark.parametrize("seed", range(10))
def test_the_luck_of_a_mean_is_that_of_a_mean(seed):
    trials = seeded(seed)
    _, _, facts = read(trials, SEEDED)
    claim = next((claim for claim in claims.best_claims(facts) if claim.kind == "W3"), None)
    if claim is None:
        return
    runs = [1 + sum(t.replicate_of == o.number and t.values is not None for t in trials) for o in facts.data.order]
    error = claim.premise["deviation"] * math.sqrt(fmean(1 / n for n in runs))
    said = float(re.search(r"would be about (\S+) below", claim.sentence)[1])
    assert said == pytest.approx(expected_best(len(runs)) * error, rel=0.06)
    if max(runs) > 1:
        word = "each" if min(runs) > 1 else "some"  # one whose other runs failed is ranked by its only one
        assert f"{word} ranked by the mean of its runs" in claim.sentence


TWO = STUDY.replace(
    '[objective]\nmetric = "val_loss"', '[[objective]]\nmetric = "val_loss"\ngoal = "minimize"'
).replace("[trainer]", '[[objective]]\nmetric = "latency"\ngoal = "minimize"\n[trainer]', 1)


@pytest.mark.parametrize("seed", range(6))
def test_what_mattered_is_said_for_each_objective(seed):
    die = random.Random(seed)
    trials = some(16, lambda die, _: 1.0, seed, **LENGTH)
    trials = [
        replace(
            trial,
            values={
                "val_loss": round(1 + trial.params["a"] + die.gauss(0, 0.02), 4),
                "latency": round(trial.params["b"] / 10 + die.gauss(0, 0.02), 4),
            },
        )
        for trial in trials
    ]
    first, whole, facts = read(trials, TWO)
    parts = dict(re.findall(r"for `(\w+)`: (.*?)(?= · |$)", first["Mattered"]))
    for metric, real, other in (("val_loss", "a", "b"), ("latency", "b", "a")):
        matter = {name for group in facts.data.effect_analysis(metric).matter for name in group.settings}
        assert real in matter
        assert parts[metric].startswith(f"`{real}` (evidence")
        assert (f"not shown for `{other}`" in parts[metric]) == (other not in matter)
    for sentence in re.findall(r"These trials do not show .*", whole):
        assert " for `" in sentence.split(":")[0].split(";")[0], "of which objective"


def test_a_search_that_came_to_its_best_last_is_not_said_to_go_on_so():
    trials = some(9, lambda die, _: 2 + die.random(), 1, **LENGTH)
    trials[8] = replace(trials[8], values={"val_loss": 1.0})
    _, whole, _ = read(trials)
    assert "The best ended last of 9 trials." in whole
    assert "still finding" not in whole


@pytest.mark.parametrize("seed", range(8))
def test_what_a_trial_changed_is_not_called_fixed(seed):
    die = random.Random(seed)
    text = STUDY.replace("b = 4", "b = 4\nwidth = 8\ndepth = 2\nkind_of = 'x'")
    changes = {"width": [8, 16], "depth": [2, 3], "kind_of": ["x", "y"]}
    listed = die.sample(sorted(changes), die.randint(0, 3))
    trials = some(6, lambda die, _: 1 + die.random(), seed, **LENGTH)
    for name in listed:
        params = {name: changes[name][1]}
        trials.append(one(len(trials), params, {"val_loss": 1.5}, role=Role.LISTED, **LENGTH))
    _, whole, _ = read(trials, text)
    fixed = whole.partition("<summary>Fixed and derived parameters</summary>")[2].partition("</details>")[0]
    names = set(re.findall(r"^\| `(\w+)` \|", fixed, re.MULTILINE))
    assert names == {"steps", *(set(changes) - set(listed))}


@pytest.mark.parametrize("seed", range(8))
def test_a_longer_training_is_not_the_best_of_shorter_ones_by_luck(seed):
    die = random.Random(seed)
    trials = some(9, lambda die, _: 1.5 + die.gauss(0, 0.05), seed, **LENGTH)
    longer = die.choice([1, 2])
    for n in range(longer):
        params = {**trials[n].params, "steps": 40}
        own = die.choice([{"role": Role.MANUAL}, {"role": Role.LISTED, "facts": {FROM_TRIAL: n}}])
        trials.append(one(9 + n, params, {"val_loss": 1.0 + n / 10}, **own, total_steps=40, last_step=40))
    first, whole, facts = read(trials)
    assert "trial 9," in first["Best"]
    counts = set(map(int, re.findall(r"the best of (\d+)", whole)))
    assert counts == ({longer} if longer > 1 else set())
    assert facts.data.outlook is None
    assert "The best came" not in whole


@pytest.mark.parametrize("seed", range(8))
def test_the_baseline_counts_with_all_its_runs(seed):
    die = random.Random(seed)
    trials = some(6, lambda die, _: 1.5 + die.gauss(0, 0.05), seed, **LENGTH)
    trials[0] = replace(trials[0], role=Role.BASELINE, params={}, values={"val_loss": 1.6})
    values = [round(1.6 + die.gauss(0, 0.05), 5) for _ in range(die.randint(0, 3))]
    repeat(trials, 0, values, 100)
    first, _, facts = read(trials)
    mean = facts.format_value("val_loss", fmean([1.6, *values]))
    said = first["Against the baseline"]
    assert said.startswith(f"{mean} (mean of {len(values) + 1} runs) → " if values else f"{mean} → ")


@pytest.mark.parametrize("seed", range(8))
def test_a_front_with_an_imported_trial_is_compared_as_far_as_it_can_be(seed):
    die = random.Random(seed)
    trials = some(9, lambda die, _: 1.0, seed, **LENGTH)
    trials = [
        replace(trial, values={"val_loss": round(1 + die.random(), 4), "latency": round(1 + die.random(), 4)})
        for trial in trials
    ]
    trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    values = {"val_loss": die.choice([0.5, 1.2]), "latency": die.choice([0.5, 1.2])}
    trials.append(one(9, {"a": 0.3, "b": 2}, values, **IMPORTED))
    first, whole, facts = read(trials, TWO)
    front = {trial.number for trial in facts.data.best_trials}
    old = trials[0].values
    native = [trial for trial in trials[1:9] if trial.number in front]
    better = [trial for trial in native if all(trial.values[name] < old[name] for name in old)]
    said = first["Against the baseline"]
    if front == {9}:
        assert said.startswith("not comparable: ")
        assert "trial 9 (imported)" in first["Best"]
    elif 0 not in front:
        assert said.startswith(f"{len(better)} of the {len(native)} trial")
        assert ("the others are not comparable" in said) == (9 in front)
    if 9 in front:
        assert "| trial 9 (imported) |" in whole
    assert "was the last to add to it" not in whole, "nobody knows when an imported trial ended"
    assert whole.count("1 imported trial does not count.") == 1


@pytest.mark.parametrize("seed", range(6))
def test_the_data_of_a_trial_in_a_page_is_marked_as_in_the_tables(seed):
    die = random.Random(seed)
    trials = some(5, lambda die, _: round(1 + die.random(), 4), seed, **LENGTH)
    number = die.randrange(5)
    trials[number] = replace(trials[number], values=None, metrics={"val_loss": 7.5}, status="pruned", reason="pruner")
    other = (number + 1) % 5
    trials[other] = replace(trials[other], effective={"b": 99}, note="look at this")
    trials.append(one(5, {}, {"val_loss": 3.0}, role=Role.BASE))
    record = ReportData(view_of(trials, STUDY))
    page = render_html(compose_report(record), record)
    data = dict(re.findall(r'(?s)<details id="trial-(\d+)">(.*?)</details>', page))
    assert "<td>(7.5)</td>" in data[str(number)]
    assert f"<td>{trials[other].params['b']} → 99</td>" in data[str(other)]
    assert "<td>“look at this”</td>" in data[str(other)]
    assert "<p>Settings</p>" not in data["5"]
    assert all(f"<td>{t.values['val_loss']:.4g}</td>" in data[str(t.number)] for t in trials[:5] if t.values)
