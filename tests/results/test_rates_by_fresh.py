"""Rates of repeated trials: compared by fresh runs alone, and never surer than their counts."""

import math
import random

import numpy as np
import pytest
from scipy import stats

from hptui.core.answers import QUESTIONS_FACT, RIGHT_FACT, encode_right
from hptui.core.trial import Role
from hptui.results.analysis.fresh import fresh_runs
from hptui.results.analysis.fresh_difference import fresh_difference
from hptui.results.analysis.significance import wilson_interval
from tests.results.examples import STUDY, report_of
from tests.results.kit import view_of
from tests.results.seeds import one
from tests.results.test_what_counts import line_of

RATE = STUDY.replace('metric = "val_loss"', 'metric = "accuracy"\ngoal = "maximize"')


def counted(number, k, n, params, **more):
    """A trial with k of n right, as a script records it."""
    value = k / n
    metrics = {"accuracy": value, "accuracy:k": k, "accuracy:n": n}
    return one(number, params, {"accuracy": value}, metrics=metrics, **more)


def repeated_study(seed, sizes=(200,)):
    """A study of counted rates: (trials, counts of the fresh runs by repeated trial)."""
    die = random.Random(seed)
    trials, fresh = [], {}
    for n in range(die.randint(4, 14)):
        size = die.choice(sizes)
        params, role = ({}, Role.BASELINE) if n == 0 else ({"a": n / 20, "b": n}, Role.SEARCH)
        trials.append(counted(n, int(size * die.uniform(0.3, 0.9)), size, params, role=role))
    best = max(trials, key=lambda trial: (trial.values["accuracy"], -trial.number))
    for chosen in {best.number, die.choice(trials).number}:
        for n in range(die.randint(1, 4)):
            size = die.choice(sizes)
            k = max(0, min(size, round(size * (trials[chosen].values["accuracy"] + die.uniform(-0.2, 0.05)))))
            more = {"role": Role.REPLICATE, "replicate_of": chosen, "seed": 60 + n}
            trials.append(counted(len(trials), k, size, trials[chosen].params, **more))
            fresh.setdefault(chosen, []).append((k, size))
    return trials, best, fresh


@pytest.mark.parametrize("seed", range(40))
def test_a_repeated_rate_is_compared_by_the_pooled_counts_of_its_fresh_runs(seed):
    trials, best, fresh = repeated_study(seed, (200,) if seed % 2 else (100, 400))
    _, facts = report_of(trials, RATE)
    test = facts.data.range_test
    assert test.how == "counts"
    own = {}
    for trial in trials:
        if trial.role is Role.REPLICATE:
            continue
        runs = [(trial.metrics["accuracy:k"], trial.metrics["accuracy:n"])]
        if trial.number in fresh:  # nobody chose the baseline: its first run counts too
            is_baseline = trial.role is Role.BASELINE and trial.number != best.number
            runs = fresh[trial.number] + (runs if is_baseline or trial.role is Role.BASELINE else [])
        own[trial.number] = np.sum(runs, axis=0)
    limit = stats.studentized_range.ppf(0.95, len(own), math.inf) / math.sqrt(2)
    share = {n: (k + 1) / (size + 2) for n, (k, size) in own.items()}
    error = {n: share[n] * (1 - share[n]) / (own[n][1] + 2) for n in own}
    apart = {
        n: own[n][0] / own[n][1] > own[best.number][0] / own[best.number][1]
        for n in own
        if n != best.number and abs(share[n] - share[best.number]) > limit * math.sqrt(error[n] + error[best.number])
    }
    baseline = {0} if 0 in own else set()  # fresh runs of the best may settle that one comparison
    assert {t.number for t in test.worse} - baseline == {
        n for n, is_better in apart.items() if not is_better
    } - baseline
    assert {t.number for t in test.better} - baseline == {n for n, is_better in apart.items() if is_better} - baseline


