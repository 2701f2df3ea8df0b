"""Percentile, ASHA, hyperband, patience, thresholds: each one's own rule. What all promise is in `contracts`."""

from collections import Counter

import pytest

from hptui import plugins
from hptui.core.errors import StudyError
from hptui.core.study import Objective, PrunerSettings
from hptui.search.pruners import (
    AshaPruner,
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    PercentilePruner,
    ProgressCurve,
    ThresholdPruner,
    pruner_for,
    pruner_settings,
)

LOSS = Objective("loss")
NAN, INF = float("nan"), float("inf")


def at(progress, *values):
    """Trials 0, 1, … with one point each."""
    return {number: ProgressCurve((progress,), (value,)) for number, value in enumerate(values)}


def judge(pruner, own, peers, trial=99, running=()):
    return pruner.verdict(trial, {**peers, trial: own}, peers.keys() - set(running))


def test_the_study_file_and_the_pruners_know_the_same_kinds():
    for kind in ("none", *plugins.names("pruners")):
        found = pruner_for(pruner_settings(kind), LOSS)
        assert (found is None) == (kind == "none")
    with pytest.raises(StudyError, match="did you mean 'hyperband'"):
        pruner_for(PrunerSettings("hyperbands"), LOSS)


# -- percentile


def test_a_percentile_of_25_keeps_the_best_quarter():
    pruner, peers = PercentilePruner(LOSS), at(0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
    assert not judge(pruner, ProgressCurve((0.5,), (2.0,)), peers).prune
    given = judge(pruner, ProgressCurve((0.5,), (2.1,)), peers)
    assert given.why == "loss 2.10 at 50 % of training is worse than 2.00, which the best 25 % of 5 trials reached"


@pytest.mark.parametrize(("percentile", "bound"), [(25, 2.0), (50, 3.0), (10, 1.4), (99, 4.96)])
def test_between_two_values_the_bound_is_interpolated(percentile, bound):
    values = (3.0, 1.0, 5.0, 2.0, 4.0)
    assert PercentilePruner(LOSS, percentile=percentile).bound(values) == pytest.approx(bound)
    up = PercentilePruner(Objective("loss", "maximize"), percentile=percentile)
    assert up.bound([-value for value in values]) == pytest.approx(-bound)
    assert up.bound([1.0]) == 1.0


def test_the_median_is_the_percentile_of_50():
    peers, own = at(0.5, 1.0, 2.0, 3.0, 4.0, 5.0), ProgressCurve((0.5,), (3.1,))
    assert judge(MedianPruner(LOSS), own, peers) == judge(PercentilePruner(LOSS, percentile=50), own, peers)
    assert "the median 3.00 of 5" in judge(MedianPruner(LOSS), own, peers).why


# -- asha


def test_rungs_grow_by_eta():
    assert AshaPruner(LOSS).rungs(0) == (0.2, 0.6)
    assert AshaPruner(LOSS, warmup=1 / 9).rungs(0) == (1 / 9, pytest.approx(1 / 3))
    assert AshaPruner(LOSS, warmup=0.1, eta=2).rungs(0) == (0.1, 0.2, 0.4, 0.8)
    assert AshaPruner(LOSS, warmup=0.5).rungs(0) == (0.5,)


def test_one_in_eta_of_those_at_a_rung_goes_on():
    pruner = AshaPruner(LOSS)
    peers = at(0.2, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
    assert not judge(pruner, ProgressCurve((0.2,), (2.5,)), peers).prune, "place 3 of 9"
    given = judge(pruner, ProgressCurve((0.2,), (3.5,)), peers)
    assert given.why == ("loss 3.50 at 20 % of training is place 4 of 9 trials; the best 3 go on, which takes 3.00")
    assert not judge(pruner, ProgressCurve((0.2,), (3.0,)), peers).prune, "a tie with the last place goes on"


def test_a_small_field_has_one_place():
    peers = at(0.2, 2.0, 3.0)
    assert not judge(AshaPruner(LOSS, startup=2), ProgressCurve((0.2,), (2.0,)), peers).prune
    said = judge(AshaPruner(LOSS, startup=2), ProgressCurve((0.2,), (2.5,)), peers).why
    assert said.endswith("place 2 of 3 trials; the best one goes on, which takes 2.00")
    assert not judge(AshaPruner(LOSS, startup=1), ProgressCurve((0.2,), (9.0,)), at(0.2, 2.0)).prune, (
        "eta - 1 others at least"
    )


def test_the_last_rung_passed_decides_by_what_was_shown_there():
    pruner = AshaPruner(LOSS)
    peers = {number: ProgressCurve((0.2, 0.6), (5.0, 1.0 + number / 10)) for number in range(6)}
    assert not judge(pruner, ProgressCurve((0.2, 0.4), (4.0, 3.9)), peers).prune
    late = ProgressCurve((0.2, 0.6, 0.8), (4.0, 3.9, 0.5))
    assert not judge(pruner, late, peers).prune, "it leads by now"
    assert judge(pruner, ProgressCurve((0.2, 0.6, 0.8), (4.0, 3.9, 1.2)), peers).prune


def test_running_trials_count_at_a_rung_and_cut_ones_as_they_were():
    running = {number: ProgressCurve((0.2, 0.3), (1.0, 0.9)) for number in range(4)}
    cut = {10: ProgressCurve((0.21,), (0.5,)), 11: ProgressCurve((0.1, 0.2), (6.0, 5.0))}
    own = ProgressCurve((0.25,), (2.0,))
    given = judge(AshaPruner(LOSS), own, {**running, **cut}, running=running)
    assert given.why.startswith("loss 2.00 at 25 % of training is place 6 of 7 trials; the best 2 go on")
    assert not judge(AshaPruner(LOSS), own, cut).prune


def test_a_trial_that_reports_late_is_compared_where_it_reports():
    """Its first value comes at 0.5; the others had 5 at the rung of 0.2, and 1 at 0.5."""
    peers = {number: ProgressCurve((0.2, 0.5), (5.0, 1.0)) for number in range(6)}
    assert judge(AshaPruner(LOSS), ProgressCurve((0.5,), (2.0,)), peers).prune


def test_a_rung_is_passed_at_a_quotient_that_rounding_hides():
    peers = at(0.6, *[1.0] * 6)
    own = ProgressCurve((3 / 5,), (2.0,))
    assert 0.2 * 3 > 3 / 5
    assert judge(AshaPruner(LOSS), own, peers).prune


def test_asha_spends_less_and_finds_the_best():
    """Thirty trials one after the other; what they show early is in the order of how they end."""
    pruner, steps = AshaPruner(LOSS), [step / 20 for step in range(1, 21)]
    curves, spent = {}, 0.0
    for number in range(30):
        final = 1 + (number * 7 % 30) / 10
        shown = []
        for progress in steps:
            shown.append((progress, 4 + (final - 4) * progress))
            curves[number] = ProgressCurve(*zip(*shown, strict=True))
            if pruner.verdict(number, curves, range(number)).prune:
                break
        spent += shown[-1][0]
    whole = [number for number, curve in curves.items() if curve.progress[-1] == 1.0]
    assert min(curves[number].values[-1] for number in whole) == 1.0
    assert spent < 16


# -- hyperband


def test_a_bracket_is_a_function_of_the_number_and_early_ones_get_more():
    pruner = HyperbandPruner(LOSS, warmup=0.05)
    assert pruner.shares() == [9, 5, 3]
    counts = Counter(pruner.bracket(number) for number in range(1700))
    assert {bracket: round(count / 100) for bracket, count in counts.items()} == {0: 9, 1: 5, 2: 3}
    again = HyperbandPruner(Objective("other"), warmup=0.05)
    assert [again.bracket(n) for n in range(50)] == [pruner.bracket(n) for n in range(50)]
    assert [pruner.rungs(n)[0] for n in range(50)] == [(0.05, 0.15, 0.45)[pruner.bracket(n)] for n in range(50)]


def test_only_trials_of_one_bracket_compete():
    pruner = HyperbandPruner(LOSS)
    first, second = ([n for n in range(60) if pruner.bracket(n) == bracket] for bracket in (0, 1))
    good = {number: ProgressCurve((0.2,), (1.0,)) for number in second}
    equal = {number: ProgressCurve((0.2,), (2.0,)) for number in first[1:]}
    assert not judge(pruner, ProgressCurve((0.2,), (2.0,)), {**good, **equal}, trial=first[0]).prune
    given = judge(pruner, ProgressCurve((0.2,), (2.5,)), {**good, **equal}, trial=first[0])
    assert f"of {len(first)} trials in bracket 1 of 2" in given.why


def test_a_late_bracket_is_not_judged_early():
    pruner = HyperbandPruner(LOSS)
    late = next(n for n in range(60) if pruner.bracket(n) == 1)
    peers = {number: ProgressCurve((0.2, 0.6), (1.0, 1.0)) for number in range(60) if number != late}
    assert not judge(pruner, ProgressCurve((0.5,), (9.0,)), peers, trial=late).prune
    assert judge(pruner, ProgressCurve((0.6,), (9.0,)), peers, trial=late).prune


def test_one_rung_makes_one_bracket():
    assert HyperbandPruner(LOSS, warmup=0.5).shares() == [1]
    assert {HyperbandPruner(LOSS, warmup=0.5).bracket(number) for number in range(20)} == {0}


# -- patience

STALE = ProgressCurve((0.1, 0.3, 0.5, 0.7), (3.0, 2.0, 2.1, 2.0))
BETTER = {0: ProgressCurve((1.0,), (1.0,))}


def test_patience_as_a_share_of_training():
    given = judge(PatientPruner(LOSS, patience=0.4), STALE, BETTER)
    assert given.why == "loss has not improved on 2 since 30 % of training, and 70 % are done"
    assert not judge(PatientPruner(LOSS, patience=0.41), STALE, BETTER).prune


def test_patience_as_a_number_of_reports():
    given = judge(PatientPruner(LOSS, patience=2), STALE, BETTER)
    assert given.why == "loss has not improved on 2 in the last 2 reports, at 70 % of training"
    assert not judge(PatientPruner(LOSS, patience=3), STALE, BETTER).prune


def test_an_improvement_must_be_worth_the_name():
    creeping = ProgressCurve((0.2, 0.4, 0.6), (2.0, 1.999, 1.998))
    assert not judge(PatientPruner(LOSS), creeping, BETTER).prune
    assert judge(PatientPruner(LOSS, min_delta=0.01), creeping, BETTER).prune
    sinking = ProgressCurve((0.2, 0.4, 0.6), (2.0, 1.994, 1.988))
    assert PatientPruner(LOSS, min_delta=0.01).last_improvement(sinking) == 2, "small steps add up"


def test_a_leader_that_stands_still_goes_on():
    assert not judge(PatientPruner(LOSS), STALE, {}).prune
    assert not judge(PatientPruner(LOSS), STALE, {0: ProgressCurve((1.0,), (2.5,))}).prune


def test_patience_around_another_pruner_needs_both():
    pruner = pruner_for(pruner_settings("patient", wraps="median", startup=3, patience=0.4), LOSS)
    behind, ahead = at(0.7, 2.5, 2.4, 1.9), at(0.7, 1.5, 1.6, 1.7)
    assert not judge(pruner, STALE, behind).prune
    both = judge(pruner, STALE, ahead)
    assert both.why == (
        "loss has not improved on 2 since 30 % of training, and 70 % are done; "
        "loss 2.00 at 70 % of training is worse than the median 1.60 of 3 trials"
    )
    falling = ProgressCurve((0.1, 0.4, 0.7), (5.0, 4.0, 3.0))
    assert not judge(pruner, falling, ahead).prune


# -- thresholds


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (10.5, "loss 10.5 at 30 % of training is above the threshold 10.0"),
        (-0.5, "loss -0.500 at 30 % of training is below the threshold 0.00"),
        (NAN, "loss is not a number at 30 % of training"),
        (INF, "loss inf at 30 % of training is above the threshold 10.0"),
        (5.0, ""),
    ],
)
def test_a_threshold_tells_what_was_broken(value, why):
    assert judge(ThresholdPruner(LOSS, low=0.0, high=10.0), ProgressCurve((0.1, 0.3), (99.0, value)), {}).why == why


def test_a_value_that_recovered_was_broken_all_the_same():
    assert judge(ThresholdPruner(LOSS, high=10.0), ProgressCurve((0.3, 0.5), (11.0, 1.0)), {}).prune


def test_infinity_needs_no_bound():
    assert (
        judge(ThresholdPruner(LOSS, low=0.0), ProgressCurve((0.3,), (INF,)), {}).why
        == "loss is inf at 30 % of training"
    )
