"""The lines that following prints, and how a trial compares with the baseline and the best so far."""

from dataclasses import replace

import pytest

from hptui.core.space import Choice, Space
from hptui.core.stages import expected_total
from hptui.core.study import MetricSpec, Objective, Search, Study, TrainerSettings
from hptui.core.trial import Reason, Role, Trial, TrialStatus
from hptui.operations.messages import trial_line

STUDY = Study(
    name="director",
    objectives=(Objective("loss"),),
    trainer=TrainerSettings("toy", {"rank": 16, "alpha": 32, "lr": 2e-4, "epochs": 1}),
    space=Space((Choice("rank", (8, 16, 32)), Choice("alpha", (16, 32, 64)), Choice("lr", (1e-4, 2e-4, 3e-4)))),
    search=Search(trials=20),
)


def trial(number, loss=None, role=Role.SEARCH, status=TrialStatus.COMPLETE, **more):
    params = more.pop("params", {})
    values = None if loss is None else {"loss": loss}
    return Trial(number, more.pop("name", ""), status, role, params, values=values, ended=float(number), **more)


BASELINE = trial(0, 0.6097, Role.BASELINE)
HISTORY = [
    BASELINE,
    trial(1, 0.5834, params={"rank": 32, "alpha": 64, "lr": 1.5e-4}),
    trial(2, 0.6523, params={"rank": 8, "alpha": 16, "lr": 3e-4}),
    trial(19, 0.5621, params={"rank": 32, "alpha": 64, "lr": 1.2e-4}),
]


def test_the_four_lines():
    printed = [trial_line(STUDY, one, HISTORY[:index], 20) for index, one in enumerate(HISTORY)]
    assert printed == [
        "Trial 0/20: rank=16, alpha=32, lr=2e-4 → loss=0.6097 (baseline)",
        "Trial 1/20: rank=32, alpha=64, lr=1.5e-4 → loss=0.5834 ✓ IMPROVED",
        "Trial 2/20: rank=8, alpha=16, lr=3e-4 → loss=0.6523 ✗ WORSE",
        "Trial 19/20: rank=32, alpha=64, lr=1.2e-4 → loss=0.5621 ✓ BEST",
    ]


def judged(losses, goal="minimize", baseline=True):
    """The verdicts on trials with these losses, the first being the baseline."""
    study = replace(STUDY, objectives=(Objective("loss", goal),))
    role = Role.BASELINE if baseline else Role.SEARCH
    trials = [trial(n, loss, role if n == 0 else Role.SEARCH) for n, loss in enumerate(losses)]
    return [trial_line(study, one, trials[:n]).split("loss=")[1].split(" ", 1)[1] for n, one in enumerate(trials)]


@pytest.mark.parametrize(
    ("losses", "goal", "expected"),
    [
        ([1.0, 1.0], "minimize", ["(baseline)", "= EQUAL"]),
        ([1.0, 0.9, 0.8, 0.85], "minimize", ["(baseline)", "✓ IMPROVED", "✓ BEST", "✓ IMPROVED"]),
        ([1.0, 1.1, 0.9, 0.9], "minimize", ["(baseline)", "✗ WORSE", "✓ IMPROVED", "✓ IMPROVED"]),
        ([1.0, 1.1, 0.9, 1.2], "maximize", ["(baseline)", "✓ IMPROVED", "✗ WORSE", "✓ BEST"]),
    ],
)
def test_against_the_baseline(losses, goal, expected):
    assert judged(losses, goal) == expected


def test_without_a_baseline_the_best_so_far_counts():
    assert judged([1.0, 1.1, 0.9, 0.9], baseline=False) == ["✓ BEST", "✗ WORSE", "✓ BEST", "= EQUAL"]


def test_a_baseline_that_failed_is_none():
    failed = replace(BASELINE, status=TrialStatus.FAILED, reason=Reason.CRASH, values=None)
    assert trial_line(STUDY, trial(1, 9.0), [failed]).endswith("✓ BEST")


def test_several_objectives():
    study = replace(STUDY, objectives=(Objective("loss"), Objective("speed", "maximize")))

    def both(number, loss, speed, role=Role.SEARCH):
        return replace(trial(number, role=role), values={"loss": loss, "speed": speed})

    trials = [
        both(0, 1.0, 1.0, Role.BASELINE),
        both(1, 0.9, 0.5),
        both(2, 0.8, 0.6),
        both(3, 2.0, 0.9),
        both(4, 1.0, 1.0),
    ]
    ends = [trial_line(study, one, trials[:n]).rsplit("speed=", 1)[1].split(" ", 1)[1] for n, one in enumerate(trials)]
    assert ends == ["(baseline)", "✓ ON THE FRONT", "✓ ON THE FRONT", "✗ NOT ON THE FRONT", "= EQUAL"]


def test_what_was_not_complete_says_why():
    oom = trial(4, status=TrialStatus.FAILED, reason=Reason.OOM, message="CUDA out of memory", params={"rank": 32})
    assert trial_line(STUDY, oom, HISTORY, 20) == "Trial 4/20: rank=32 ✗ FAILED (oom): CUDA out of memory"
    pruned = trial(
        5, status=TrialStatus.PRUNED, reason=Reason.PRUNER, message="worse than the median", params={"rank": 8}
    )
    assert trial_line(STUDY, pruned, HISTORY) == "Trial 5: rank=8 – PRUNED (pruner): worse than the median"
    stopped = trial(6, status=TrialStatus.STOPPED, reason=Reason.USER, params={"rank": 8})
    assert trial_line(STUDY, stopped, HISTORY, 20) == "Trial 6/20: rank=8 – STOPPED (user)"
    partial = replace(trial(7, params={"rank": 8}), values={})
    assert "COMPLETE" in trial_line(STUDY, partial, [])


def test_names_and_formats_are_used():
    study = replace(STUDY, metrics={"loss": MetricSpec(format="percent")})
    assert trial_line(study, trial(1, 0.03, name="higher", params={"rank": 8}), []) == (
        "Trial 1: higher: rank=8 → loss=0.0300 (3.0%) ✓ BEST"
    )


def test_a_baseline_of_nothing_that_is_searched():
    assert trial_line(replace(STUDY, space=Space()), BASELINE, []) == "Trial 0: as written → loss=0.6097 (baseline)"


def test_how_many_there_will_be():
    manual = trial(20, 0.1, Role.MANUAL)
    assert expected_total(STUDY, [*HISTORY, manual]) == 21
    assert expected_total(replace(STUDY, search=Search(trials=None)), HISTORY) is None
    assert expected_total(replace(STUDY, search=Search(sampler="list")), HISTORY) == 4