@pytest.mark.parametrize("seed", range(10))
def test_the_same_questions_are_compared_by_fresh_runs_too(seed):
    rng = np.random.default_rng(seed)
    hard = rng.normal(size=200)

    def answered(number, skill, params, **more):
        right = [bool(x) for x in hard + rng.normal(size=200) * 0.5 < skill]
        own = {QUESTIONS_FACT: "q", RIGHT_FACT: {"accuracy": encode_right(right)}}
        return counted(number, sum(right), 200, params, facts=own, **more)

    trials = [answered(n, 0.0, {"a": n / 20, "b": n}) for n in range(1, 8)]
    trials.insert(0, answered(0, 3.0, {}, role=Role.SEARCH))  # by luck alone: its fresh runs are like the others
    fresh = [
        answered(8 + n, 0.0, {}, role=Role.REPLICATE, replicate_of=0, seed=60 + n) for n in range(3 if seed % 2 else 0)
    ]
    test = report_of([*trials, *fresh], RATE)[1].data.range_test
    assert test.how == "answers"
    assert len(test.worse) == 7 if not fresh else len(test.worse) + len(test.better) <= 1


@pytest.mark.parametrize("seed", range(60))
def test_no_interval_of_a_rate_is_narrower_than_that_of_its_counts(seed):
    """Of a mean of few runs, which may agree by chance, and of its difference to the baseline, paired or not."""
    die = random.Random(seed)
    size, runs = die.choice([50, 200, 1000]), die.randint(2, 4)
    level, gain = die.uniform(0.2, 0.7), die.choice([0.0, 0.03, 0.25])
    spread = die.choice([0.002, 0.02, 0.15])
    draw = lambda mean: max(0, min(size, round(size * (mean + die.uniform(-spread, spread)))))
    trials = [counted(0, draw(level), size, {}, role=Role.BASELINE)]
    trials += [counted(n, draw(level - 0.1), size, {"a": n / 9, "b": n}) for n in range(1, 4)]
    trials.append(counted(4, min(size, draw(level + gain) + size // 5), size, {"a": 0.9, "b": 9}))
    for chosen, mean in ((0, level), (4, level + gain)):
        for n in range(runs):
            more = {"role": Role.REPLICATE, "replicate_of": chosen, "seed": 60 + n}
            trials.append(counted(len(trials), draw(mean), size, trials[chosen].params, **more))
    view = view_of(trials, RATE)
    fresh = fresh_runs(view, trials[4])
    k = sum(run.metrics["accuracy:k"] for run in fresh.runs)
    alone = wilson_interval(k, size * len(fresh.runs))
    if fresh.interval is not None:
        assert fresh.interval.low <= alone.low
        assert fresh.interval.high >= alone.high
    found = fresh_difference(view, fresh, trials[0])
    text, facts = report_of(trials, RATE)
    said = line_of(text, "Sure")
    if found is None:
        assert "by counts alone the difference to the baseline is" in said
        return
    base = [run for run in found.trials if run.number not in {own.number for own in fresh.runs}]
    rates = [(k, size * len(fresh.runs)), (sum(r.metrics["accuracy:k"] for r in base), size * len(base))]
    shares = [(k + 1) / (n + 2) for k, n in rates]
    error = math.sqrt(sum(s * (1 - s) / (n + 2) for s, (_, n) in zip(shares, rates, strict=True)))
    low, high = (max(-1, min(1, shares[0] - shares[1] + end * 1.959964 * error)) for end in (-1, 1))
    assert found.low <= low + 1e-6
    assert found.high >= high - 1e-6
    assert facts.data.best.number != 4 or ("yes:" not in said or low > -1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_counts_are_stated_where_the_noise_between_runs_is_not_known(seed):
    die = random.Random(seed)
    known, runs = die.choice([True, False]), die.choice([1, 3])
    sizes = [100, 400] if known else [100]
    trials = [counted(0, 50, 100, {}, role=Role.BASELINE)]
    trials += [counted(n, 30 * sizes[-1] // 100, sizes[-1], {"a": n / 9, "b": n}) for n in range(1, 5)]
    trials.append(counted(5, 90, 100, {"a": 0.9, "b": 9}))
    for n in range(runs):
        more = {"role": Role.REPLICATE, "replicate_of": 5, "seed": 60 + n}
        trials.append(counted(len(trials), 80 if not known else 70 + n, 100, trials[5].params, **more))
    said = line_of(report_of(trials, RATE)[0], "Sure")
    assert "not yet" in said
    assert "nothing is known of the noise;" not in said
    assert "nothing is known of the noise." not in said
    assert "; by counts alone the difference to the baseline is +" in said
    plain = [one(t.number, t.params, t.values, role=t.role, replicate_of=t.replicate_of, seed=t.seed) for t in trials]
    assert "by counts" not in line_of(report_of(plain, RATE)[0], "Sure")
