import pytest

from hptui.core.errors import StudyError
from hptui.core.study import Objective, PrunerSettings
from hptui.search.pruners import MedianPruner, ProgressCurve, best_at, pruner_for, pruner_settings

LOSS = Objective("val_loss")
STEPS = tuple(step / 10 for step in range(1, 11))


def falling(to, progress=STEPS):
    """A loss that falls in a straight line from 4 to `to`."""
    return ProgressCurve(tuple(progress), tuple(4 + (to - 4) * p for p in progress))


def cut(curve, share):
    """The curve as it was when its trial had done that share."""
    points = [(p, v) for p, v in zip(curve.progress, curve.values, strict=True) if p <= share]
    return ProgressCurve(tuple(p for p, _ in points), tuple(v for _, v in points))


PEERS = {number: falling(to) for number, to in enumerate((1.0, 1.2, 1.4, 1.6, 1.8, 2.0))}


def verdict(own, peers=None, objective=LOSS, **settings):
    peers = PEERS if peers is None else peers
    return MedianPruner(objective, **settings).verdict(99, {**peers, 99: own}, peers.keys())


def test_a_trial_worse_than_the_median_is_pruned_and_told_why():
    given = verdict(ProgressCurve((0.2, 0.4), (3.9, 3.71)))
    assert given.prune
    assert given.why == "val_loss 3.71 at 40 % of training is worse than the median 3.00 of 6 trials"


def test_a_trial_better_than_the_median_goes_on():
    assert not verdict(cut(falling(1.3), 0.4)).prune


def test_a_trial_just_at_the_median_goes_on():
    assert not verdict(
        ProgressCurve((0.5,), (2.75,)), {number: ProgressCurve((0.5,), (2.75,)) for number in range(6)}
    ).prune


def test_nothing_is_pruned_before_the_warm_up():
    bad = ProgressCurve((0.1, 0.15, 0.2), (9.0, 9.0, 9.0))
    assert not verdict(cut(bad, 0.15)).prune
    assert verdict(bad).prune
    assert not verdict(bad, warmup=0.3).prune


def test_nothing_is_pruned_before_enough_trials_can_be_compared():
    bad = ProgressCurve((0.4,), (9.0,))
    four = {number: PEERS[number] for number in range(4)}
    assert not verdict(bad, four).prune
    assert verdict(bad, four, startup=4).prune
    assert verdict(bad, {0: PEERS[0]}, startup=0).why.endswith("of 1 trial")
    assert not verdict(bad, {}, startup=0).prune


def test_only_finished_trials_are_compared_with():
    curves = {**PEERS, 99: ProgressCurve((0.4,), (9.0,))}
    assert not MedianPruner(LOSS).verdict(99, curves, [0, 1, 2, 3]).prune
    assert MedianPruner(LOSS).verdict(99, curves, [0, 1, 2, 3, 4, 99]).prune


def test_trials_that_never_report_at_the_same_step_can_be_compared():
    peers = {
        number: falling(1.0 + number / 10, [i / count for i in range(1, count + 1)])
        for number, count in enumerate((3, 7, 11, 13, 29, 31))
    }
    assert verdict(ProgressCurve((0.5,), (2.7,)), peers).prune  # the median is about 4 - 2.75 * 0.5
    assert not verdict(ProgressCurve((0.5,), (2.5,)), peers).prune


def test_the_best_so_far_counts_not_a_late_worsening():
    overfitted = ProgressCurve((0.1, 0.5, 1.0), (3.0, 1.0, 3.5))
    assert best_at(LOSS, overfitted, 0.3) == pytest.approx(2.0)
    assert best_at(LOSS, overfitted, 0.7) == 1.0
    assert best_at(LOSS, overfitted, 1.0) == 1.0
    assert not verdict(ProgressCurve((0.3, 0.6), (1.5, 5.0))).prune, "its own best is 1.5"


def test_a_trial_that_ended_earlier_or_began_later_is_not_compared_with():
    assert best_at(LOSS, ProgressCurve((0.2, 0.4), (3.0, 2.0)), 0.5) is None
    assert best_at(LOSS, ProgressCurve((0.2, 0.4), (3.0, 2.0)), 0.1) is None
    short = {number: cut(curve, 0.3) for number, curve in PEERS.items()}
    assert not verdict(ProgressCurve((0.4,), (9.0,)), short).prune


def test_a_goal_to_maximize_is_mirrored():
    accuracy = Objective("accuracy", "maximize")
    peers = {number: ProgressCurve((0.5, 1.0), (0.5, 0.6 + number / 100)) for number in range(5)}
    low = verdict(ProgressCurve((0.5,), (0.41,)), peers, accuracy)
    assert low.why == "accuracy 0.410 at 50 % of training is worse than the median 0.500 of 5 trials"
    assert not verdict(ProgressCurve((0.5,), (0.51,)), peers, accuracy).prune


def test_the_leader_is_never_pruned():
    """All others were better at this point and got worse: by its last value, this one leads."""
    overfitted = {number: ProgressCurve((0.2, 0.5, 1.0), (2.0, 1.0, 3.0 + number / 10)) for number in range(6)}
    own = ProgressCurve((0.2, 0.5), (2.5, 2.5))
    assert verdict(own, overfitted).prune
    assert not verdict(own, overfitted, Objective("val_loss", select="last")).prune
    assert verdict(ProgressCurve((0.5,), (3.2,)), overfitted, Objective("val_loss", select="last")).prune


def test_values_that_are_no_numbers_are_no_evidence():
    nan, inf = float("nan"), float("inf")
    assert not verdict(ProgressCurve((0.4,), (nan,))).prune
    assert verdict(ProgressCurve((0.3, 0.4, 0.5), (3.9, nan, 3.9))).prune
    broken = {number: ProgressCurve(STEPS, (nan,) * 10) for number in range(10, 20)}
    assert verdict(ProgressCurve((0.4,), (3.71,)), {**PEERS, **broken}).why.endswith("of 6 trials")
    assert not verdict(
        ProgressCurve((0.4,), (2.0,)), {n: ProgressCurve((0.1, 1.0), (-inf, 3.0)) for n in range(6)}
    ).prune


def test_a_trial_without_a_curve_goes_on():
    assert not MedianPruner(LOSS).verdict(99, PEERS, PEERS.keys()).prune
    assert not verdict(ProgressCurve((), ())).prune


def test_points_out_of_order_and_repeated_are_put_in_order():
    mixed = ProgressCurve((0.4, 0.2, 0.4), (3.71, 3.9, 3.72))
    assert verdict(mixed).why.startswith("val_loss 3.71 at 40 %")


def test_numbers_close_together_are_told_apart():
    peers = {number: ProgressCurve((0.5,), (2.31001,)) for number in range(5)}
    assert (
        "2.31002 at 50 % of training is worse than the median 2.31001"
        in verdict(ProgressCurve((0.5,), (2.31002,)), peers).why
    )


def test_a_curve_needs_a_value_for_each_point():
    with pytest.raises(ValueError, match="got 2 and 1"):
        ProgressCurve((0.1, 0.2), (1.0,))


def test_pruners_are_made_from_the_study_file():
    assert pruner_for(PrunerSettings(), LOSS) is None
    assert pruner_for(pruner_settings("median", warmup=0.3, startup=7), LOSS) == MedianPruner(LOSS, 0.3, 7)
    with pytest.raises(StudyError, match=r"search\.pruner\.kind.*\n.*did you mean 'median'"):
        pruner_for(PrunerSettings("medain"), LOSS)
