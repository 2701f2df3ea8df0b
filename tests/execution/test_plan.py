"""The runner's decisions, as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hptui.core.trial import Reason, Role, StudyState, Trial, TrialStatus
from hptui.execution.plan import Abort, Action, End, PlanState, Propose, Start, plan

W, R, P, C, F, X = (
    TrialStatus.WAITING,
    TrialStatus.RUNNING,
    TrialStatus.PAUSED,
    TrialStatus.COMPLETE,
    TrialStatus.FAILED,
    TrialStatus.PRUNED,
)


def trials(*statuses: TrialStatus, role: Role = Role.SEARCH) -> list[Trial]:
    return [
        Trial(number, "", status, role, {}, reason=Reason.FINISHED if status is C else None)
        for number, status in enumerate(statuses)
    ]


def failed(*reasons: Reason) -> list[Trial]:
    return [
        Trial(number, "", F, Role.SEARCH, {}, reason=reason, message="boom", ended=float(number + 1))
        for number, reason in enumerate(reasons)
    ]


def state(found: list[Trial], **changes: object) -> PlanState:
    return replace(PlanState(StudyState.RUNNING, found, free_slots=1, budget=10), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (state([]), [Propose()]),
        (state([], free_slots=3), [Propose(), Propose(), Propose()]),
        (state([], free_slots=3, budget=2), [Propose(), Propose()]),
        (state(trials(W)), [Start(0)]),
        (state(trials(W, W), free_slots=3, budget=2), [Start(0), Start(1)]),
        (state(trials(R), free_slots=0), []),
        (state(trials(C), free_slots=0), []),
        (state(trials(C), free_slots=0, budget=None), []),
        (state(trials(C), free_slots=0, budget=1), [End(StudyState.DONE, "")]),
        (state(trials(R, C), budget=2), []),
        (state(trials(C, C), budget=2), [End(StudyState.DONE, "")]),
        (state(trials(C, X, F), budget=3), [End(StudyState.DONE, "")]),
        (state(trials(C), budget=None), [Propose()]),
        (state(trials(C, P), budget=2), [End(StudyState.PAUSED, "only paused trials are left: 1")]),
        (state(trials(R), study=StudyState.PAUSED), []),
        (state(trials(W, C), study=StudyState.PAUSED), [End(StudyState.PAUSED, "")]),
        (state(trials(W, R), study=StudyState.DRAINING), []),
        (state(trials(W, C), study=StudyState.DRAINING), [End(StudyState.PAUSED, "")]),
        (state(trials(W), study=StudyState.STOPPED), [End(StudyState.STOPPED, "")]),
        (state(trials(W, C), stop_reason="the hours are over"), [End(StudyState.DONE, "the hours are over")]),
        (state(trials(R), stop_reason="the hours are over"), []),
    ],
)
def test_next_actions(given: PlanState, expected: list[Action]) -> None:
    assert plan(given) == expected


def test_listed_manual_and_replicated_trials_do_not_use_up_the_budget() -> None:
    found = trials(C, C, C, role=Role.LISTED)
    assert plan(state(found, budget=1)) == [Propose()]


def test_trials_begun_already_run_before_new_ones() -> None:
    fresh, begun = trials(W, W)
    assert plan(state([fresh, replace(begun, attempts=1)])) == [Start(1)]


def test_a_spent_space_ends_the_study_and_says_so() -> None:
    [end] = plan(state(trials(C), spent="the search space is spent"))
    assert isinstance(end, End)
    assert end.state is StudyState.DONE
    assert end.message == "the search space is spent"


@pytest.mark.parametrize(
    ("reasons", "aborts"),
    [
        ([Reason.CRASH], False),
        ([Reason.CRASH, Reason.CRASH], False),
        ([Reason.CRASH, Reason.CRASH, Reason.CRASH], True),
        ([Reason.OOM, Reason.OOM, Reason.OOM], True),
        ([Reason.CRASH, Reason.OOM, Reason.CRASH], False),
        ([Reason.USAGE], True),
        ([Reason.NO_METRIC], True),
    ],
)
def test_a_study_gives_up_when_its_first_trials_all_fail(reasons: list[Reason], aborts: bool) -> None:
    actions = plan(state(failed(*reasons)))
    assert any(isinstance(action, Abort) for action in actions) is aborts


def complete(number: int) -> Trial:
    return Trial(number, "", C, Role.SEARCH, {}, reason=Reason.FINISHED, ended=0.5, values={"loss": 1.0})


def test_five_crashes_in_a_row_stop_a_study_that_worked_before() -> None:
    row = [replace(trial, number=trial.number + 1) for trial in failed(*[Reason.CRASH] * 5)]
    assert not any(isinstance(a, Abort) for a in plan(state([complete(0), *row[:4]])))
    assert any(isinstance(a, Abort) for a in plan(state([complete(0), *row])))


def test_out_of_memory_five_times_is_a_wall_to_learn_not_a_reason_to_stop() -> None:
    row = [replace(trial, number=trial.number + 1) for trial in failed(*[Reason.OOM] * 5)]
    assert not any(isinstance(a, Abort) for a in plan(state([complete(0), *row])))


MISTAKES = (
    "train.py: error: unrecognized arguments: --rate=0.1",
    "train.py: error: argument --lr: invalid float value: 'x'",
    "Error: No such option '--rate'.",
    "trainer.x: false cannot be passed to the script: it is a flag",
)
COMBINATION = "train.py: error: --rank must be at most --width"


OPTIONS: dict[str, dict[str, object]] = {
    "same": {"rank": 8, "width": 4},
    "fewer": {"rank": 8},
    "base": {"rank": 8, "lr": 1.0},  # what the file sets, every trial has
    "other": {"rank": 8, "x": 1},
}


@pytest.mark.parametrize("message", [*MISTAKES, COMBINATION])
@pytest.mark.parametrize("options", ["same", "fewer", "base", "other"])
def test_after_a_success_only_a_rejected_combination_of_the_same_options_is_one_bad_configuration(
    message: str, options: str
) -> None:
    [bad] = failed(Reason.USAGE)
    bad = replace(bad, number=1, message=message, params=OPTIONS[options])
    good = replace(complete(0), params={"rank": 4, "width": 8})
    after = replace(complete(2), params={"x": 1}, ended=3.0)
    actions = plan(state([good, bad, after], base={"lr": 0.1}))
    if message is COMBINATION and options != "other":
        assert actions == [Propose()]
    else:
        [stop] = actions
        assert isinstance(stop, Abort)
        assert stop.message == f"trial 1 failed (usage): {message}"


def test_five_rejected_combinations_in_a_row_stop_a_study() -> None:
    row = [replace(bad, number=bad.number + 1, message=COMBINATION) for bad in failed(*[Reason.USAGE] * 5)]
    assert plan(state([complete(0), *row[:4]])) == [Propose()]
    assert isinstance(plan(state([complete(0), *row]))[0], Abort)


def test_failures_before_the_study_was_started_again_are_forgiven() -> None:
    old = failed(Reason.CRASH, Reason.CRASH, Reason.CRASH)
    assert plan(state(old, since=100.0)) == [Propose()]
