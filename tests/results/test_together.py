"""Two settings that work together (E7): said where the better value of a setting is another one at each end, else not;
and one category against another (E9)."""

import re

import numpy as np
import pytest
from scipy.stats import binom

from hptui.results import claims
from hptui.results.fact_writer import FactWriter
from tests.benchmarks.truth import told
from tests.results.histories.make import mean
from tests.results.truth import histories, record_of

STUDIES = 20
BY_DAY = 6
some_or_all = pytest.mark.parametrize("studies", [BY_DAY, pytest.param(STUDIES, marks=pytest.mark.slow)])


def designed(kind, seed, count=40):
    """Random trials of a truth, and what they are with its noise."""
    rng = np.random.default_rng([seed, count])
    units = np.c_[rng.random((count, 3)), rng.integers(0, 16, count) / 15, rng.integers(0, 4, count) / 3]
    units = np.c_[units, rng.integers(0, 3, count)]
    return units, np.array([mean(kind, unit) for unit in units]) + rng.normal(size=count)


@pytest.mark.parametrize("kind", ["slope", "two", "lin4", "ramp", "cliff"])
@pytest.mark.parametrize("squeezed", [False, True])
@some_or_all
def test_sums_do_not_work_together_however_their_values_are_bent(kind, squeezed, studies):
    """A sum of two settings, or what a monotone function makes of it: the better of two values is always the same."""
    said = 0
    for seed in range(studies):
        units, values = designed(kind, seed)
        values = np.log(values - values.min() + 1) if squeezed else values
        facts = FactWriter(record_of(units, values))
        said += any(claim.kind == "E7" for claim in claims.effect_claims(facts))
    assert said <= int(binom.ppf(0.999, studies, 0.01)), said


@some_or_all
def test_of_searches_what_is_said_is_true_and_a_crossing_is_found(studies):
    said = false = 0
    for kind in ("inter", "bowl", "conf", "lin2"):
        units, values = histories(kind)
        for run in range(studies):
            counts = told(kind, units[run, :40], values[run, :40])
            false += counts.get("E7 false", 0)
            said += kind == "inter" and counts.get("E7 said", 0)
    assert false <= int(binom.ppf(0.999, 4 * studies, 0.01)), false
    assert said >= studies // BY_DAY, "in 8 of 20 other searches"


def test_the_sentence_names_both_values_at_both_ends():
    sentences = []
    for seed in range(STUDIES):
        facts = FactWriter(record_of(*designed("inter", seed)))
        for claim in claims.effect_claims(facts):
            if claim.kind == "E7":
                sentences.append(claim.sentence)
                (pair,) = facts.data.effect_analysis().averaged.together
                (low, better), (high, other) = pair.at
                words = re.search(
                    r"(\w) = (\S+) is better than (\S+) at (\w) = (\S+), and worse at \w = (\S+)\.$", claim.sentence
                )
                assert (words[1], words[4]) == (pair.first, pair.second)
                said = [float(words[n]) for n in (2, 3, 5, 6)]
                assert said == pytest.approx([better, other, low, high], rel=0.01)
                assert better != other
                assert claim.premise["probability"] >= 0.95
    assert len(sentences) >= 0.3 * STUDIES


@pytest.mark.parametrize("count", [8, 10, 15, 19])
def test_of_few_trials_no_category_is_better_than_another(count):
    for seed in range(10):
        units, values = designed("cat4", seed, count)
        values = values + 10 * (units[:, 5] == 1)
        found = claims.effect_claims(FactWriter(record_of(units, values)))
        assert not [claim for claim in found if claim.kind == "E9"]


@pytest.mark.parametrize("wall", [False, True])
def test_the_difference_of_two_categories_is_an_average_and_in_its_interval(wall):
    """`wall` adds values so bad that they are cut: then the size is that of cut values, and says so."""
    said = covered = 0
    for seed in range(10):
        units, values = designed("cat4", seed, 30)
        values = values + 8 * (units[:, 5] == 1) + (300.0 * (units[:, 0] > 0.9) if wall else 0.0)
        facts = FactWriter(record_of(units, values))
        cut = facts.data.effect_analysis().scores.cut
        for claim in claims.effect_claims(facts):
            if claim.kind == "E9":
                better, worse = ("xyz".index(fact.value) for fact in claim.facts[:2])
                low, high = (fact.value for fact in claim.facts[3:5])
                truth = np.diff([_average_of_cat4(place, cut, wall) for place in (better, worse)])[0]
                said, covered = said + 1, covered + (low <= truth <= high)
                assert worse == 1
                assert claim.sentence.startswith(f"On average f = {'xyz'[better]} is better than y, by about ")
                assert claim.sentence.endswith("counted as that.") is (cut is not None)
    assert said >= 8
    assert covered >= int(binom.ppf(0.001, said, 0.95)), (said, covered)


def _average_of_cat4(place, cut, wall):
    rng = np.random.default_rng(9)
    drawn = np.c_[rng.random((400, 3)), rng.integers(0, 16, 400) / 15, rng.integers(0, 4, 400) / 3, np.full(400, place)]
    values = (
        np.array([mean("cat4", unit) for unit in drawn])
        + 8 * (place == 1)
        + (300.0 * (drawn[:, 0] > 0.9) if wall else 0)
    )
    return np.minimum(values, np.inf if cut is None else cut).mean()


def widened(units, values):
    """Return the settings that a report advises to widen."""
    return [claim.subject for claim in claims.edge_claims(FactWriter(record_of(units, values)))]


def test_a_step_is_no_slope_to_go_on_with():
    """Above the step the last two values are equal: nothing says that the next one would be better."""
    false = true = 0
    for seed in range(40):
        rng = np.random.default_rng([seed, 3])
        units, noise = designed("noise", seed, int(rng.integers(10, 24)))
        false += "e" in widened(units, noise + 12 * (units[:, 4] < 0.5))
        true += "e" in widened(units, noise + 18 * (1 - units[:, 4]))
    assert false <= int(binom.ppf(0.999, 40, 0.01)), false
    assert true >= 4, "a slope is one"
