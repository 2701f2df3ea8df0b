"""A turn's transactions fail now and then: what they held is recorded later, once, and no place is lost by it."""

from __future__ import annotations

import errno
import random
import time
from pathlib import Path

import pytest

from hptui.core.trial import StudyState
from hptui.execution.controller import Hooks
from hptui.execution.executor import WorkerSpec
from hptui.execution.runner import RunEnd, Runner
from hptui.operations.run import create_study, read_study
from hptui.store.paths import StudyDir
from hptui.store.store import Store
from tests.benchmarks.many_workers import Simulated, study
from tests.faults.poison import events

TRIALS, PLACES = 12, 4


@pytest.mark.parametrize("seed", range(4))
def test_what_a_failed_transaction_held_is_recorded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(Simulated, "ends", 3)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # the runner waits after each failure
    draw, failed = random.Random(seed), 0
    sd = StudyDir.for_study(tmp_path / "home", "many")
    create_study(sd, read_study(study(tmp_path, TRIALS, PLACES, "random"), {}))
    with Store.open(sd) as store:
        store.set_state(StudyState.RUNNING)
        runner = Runner(sd, store, Hooks(lambda _: WorkerSpec(("false",)), lambda *_: None))

        def fail_at_times() -> None:
            nonlocal failed
            if runner.attempts.live and draw.random() < 0.4:
                failed += 1
                raise OSError(errno.EIO, "drawn")

        store.connection.before_commit = fail_at_times
        assert runner.run() is RunEnd.RESTED
        store.connection.before_commit = lambda: None
        trials = store.read.trials()
        curves = [store.read.curve(trial.number, "loss") for trial in trials]
        executor = runner.attempts.executor
    assert failed
    assert [str(trial.status) for trial in trials] == ["complete"] * TRIALS
    assert [trial.attempts for trial in trials] == [1] * TRIALS
    assert isinstance(executor, Simulated)
    assert executor.free_places() == PLACES
    expected = sum(event["k"] == "metrics" for event in events(1.0))
    assert {len(curve) for curve in curves} == {expected}
