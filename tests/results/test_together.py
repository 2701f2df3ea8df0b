"""Two settings that work together (E7): said where the better value of a setting is another one at each end, else not.

The class is not shown yet; its rule is measured here as `tests/benchmarks/truth.py` measures it.
"""

import re

import numpy as np
import pytest
from scipy.stats import binom

from hptui.results import claims
from hptui.results.claims import shipped
from hptui.results.fact_writer import FactWriter
from tests.benchmarks.truth import told
from tests.results.histories.make import mean
from tests.results.truth import histories, record_of

STUDIES = 20
BY_DAY = 6
some_or_all = pytest.mark.parametrize("studies", [BY_DAY, pytest.param(STUDIES, marks=pytest.mark.slow)])


@pytest.fixture(autouse=True)
def all_shown(monkeypatch):
    monkeypatch.setattr(shipped, "SHIPPED", shipped.MEASURED)


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
