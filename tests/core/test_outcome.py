"""What came of trials: outcome conditions, the usable ones, and the progress of several objectives."""

import pytest

from hptui.core.expressions import parse
from hptui.core.ranking import hypervolumes, is_usable, measured_values, meets_outcome, outcome_margins, pareto_set
from hptui.core.study import Objective, Search, Study, TrainerSettings
from hptui.core.trial import Role, Trial, TrialStatus

LOSS, SPEED = Objective("loss"), Objective("speed", "maximize")


def study(*outcome, objectives=(LOSS,)):
    return Study("s", objectives, TrainerSettings("toy"), search=Search(outcome=tuple(map(parse, outcome))))


def trial(number=0, values=None, status=TrialStatus.COMPLETE, **more):
    return Trial(number, f"t{number}", status, Role.SEARCH, {}, values=values, ended=float(number), **more)


def test_what_is_measured_and_under_which_name():
    known = measured_values(
        trial(
            values={"loss": 0.5},
            metrics={"loss": 0.9, "eval/bleu": 20.0, "gap": 1.0, "odd": None},
            final={"gap": 0.1},
            seconds=12.0,
            peak_memory_gb=3.5,
        )
    )
    assert known == {"loss": 0.5, "eval_bleu": 20.0, "gap": 0.1, "seconds": 12.0, "peak_memory_gb": 3.5}
    waiting = Trial(0, "t", TrialStatus.WAITING, Role.SEARCH, {})
    assert measured_values(waiting) == {}


def test_margins_say_by_how_much_a_condition_is_missed():
    asked = study("peak_memory_gb <= 16", "seconds < 60", "gap <= 0.2")
    kept = trial(values={"loss": 1.0}, metrics={"gap": 0.2}, seconds=30.0, peak_memory_gb=8.0)
    assert all(margin <= 0 for margin in outcome_margins(asked, kept).values())
    missed = outcome_margins(asked, trial(values={"loss": 1.0}, seconds=30.0, peak_memory_gb=32.0))
    assert missed["peak_memory_gb <= 16"] == pytest.approx(0.693, abs=1e-3)
    assert missed["seconds < 60"] < 0
    assert "gap <= 0.2" not in missed


@pytest.mark.parametrize(
    ("peak", "gap", "kept"),
    [
        (8.0, 0.1, True),
        (32.0, 0.1, False),
        (8.0, None, None),
        (32.0, None, False),
        (None, None, None),
        (8.0, float("nan"), False),
    ],
)
def test_a_trial_keeps_the_outcome_or_not_or_nobody_knows(peak, gap, kept):
    asked = study("peak_memory_gb <= 16", "gap <= 0.2")
    done = trial(values={"loss": 1.0}, metrics={"gap": gap}, peak_memory_gb=peak)
    assert meets_outcome(asked, done) is kept
    assert is_usable(asked, done) == (kept is not False)


def test_without_conditions_every_complete_trial_is_usable():
    assert meets_outcome(study(), trial()) is True
    assert is_usable(study(), trial(values={"loss": 1.0}))
    assert not is_usable(study(), trial(status=TrialStatus.PRUNED))
    assert not is_usable(study(objectives=(LOSS, SPEED)), trial(values={"loss": 1.0}))


def test_a_condition_that_cannot_be_worked_out_is_not_measured():
    assert outcome_margins(study("gap > 'x'"), trial(metrics={"gap": 1.0})) == {}
    assert outcome_margins(study("1 / gap < 2"), trial(metrics={"gap": 0.0})) == {"1 / gap < 2": 1.0}


PAIRS = [(2.0, 10.0), (1.0, 5.0), (3.0, 9.0), (1.5, 20.0), (1.0, 30.0)]


def trials(pairs=PAIRS, **more):
    return [trial(number, {"loss": a, "speed": b}, **more) for number, (a, b) in enumerate(pairs)]


def test_the_pareto_set_is_of_usable_trials():
    asked = study(objectives=(LOSS, SPEED))
    assert [one.number for one in pareto_set(asked, trials()[:4])] == [1, 3]
    bound = study("speed < 20", objectives=(LOSS, SPEED))
    assert [one.number for one in pareto_set(bound, trials()[:4])] == [0, 1]
    assert [one.number for one in pareto_set(study(), [trial(n, {"loss": v}) for n, v in enumerate((2, 1, 1))])] == [
        1,
        2,
    ]


def test_the_hypervolume_grows_to_one_when_one_trial_is_best_in_everything():
    found = hypervolumes(study(objectives=(LOSS, SPEED)), [*trials(), trial(5, status=TrialStatus.FAILED)])
    assert [number for number, _ in found] == [0, 1, 2, 3, 4]
    volumes = [volume for _, volume in found]
    assert volumes == sorted(volumes)
    assert volumes[1] == volumes[2], "trial 2 is dominated"
    assert volumes[-1] == pytest.approx(1.0)
    # loss spans 1..3 (reference 3.2), speed 5..30 (reference 2.5): trial 0 commands 1.2 x 7.5 of 2.2 x 27.5
    assert volumes[0] == pytest.approx(1.2 * 7.5 / (2.2 * 27.5))
    assert hypervolumes(study(objectives=(LOSS, SPEED)), []) == []


def test_trials_count_as_they_ended():
    asked = study(objectives=(LOSS, SPEED))
    assert hypervolumes(asked, trials()[::-1]) == hypervolumes(asked, trials())
