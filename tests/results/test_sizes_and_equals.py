"""Sizes of effects, equal values and searches that were not counted: sentences that were false or misleading."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from hptui.core.trial import Role
from hptui.results import claims
from hptui.results.digits import printed_number
from hptui.results.fact_index import render_with_index
from hptui.results.fact_writer import FactWriter
from hptui.results.report import compose_report
from hptui.results.report_data import ReportData
from tests.results.generated import Made
from tests.results.truth import TEXT, record_of, view_of


def test_a_change_of_a_rate_is_in_points():
    """`+2.0%` of a rate may be read as 2 % of it and as 2 points."""
    changes = 0
    for seed in range(200):
        made = Made(seed)
        if made.kind != "rate":
            continue
        facts = FactWriter(made.record())
        best, baseline, metric = facts.data.best, facts.view.baseline, made.metric
        if best is None or baseline is None or best is baseline or metric not in (baseline.values or {}):
            continue
        old, new = baseline.values[metric], best.values[metric]
        share = facts.share("best.change", metric, old, new, [baseline, best])
        if share is not None:
            before, after = (printed_number(facts.format_value(metric, value)) for value in (old, new))
            number, unit = share.text.replace("−", "-").split(" ")
            assert unit == ("point" if abs(Decimal(number)) == 1 else "points")
            assert Decimal(number) == 100 * (after - before), seed
            changes += 1
    assert changes > 5


def points(count, rng):
    return np.c_[
        rng.random((count, 3)),
        rng.integers(0, 16, count) / 15,
        rng.integers(0, 4, count) / 3,
        rng.integers(0, 3, count),
    ]


@pytest.mark.parametrize(
    ("engine", "named"),
    [
        ("optuna 5.0.0 tpe", ""),
        ("optuna 5.0.0 gp", "by tpe, too seldom by gp"),
        ("ax 1.1.0", "by tpe, not by ax"),
        ("optuna 5.0.0 nsga2", "by tpe, not by nsga2"),
        ("random", None),
        ("optuna 5.0.0 qmc", None),
        ("grid", None),
    ],
)
def test_a_search_that_was_not_counted_says_so(engine, named):
    rng = np.random.default_rng(1)
    record = record_of(points(12, rng), rng.normal(size=12))
    trials = [replace(trial, engine=engine, role=Role.SEARCH) for trial in record.view.trials]
    claim = claims.search_caveat(FactWriter(ReportData(view_of(trials, TEXT))))
    if named is None:
        assert claim is None
    else:
        assert ("was counted" in claim.sentence) is bool(named)
        assert named in claim.sentence


def test_of_equal_values_none_was_chosen():
    rng = np.random.default_rng(2)
    for count in (2, 5, 12, 20):
        record = record_of(points(count, rng), np.full(count, 0.693))
        text = render_with_index(compose_report(record, "results"), "r.md")[0]
        assert "likely to look better" not in text
        assert "All " in text
        assert "the same" in text


def test_no_size_is_stated_of_values_that_nobody_tried():
    """A category, or an end of a range, near which no trial lies may do anything."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        units = points(24, rng)
        units[:, 5] = np.where(units[:, 5] == 1, 0, units[:, 5])  # y was never tried
        units[:, 1] *= 0.4  # nothing above the middle of b
        found = claims.effect_claims(FactWriter(record_of(units, rng.normal(size=24))))
        sizes = {name for claim in found if "up_to" in claim.premise for name in claim.subject.split("+")}
        assert not sizes & {"b", "f"}
        assert sizes
