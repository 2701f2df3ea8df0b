"""What an attempt's directory says became of it."""

from __future__ import annotations

from typing import Any

import pytest

from hptui.core.study import Objective
from hptui.core.trial import AttemptState, Reason, TrialStatus
from hptui.execution.classify_exit import ExitFacts, classify_exit, objective_values
from hptui.store.records import MetricSummary


def end(status: str, reason: str, message: str = "") -> dict[str, Any]:
    return {"k": "end", "status": status, "reason": reason, "message": message}


def exit_(code: int | None = 0, signal: int | None = None, **more: Any) -> dict[str, Any]:
    return {"code": code, "signal": signal, **more}


@pytest.mark.parametrize(
    ("facts", "status", "reason"),
    [
        (ExitFacts(end("complete", "finished"), exit_()), TrialStatus.COMPLETE, Reason.FINISHED),
        (ExitFacts(end("complete", "finished"), exit_(139)), TrialStatus.COMPLETE, Reason.FINISHED),
        (ExitFacts(end("complete", "finished"), None), TrialStatus.COMPLETE, Reason.FINISHED),
        (ExitFacts(end("complete", "early_stop"), exit_()), TrialStatus.COMPLETE, Reason.EARLY_STOP),
        (ExitFacts(end("pruned", "pruner"), exit_()), TrialStatus.PRUNED, Reason.PRUNER),
        (ExitFacts(end("paused", "user"), exit_()), TrialStatus.PAUSED, Reason.USER),
        (ExitFacts(end("stopped", "user"), exit_(), asked="stop"), TrialStatus.STOPPED, Reason.USER),
        (ExitFacts(end("stopped", "user"), exit_(), asked="timeout"), TrialStatus.FAILED, Reason.TIMEOUT),
        (ExitFacts(end("stopped", "user"), exit_(), asked="hung"), TrialStatus.FAILED, Reason.HUNG),
        (ExitFacts(end("failed", "oom"), exit_()), TrialStatus.FAILED, Reason.OOM),
        (ExitFacts(end("failed", "nan"), exit_()), TrialStatus.FAILED, Reason.NAN),
        (ExitFacts(end("failed", "disk_full"), exit_()), None, Reason.DISK_FULL),
        (ExitFacts(None, None), None, Reason.LOST),
        (ExitFacts(None, None, rebooted=True), None, Reason.REBOOT),
        (ExitFacts(None, exit_(0)), TrialStatus.FAILED, Reason.CRASH),
        (ExitFacts(None, exit_(1)), TrialStatus.FAILED, Reason.CRASH),
        (ExitFacts(None, exit_(None, 11)), TrialStatus.FAILED, Reason.CRASH),
        (ExitFacts(None, exit_(None, 9)), None, Reason.LOST),
        (ExitFacts(None, exit_(None, 15)), None, Reason.LOST),
        (ExitFacts(None, exit_(None, 9, oom_kills=1)), TrialStatus.FAILED, Reason.HOST_OOM),
        (ExitFacts(None, exit_(None, 9, insisted=True), asked="stop"), TrialStatus.STOPPED, Reason.USER),
        (ExitFacts(None, exit_(None, 9, insisted=True), asked="timeout"), TrialStatus.FAILED, Reason.TIMEOUT),
        (ExitFacts(None, exit_(None, 9, insisted=True), asked="prune"), TrialStatus.PRUNED, Reason.PRUNER),
        (ExitFacts(None, exit_(None, 9, insisted=True, asked="kill")), TrialStatus.STOPPED, Reason.USER),
    ],
)
def test_status_and_reason(facts: ExitFacts, status: TrialStatus | None, reason: Reason) -> None:
    ending = classify_exit(facts)
    assert (ending.status, ending.reason) == (status, reason)


def test_a_pause_that_came_too_late_does_not_undo_a_finished_trial() -> None:
    ending = classify_exit(ExitFacts(end("complete", "finished"), exit_(), asked="pause"))
    assert ending.status is TrialStatus.COMPLETE
    assert ending.attempt is AttemptState.DONE


def test_a_crash_names_the_last_line_that_was_printed() -> None:
    ending = classify_exit(ExitFacts(None, exit_(3), last_line="ValueError: no such column"))
    assert ending.message == "exit code 3, without a result: ValueError: no such column"


def last(value: float, low: float | None = None, high: float | None = None) -> MetricSummary:
    low, high = value if low is None else low, value if high is None else high
    return MetricSummary(step=9, value=value, low=low, low_step=3, high=high, high_step=4, n=9, nonfinite=0)


LOSS = Objective("loss")
ACCURACY = Objective("accuracy", "maximize")
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("objective", "points", "final", "expected"),
    [
        (LOSS, {"loss": last(0.5, 0.3, 0.9)}, {}, 0.3),
        (ACCURACY, {"accuracy": last(0.5, 0.3, 0.9)}, {}, 0.9),
        (Objective("loss", select="last"), {"loss": last(0.5, 0.3, 0.9)}, {}, 0.5),
        (Objective("loss", select="last"), {"loss": last(0.5, 0.3, 0.9)}, {"loss": 0.45}, 0.45),
        (LOSS, {"loss": last(0.5, 0.3, 0.9)}, {"loss": 0.2}, 0.2),
        (LOSS, {}, {"loss": 0.7}, 0.7),
    ],
)
def test_value_of_a_finished_trial(
    objective: Objective, points: dict[str, MetricSummary], final: dict[str, float], expected: float
) -> None:
    assert objective_values([objective], points, final) == ({objective.metric: expected}, None, "")


@pytest.mark.parametrize(
    ("points", "final", "reason", "says"),
    [
        ({"loss": last(NAN, 0.3, 0.9)}, {}, Reason.NAN, "loss ended as NaN"),
        ({"loss": last(INF, 0.3, 0.9)}, {}, Reason.NAN, "loss ended as infinity"),
        ({"loss": last(0.4)}, {"loss": NAN}, Reason.NAN, "loss ended as NaN"),
        ({}, {}, Reason.NO_METRIC, "it reported no metric at all"),
        ({"los": last(0.4)}, {"acc": 1.0}, Reason.NO_METRIC, "it reported acc, los"),
    ],
)
def test_what_was_not_measured_never_becomes_a_number(
    points: dict[str, MetricSummary], final: dict[str, float], reason: Reason, says: str
) -> None:
    values, why, message = objective_values([LOSS], points, final)
    assert values == {}
    assert why is reason
    assert says in message
