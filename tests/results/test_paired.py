"""Trials compared question by question: as often wrong as said, and only where all answered the same questions."""

import random
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, norm

from hptui.core.answers import QUESTIONS_FACT, RIGHT_FACT, decode_right, encode_right
from hptui.core.trial import Role
from hptui.results import claims
from hptui.results.analysis.paired import holm, worse_answers
from hptui.results.fact_index import render_with_index
from hptui.results.fact_writer import FactWriter
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.seeds import one
from tests.results.truth import TEXT, view_of

RATES = TEXT.replace('metric = "val_loss"', 'metric = "acc"\ngoal = "maximize"')


def answers(count, questions, rate, shared, rng, other=None):
    """Answers of trials to the same questions, of which a share `shared` of the difficulty is common."""
    hard = rng.normal(size=questions) * shared**0.5
    rates = np.full(count, rate) if other is None else np.array(other)
    own = rng.normal(size=(count, questions)) * (1 - shared) ** 0.5
    return hard + own < norm.ppf(rates)[:, None]


def answered(number, right, questions="q", **more):
    value = float(np.mean(right))
    facts = {QUESTIONS_FACT: questions, RIGHT_FACT: {"acc": encode_right(list(map(bool, right)))}}
    return one(number, more.pop("params", {"b": number / 50}), {"acc": value}, facts=facts, **more)


def facts_of(trials, text=RATES):
    return FactWriter(ReportData(view_of(trials, text)))


def test_answers_come_back_as_they_were():
    die = random.Random(1)
    for length in (0, 1, 3, 8, 200, 1001):
        right = tuple(die.random() < 0.3 for _ in range(length))
        assert decode_right(encode_right(right)) == right
    for broken in ("", "7", "x:1", "3:ff", "-1:0", None, 5, "2:-1", "3:zz"):
        assert decode_right(broken) in (None, ()), broken


@pytest.mark.parametrize("shared", [0.5, 0.9])
def test_equal_trials_are_seldom_distinguished(shared):
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(60):
        right = answers(8, 100, 0.5, shared, rng)
        wrong += any(worse_answers(right, int(right.mean(1).argmax())))
    assert wrong <= binom.ppf(0.999, 60, 0.05)


def test_the_same_questions_find_more_than_rates_do():
    rng = np.random.default_rng(6)
    found = {"answers": 0, "counts": 0}
    for _ in range(12):
        right = answers(6, 200, 0.5, 0.9, rng, [0.58, *[0.5] * 5])
        for how, stripped in (("answers", {}), ("counts", {"facts": {}})):
            trials = [
                replace(answered(n, bits), metrics={"acc": float(np.mean(bits)), "acc:n": 200}, **stripped)
                for n, bits in enumerate(right)
            ]
            test = facts_of(trials).data.range_test
            assert test.how == how
            found[how] += len(test.worse)
    assert found["answers"] > found["counts"] + 10, found


def test_other_questions_or_another_value_are_not_compared():
    rng = np.random.default_rng(7)
    right = answers(3, 60, 0.5, 0.9, rng)
    trials = [answered(n, bits) for n, bits in enumerate(right)]
    assert facts_of(trials).data.range_test.how == "answers"
    foreign = [*trials[:2], answered(2, right[2], questions="others")]
    assert facts_of(foreign).data.range_test is None
    moved = [*trials[:2], replace(trials[2], values={"acc": trials[2].values["acc"] + 0.01})]
    assert facts_of(moved).data.range_test is None


def test_it_is_sure_of_this_run_only():
    rng = np.random.default_rng(8)
    right = answers(5, 200, 0.5, 0.9, rng, [0.4, 0.9, 0.5, 0.5, 0.5])
    trials = [answered(n, bits) for n, bits in enumerate(right)]
    trials[0] = replace(trials[0], role=Role.BASELINE)
    facts = facts_of(trials)
    sure = claims.sure(facts)
    assert sure.sentence.startswith("yes for this run: told apart from the baseline (same questions, bootstrap")
    assert sure.sentence.endswith("the configuration was not repeated")
    assert claims.next_step(facts).premise["repeat"] == ["best", "0"]
    text = render_with_index(compose_report(facts.data, "results"), "r.md")[0]
    assert "same questions, bootstrap of all pairs" in text


def exact_p(b, c):
    """McNemar's exact test by counting, as in a book."""
    n = b + c
    lower = sum(binom.pmf(k, n, 0.5) for k in range(min(b, c) + 1)) if n else 1.0
    return min(1.0, 2 * lower)


@pytest.mark.parametrize("number", range(12))
def test_a_pair_that_nobody_chose_has_an_exact_test(number):
    rng = np.random.default_rng(number)
    right = answers(2, 80, 0.5, 0.8, rng, [0.4, rng.choice([0.4, 0.5, 0.7])])
    base = answered(0, right[0], role=Role.BASE, params={})
    facts = facts_of([base, answered(1, right[1])])
    (claim,) = claims.pair_claims(facts)
    b, c = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    assert claim.sentence.startswith(
        f"Of the same 80 questions, trial 1 alone has {b} right, the base model alone {c}:"
    )
    assert claim.premise["p"] == pytest.approx(exact_p(b, c))
    verdict = "they cannot be told apart" if exact_p(b, c) > 0.05 else "trial 1" if b > c else "the base model"
    assert f": {verdict}" in claim.sentence
    chosen = facts_of([base, answered(1, right[1]), answered(2, right[0])])
    assert claims.pair_claims(chosen) == [], "the best of several was chosen"


def test_a_list_is_compared_with_its_baseline_by_holm():
    rng = np.random.default_rng(3)
    right = answers(4, 200, 0.5, 0.9, rng, [0.4, 0.6, 0.42, 0.4])
    roles = [Role.BASELINE, *[Role.LISTED] * 3]
    trials = [answered(n, bits, role=role) for n, (bits, role) in enumerate(zip(right, roles, strict=True))]
    found = claims.pair_claims(facts_of(trials))
    assert [claim.trials for claim in found] == [(0, 1), (0, 2), (0, 3)]
    assert "trial 1 is better (exact McNemar test, Holm's correction)" in found[0].sentence
    order = sorted(found, key=lambda claim: claim.premise["p"])
    alive = True
    for rank, claim in enumerate(order):
        alive = alive and claim.premise["p"] <= 0.05 / (len(found) - rank)
        assert (" is better (" in claim.sentence) == alive


def test_holm_stops_at_the_first_that_holds():
    assert holm([0.01, 0.04, 0.03]) == [True, False, False]
    assert holm([0.001, 0.02, 0.03]) == [True, True, True]
    assert holm([]) == []
