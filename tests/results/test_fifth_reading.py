"""What a fifth hostile reading found, each kind recomputed: regions, luck of rates, places, remedies, pruned trials."""

import random
import re
from dataclasses import replace
from itertools import takewhile

import numpy as np
import pytest

from hptui.core.format import duration
from hptui.core.trial import Reason, Role, TrialStatus
from tests.results.seeds import one
from tests.results.test_fourth_figures import RATE
from tests.results.test_readings import STUDY, report_of, some
from tests.results.test_what_counts import line_of


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
        assert expected < 0.05 or len(set(values)) == 1
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
