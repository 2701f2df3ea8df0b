"""Trials and studies are paused, resumed, stopped, retried and killed, with real runners and workers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from hptui.core.trial import Reason, TrialStatus
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.steer import send_command
from hptui.store.reader import StoreReader
from hptui.store.run_directory import read_json
from tests.support import rest, run_to_rest, state, toy, trial, trials, until


def statuses(found: list) -> list[str]:  # type: ignore[type-arg]
    return [str(one.status) for one in found]


def test_pause_saves_and_resume_goes_on_from_there(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1, steps=60, step_seconds=0.03)
    undisturbed = run_to_rest(home, toy(tmp_path, "still", trials=1, steps=60))
    sd = run(home, str(path)).sd
    until(lambda: (trial(sd, 0).last_step or 0) > 10)
    send_command(sd, "pause", {})
    rest(sd)
    paused = trial(sd, 0)
    assert (paused.status, paused.reason, paused.values) == (TrialStatus.PAUSED, Reason.USER, None)
    assert state(sd)[0] == "paused"
    run_to_rest(home, "toy")
    assert trial(sd, 0).status is TrialStatus.COMPLETE
    with StoreReader.open(sd) as reader, StoreReader.open(undisturbed) as other:
        first, second = reader.attempts(0)
        assert second.resumed_step == paused.last_step
        mine = [(step, value) for step, value, _ in reader.curve(0, "loss")]
        assert mine == [(step, value) for step, value, _ in other.curve(0, "loss")]
        seconds = [seconds for _, _, seconds in reader.curve(0, "loss")]
        assert seconds == sorted(seconds)
        assert reader.trial(0).seconds == pytest.approx(first.seconds + second.seconds, abs=0.01)


def test_pause_after_trials_drains(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=5, steps=20, step_seconds=0.02))).sd
    until(lambda: trials(sd)[0].status is TrialStatus.RUNNING)
    send_command(sd, "pause", {"after_trials": True})
    rest(sd)
    assert statuses(trials(sd)) == ["complete"]
    assert state(sd)[0] == "paused"


def test_one_trial_can_be_paused_while_the_study_goes_on(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=2, steps=60, step_seconds=0.03))).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 3)
    send_command(sd, "pause", {"trials": [0]})
    rest(sd)
    assert statuses(trials(sd)) == ["paused", "complete"]
    assert state(sd) == ("paused", "only paused trials are left: 0")
    run_to_rest(home, "toy")
    assert statuses(trials(sd)) == ["complete", "complete"]


def test_stop_one_trial_and_retry_it(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=2, steps=60, step_seconds=0.03))).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 3)
    send_command(sd, "stop", {"trials": [0]})
    rest(sd)
    assert statuses(trials(sd)) == ["stopped", "complete"]
    assert trial(sd, 0).reason is Reason.USER
    send_command(sd, "retry", {"trials": [0]})
    run_to_rest(home, "toy")
    assert statuses(trials(sd)) == ["complete", "complete"]
    assert trial(sd, 0).attempts == 2


def test_stop_now_kills_a_deaf_worker(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=3, trainer="hang_at = 2"))).sd
    until(lambda: (trials(sd)[0].last_step or 0) >= 1)
    send_command(sd, "stop", {"now": True})
    rest(sd, 10)
    assert statuses(trials(sd)) == ["stopped"]
    assert state(sd)[0] == "stopped"


def test_a_crash_that_is_mended_can_be_retried(home: Path, tmp_path: Path) -> None:
    sd = run_to_rest(home, toy(tmp_path, trials=1, trainer="crash_at = 3\nfaulty_attempts = 1"))
    assert statuses(trials(sd)) == ["failed"]
    assert "start it with: hptui run toy" in send_command(sd, "retry", {"trials": [0]})
    run_to_rest(home, "toy")
    assert statuses(trials(sd)) == ["complete"]


def test_a_killed_worker_runs_again_with_the_same_number_and_parameters(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1, steps=60, step_seconds=0.02, trainer="checkpoint_every = 5")
    sd = run(home, str(path)).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 12)
    os.kill(read_json(sd.attempt(0, 1) / "shim.json")["worker"], signal.SIGKILL)
    rest(sd)
    [one] = trials(sd)
    assert (one.status, one.attempts) == (TrialStatus.COMPLETE, 2)
    with StoreReader.open(sd) as reader:
        lost, done = reader.attempts(0)
        assert (lost.state, lost.reason) == ("lost", Reason.LOST)
        assert (done.resumed_step or 0) >= 10
        assert [step for step, _, _ in reader.curve(0, "loss")] == list(range(1, 61))


def test_a_machine_that_loses_a_trial_again_and_again_is_not_obeyed_for_ever(home: Path, tmp_path: Path) -> None:
    path = toy(tmp_path, trials=1, trainer="hang_at = 1", rest="[resources]\nlost_retries = 1")
    sd = run(home, str(path)).sd
    for n in (1, 2):
        until(lambda n=n: isinstance(read_json(sd.attempt(0, n) / "shim.json"), dict))  # type: ignore[misc]
        os.kill(read_json(sd.attempt(0, n) / "shim.json")["worker"], signal.SIGKILL)
    rest(sd)
    [one] = trials(sd)
    assert (one.status, one.reason, one.attempts) == (TrialStatus.FAILED, Reason.LOST, 2)


def test_a_killed_runner_is_replaced_and_the_trial_never_notices(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=2, steps=80, step_seconds=0.02))).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 5)
    os.kill(int(str(runner_status(sd)["pid"])), signal.SIGKILL)
    until(lambda: not runner_status(sd)["alive"])
    run_to_rest(home, "toy")
    found = trials(sd)
    assert statuses(found) == ["complete", "complete"]
    assert found[0].attempts == 1
    with StoreReader.open(sd) as reader:
        assert [step for step, _, _ in reader.curve(0, "loss")] == list(range(1, 81))


def test_what_ended_while_no_runner_lived_is_counted(home: Path, tmp_path: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=1, steps=40, step_seconds=0.02))).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 1)
    os.kill(int(str(runner_status(sd)["pid"])), signal.SIGKILL)
    until(lambda: (sd.attempt(0, 1) / "exit.json").exists())
    assert trial(sd, 0).status is TrialStatus.RUNNING
    run_to_rest(home, "toy")
    assert (trial(sd, 0).status, trial(sd, 0).attempts) == (TrialStatus.COMPLETE, 1)
