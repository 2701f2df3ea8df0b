"""Settings that are in use only under a condition: what the condition does is never said of them."""

from functools import cache

import numpy as np
import pytest
from scipy.stats import binom

from hptui.results import claims
from hptui.results.fact_writer import FactWriter
from tests.results.histories import conditional
from tests.results.truth import histories, record_of

KINDS = ("idle", "stair", "inside")
STUDIES = 20
DEPENDENT = {name: next(other for other in "ef" if other in text) for name, text in conditional.WHEN.items()}


def limit(studies, rate=0.05):
    return int(binom.ppf(0.999, studies, rate))


@cache
def analysed(kind, count):
    units, values = histories(kind)
    return [record_of(units[run, :count], values[run, :count], conditional.TEXT) for run in range(STUDIES)]


def named(record):
    return {name for group in record.effect_analysis().matter for name in group.settings}


def test_calibration_of_conditional_settings_under_an_adaptive_search():
    false = {}
    for kind in KINDS:
        real = set(conditional.REAL[kind])
        for count in (10, 20, 40):
            groups = [record.effect_analysis().matter for record in analysed(kind, count)]
            false[kind, count] = sum(any(not real & set(g.settings) for g in each) for each in groups)
    assert sum(false.values()) <= limit(STUDIES * len(false)), false
    assert max(false.values()) <= limit(STUDIES, 0.02), false
    share = lambda kind, count, name: np.mean([name in named(record) for record in analysed(kind, count)])
    assert share("stair", 20, "e") >= 0.75, "the condition itself"
    assert share("inside", 40, "b") >= 0.5, "a setting that does something where it is in use"


@pytest.mark.parametrize("kind", KINDS)
def test_a_setting_is_tested_apart_from_its_condition(kind):
    groups = [set(g.settings) for record in analysed(kind, 40) for g in record.effect_analysis().groups]
    assert not [g for g in groups for name, other in DEPENDENT.items() if {name, other} <= g]


def drawn(seed, count=24):
    """Random trials of the conditional space, and noise."""
    rng = np.random.default_rng(seed)
    units = np.c_[rng.random((count, 3)), rng.integers(0, 16, count) / 15, rng.integers(0, 4, count) / 3]
    units = np.c_[units, rng.integers(0, 2, count)]
    return np.array([conditional.with_unused(unit) for unit in units]), rng.normal(size=count)


@pytest.mark.parametrize("size", [3.0, 12.0, 50.0])
@pytest.mark.parametrize(("column", "condition"), [(1, "f"), (2, "e")])
def test_an_effect_of_a_condition_of_any_size_is_of_the_condition(size, column, condition):
    studies, false, found = 12, 0, 0
    for seed in range(studies):
        units, noise = drawn(seed)
        values = noise + size * np.isnan(units[:, column])
        names = named(record_of(units, values, conditional.TEXT))
        false += bool(names & set(conditional.WHEN))
        found += condition in names
    assert false <= limit(studies, 0.02), false
    assert found >= 0.9 * studies or size < 10


def test_kernels_of_conditional_settings_are_covariances():
    from hptui.results.analysis.kernel import matern
    from hptui.results.analysis.points import Points

    rng = np.random.default_rng(0)
    for _ in range(20):
        position, category = rng.random((30, 3)), np.array([False, False, True])
        position[:, 2] = rng.integers(0, 4, 30)
        points = Points(position, category, rng.random((30, 3)) < 0.4, np.ones(3, bool))
        weights = np.exp(rng.uniform(-3, 4, 3))
        matrix = matern(np.tensordot(weights, points.squared_distances(points), 1))[0]
        assert np.linalg.eigvalsh(matrix).min() > -1e-6


def test_averages_are_over_where_a_setting_is_in_use():
    for record in analysed("inside", 40)[:6]:
        analysis = record.effect_analysis()
        spread, names = analysis.averaged.space, [factor.name for factor in analysis.factors]
        for name, other in DEPENDENT.items():
            if name not in names or other not in names:
                continue
            column, condition = names.index(name), names.index(other)
            points = spread.at({column: 0.3})
            assert len(points.position)
            assert not points.inactive[:, column].any()
            assert (points.position[:, column] == 0.3).all()
            assert len(set(points.position[:, condition])) == {"f": 1, "e": 2}[other]
            for level in analysis.factors[condition].levels:
                moved = spread.at({condition: analysis.factors[condition].coordinate(level)})
                assert len(moved.position) == len(spread.rows)
                used = {"f": {"b": level == "x", "d": level == "y"}, "e": {"c": level in (2, 3)}}[other][name]
                assert (moved.inactive[:, column] != used).all(), "moving a condition decides what is in use"


def test_a_sentence_on_a_conditional_setting_says_where_it_is_in_use():
    said = 0
    for record in analysed("inside", 40):
        for claim in claims.effect_claims(FactWriter(record)):
            for name in set(claim.subject.split("+")) & set(conditional.WHEN) if claim.kind in ("E1", "E3") else ():
                if claim.premise.get("evidence") is not None:
                    assert f"(in use where {conditional.WHEN[name]})" in claim.sentence
                    said += 1
    assert said > STUDIES


@pytest.mark.parametrize("kind", KINDS)
def test_ends_of_ranges_are_judged_where_settings_are_conditional(kind):
    """What says whether a setting is in use is no setting, of which there would be an end."""
    has_columns = False
    for run in range(2):
        facts = FactWriter(record_of(*(part[run, :20] for part in histories(kind)), conditional.TEXT))
        averaged = facts.data.effect_analysis().averaged
        has_columns |= len(averaged.model.varied) > len(averaged.factors)
        for factor in averaged.factors:
            if factor.ordered:
                for low in (True, False):
                    assert 0 <= averaged.better_at_end_in_parts(factor.name, low, 2.0) <= 1
        list(claims.edge_claims(facts))
    assert has_columns
