"""One noise for all that is compared: intervals of fresh runs, their difference to the baseline, equal runs."""

import math
import random
import re
from dataclasses import replace

import pytest
from scipy import stats

from hptui.core.trial import Role
from tests.results.examples import STUDY, report_of, some
from tests.results.seeds import one

SEEDED = STUDY.replace('kind = "read:train"', 'kind = "read:train"\nseed = 1')


def again(trials, source, number, value, seed):
    run = one(len(trials), source.params, {"val_loss": value}, role=Role.REPLICATE, replicate_of=number, seed=seed)
    return replace(run, started=run.started + 1e6, ended=run.ended + 1e6)


def repeated(seed, counts, spread=0.01):
    """Trials of which the best, the baseline and others have `counts` more runs each, with the values of all runs."""
    die = random.Random(seed)
    trials = some(8, lambda die, params: round(1 + params["a"] + 0.2, 4), seed)
    trials[0] = replace(trials[0], role=Role.BASELINE, params={})
    order = sorted(trials, key=lambda t: t.values["val_loss"])
    chosen = [order[0], trials[0], *(t for t in order[1:] if t.number)][: len(counts)]
    runs = {}
    for source, count in zip(chosen, counts, strict=True):
        values = [round(source.values["val_loss"] + die.gauss(0, spread), 5) for _ in range(count)]
        runs[source.number] = values
        for n, value in enumerate(values):
            trials.append(again(trials, source, source.number, value, 100 + n))
    return trials, chosen[0], runs


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("counts", [(2, 0, 0), (2, 2, 2), (3, 1, 4), (2, 3, 3)])
def test_the_interval_of_fresh_runs_is_by_the_noise_of_all_repeats(seed, counts):
    trials, best, runs = repeated(seed, counts)
    if best.number == 0:
        return
    _, facts = report_of(trials, SEEDED)
    fresh = facts.data.fresh(facts.data.best)
    groups = [runs[best.number]]
    groups += [[trials[n].values["val_loss"], *values] for n, values in runs.items() if n != best.number]
    squares = sum((v - math.fsum(g) / len(g)) ** 2 for g in groups for v in g)
    df = sum(len(g) - 1 for g in groups)
    half = stats.t.ppf(0.975, df) * math.sqrt(squares / df / counts[0])
    mean = math.fsum(runs[best.number]) / counts[0]
    assert (fresh.interval.low, fresh.interval.high) == pytest.approx((mean - half, mean + half))


@pytest.mark.parametrize("common", [2, 3])
def test_two_common_seeds_are_not_compared_pair_by_pair(common):
    for seed in range(6):
        trials, best, _ = repeated(seed, (common, common))
        if best.number == 0:
            continue
        text, _ = report_of(trials, SEEDED)
        sure = next(row for row in text.split("\n") if row.startswith("- **Sure"))
        assert ("paired by seed" in sure) == (common == 3)


@pytest.mark.parametrize("others", [0, 2])
def test_equal_runs_say_that_the_seed_changes_nothing_only_where_no_repeat_differs(others):
    for seed in range(4):
        trials, best, _ = repeated(seed, (0, 0, others), spread=0.01)
        value = round(random.Random(seed).uniform(0.1, 0.2), 7)
        number = best.number
        trials = [replace(t, values={"val_loss": value}) if t.number == number else t for t in trials]
        trials.append(again(trials, trials[number], number, value, 50))
        trials.append(again(trials, trials[number], number, value, 51))
        text, facts = report_of(trials, SEEDED)
        assert len(facts.data.equal_runs) == 2
        assert ("The seed changes nothing" in text) == (not others)
        assert ("equal to the last digit to another run of their settings" in text) == bool(others)
        assert ("noise between seeds" in text) == bool(others)


@pytest.mark.parametrize("by", ["counts", "setting", "nothing"])
@pytest.mark.parametrize("seed", range(4))
def test_one_noise_is_not_that_of_evaluations_of_other_sizes(by, seed):
    trials, _, _ = repeated(seed, (3, 2, 2))
    die = random.Random(seed)
    for n, trial in enumerate(trials):
        size = die.choice([50, 400]) if n > 1 else (50, 400)[n]
        if by == "counts":
            trials[n] = replace(trial, metrics={**trial.metrics, "val_loss:n": float(size)})
        elif by == "setting":
            trials[n] = replace(trial, params={**trial.params, "eval_samples": size})
    text, facts = report_of(trials, SEEDED)
    assert (facts.data.noise is None) == (by != "nothing")
    assert (facts.data.range_test is None) == (by != "nothing")
    assert ("trials were measured by evaluations of different sizes" in text) == (by != "nothing")
    assert "The seed changes nothing" not in text
    if by != "nothing":
        assert "noise between seeds" not in text
        assert "by luck alone" not in text
        assert not re.search(r"fresh runs [\d.]+ \([\d.]+ to", text)
