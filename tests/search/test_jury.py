"""Pruning with several objectives: on all of them, or on the one that is named; never what nothing dominates."""

import pytest

from hptui.core.errors import StudyError
from hptui.core.study import Objective, PrunerSettings
from hptui.search.pruners import ProgressCurve, make_pruner, pruner_for, pruner_settings

LOSS, ACCURACY = Objective("loss"), Objective("accuracy", "maximize")
BOTH = (LOSS, ACCURACY)
MEDIAN = pruner_settings("median", startup=3)


def shown(*pairs, progress=0.5):
    """Curves by metric of trials 0, 1, … with one (loss, accuracy) each."""
    return {
        metric: {
            n: ProgressCurve((progress,), (pair[index],)) for n, pair in enumerate(pairs) if pair[index] is not None
        }
        for index, metric in enumerate(("loss", "accuracy"))
    }


def judge(*pairs, spec=MEDIAN, objectives=BOTH):
    """The verdict on the last one."""
    jury = make_pruner(spec, objectives)
    assert jury is not None
    return jury.verdict(len(pairs) - 1, shown(*pairs), range(len(pairs) - 1))


PEERS = ((1.0, 0.9), (1.2, 0.8), (1.4, 0.7))


def test_one_objective_is_judged_as_ever():
    own = (*PEERS, (2.0, 0.5))
    single = pruner_for(MEDIAN, LOSS).verdict(3, shown(*own)["loss"], range(3))
    assert judge(*own, objectives=(LOSS,)) == single
    assert single.prune


def test_a_trial_that_is_bad_in_everything_is_pruned_and_told_all_reasons():
    assert judge(*PEERS, (2.0, 0.5)).why == (
        "loss 2.00 at 50 % of training is worse than the median 1.20 of 3 trials; "
        "accuracy 0.500 at 50 % of training is worse than the median 0.800 of 3 trials"
    )


def test_a_trial_that_is_good_in_something_goes_on():
    assert not judge(*PEERS, (2.0, 0.85)).prune
    assert not judge(*PEERS, (1.1, 0.5)).prune


def test_what_has_not_shown_every_objective_goes_on():
    assert not judge(*PEERS, (2.0, None)).prune


def test_the_objective_that_is_named_decides_alone():
    spec = pruner_settings("median", startup=3, on="accuracy")
    assert judge(*PEERS, (0.5, 0.5), spec=spec).why.startswith("accuracy 0.500")
    assert judge(*PEERS, (None, 0.5), spec=spec).prune
    assert not judge(*PEERS, (9.0, 0.85), spec=spec).prune
    assert make_pruner(spec, BOTH).metrics == ("accuracy",)
    assert make_pruner(MEDIAN, BOTH).metrics == ("loss", "accuracy")
    with pytest.raises(StudyError, match=r"search\.pruner\.on.*\n.*did you mean 'accuracy'"):
        make_pruner(pruner_settings("median", on="acuracy"), BOTH)


def test_what_nothing_dominates_goes_on_though_it_is_behind_both_medians():
    """A compromise between two extremes: worse than the median of each, and on the Pareto front."""
    extremes = ((1.0, 0.1), (5.0, 0.9), (1.1, 0.11), (4.9, 0.89), (1.2, 0.12), (5.1, 0.88))
    assert not judge(*extremes, (3.2, 0.45)).prune
    assert judge(*extremes, (3.1, 0.6), (3.2, 0.45)).prune


def test_no_pruner_no_jury():
    assert make_pruner(PrunerSettings(), BOTH) is None


@pytest.mark.parametrize("kind", ["percentile", "asha", "hyperband", "patient"])
def test_every_kind_can_judge_several_objectives(kind):
    jury = make_pruner(pruner_settings(kind, startup=2), BOTH)
    points = shown(*[(1.0 + n / 100, 0.9 - n / 100) for n in range(40)], (9.0, 0.1))
    flat = {
        metric: {n: ProgressCurve((0.2, 0.6), one.values * 2) for n, one in found.items()}
        for metric, found in points.items()
    }
    given = jury.verdict(40, flat, range(40))
    assert given.prune
    assert "loss" in given.why
    assert "; accuracy" in given.why
