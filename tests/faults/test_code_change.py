"""Runners that die while they hand over to new code: nothing is lost, nothing is recorded twice."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from hptui.operations.runner_lock import runner_status
from hptui.store.crash_points import EXIT_CODE
from tests.copied import copy_package, install
from tests.faults.harness import Subject, last_exit_code
from tests.faults.test_killloop import study
from tests.support import events, until

ROUNDS = 9


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return copy_package(tmp_path / "lib", monkeypatch)


def handovers(subject: Subject) -> int:
    return sum("restarted itself" in message for message in events(subject.sd, "code_changed"))


@pytest.mark.parametrize("point", ["before_new_code", "after_new_code"])
def test_a_runner_may_die_here(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: Path, point: str
) -> None:
    subject = Subject(home, study(tmp_path, "toy", 2, steps=400, step_seconds=0.02), slots=2)
    monkeypatch.setenv("HPTUI_CRASH", f"{point}:1")
    subject.start()
    until(lambda: len(subject.attempts()) == 2)
    running = {(attempt.trial, attempt.n) for attempt in subject.attempts()}
    install(package, "9.9.9")
    until(lambda: not runner_status(subject.sd)["alive"], 60)
    assert last_exit_code() == EXIT_CODE
    assert {(attempt.trial, attempt.n) for attempt in subject.attempts()} == running
    monkeypatch.delenv("HPTUI_CRASH")
    with subject.kept():
        subject.finish()
    now = subject.judge()
    assert all(len(now.attempts[trial]) == 1 for trial, _ in running)


def test_nothing_is_lost_in_handovers_under_fire(home: Path, tmp_path: Path, package: Path) -> None:
    """Some rounds end in peace, in the others a process is killed at a time that the seed has drawn."""
    subject = Subject(home, study(tmp_path, "toy", 2), slots=2)
    draw, kills = random.Random(3), 0
    with subject.kept():
        until(lambda: subject.attempts())
        for n in range(ROUNDS):
            until(lambda: runner_status(subject.sd)["ready"] and subject.runner())  # with the code of the last round
            before = handovers(subject)
            install(package, f"9.9.{n}")
            if n % 3 == 2:
                until(lambda before=before: handovers(subject) > before)  # type: ignore[misc]
                continue
            time.sleep(draw.uniform(0.2, 3.0))
            attempts = subject.attempts()
            victim = draw.choice([subject.runner(), subject.runner(), *(attempt.shim for attempt in attempts)])
            kills += subject.kill(victim)
            assert not subject.look()
        subject.finish()
    now = subject.judge()
    assert handovers(subject) >= ROUNDS // 3
    assert kills
    assert len(now.trials) > 3
