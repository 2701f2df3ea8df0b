"""At most one attempt of a trial counts, whatever its executor says: a scripted one that lies, on real studies."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from hptui.core.trial import Reason
from hptui.operations.run import run
from hptui.operations.steer import send_command
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import MetaKey
from hptui.store.run_directory import RunDir
from tests.support import rest, run_to_crash, run_to_rest, toy, trials, until

pytestmark = pytest.mark.process

LIAR = """
import json, os, sys, time
from hptui.execution import doubts
from hptui.execution.executor import Lease, State
from hptui.store.run_directory import write_json
from hptui.testing.in_process import InProcessExecutor, InProcessHandle

if sys.argv[0].endswith("runner_process.py"):  # elsewhere it is only looked up
    doubts.SETTLE_S, doubts.REPORTED_AFTER_S, doubts.RECORD_INTERVAL_S = 1.5, 0.2, 0.0
DEAD = State("gone", "engine", "the engine says so", "far")
SILENT = State("unknown", why="no answer", place="far")
QUEUED = State("queued", why="Resources", place="far")
NEVER = State("gone", "never", "it was refused", "far")
# trial -> what is said of its first attempt: (seconds, state), one after the other; None: the truth
SCRIPT = {
    0: [(0.5, None), (99, DEAD)],
    1: [(0.5, None), (99, SILENT)],
    2: [(0.3, None), (0.9, SILENT), (99, None)],
    3: [(0.3, None), (0.25, DEAD), (99, None)],
    4: [(4.5, QUEUED), (99, None)],
    5: [(3.0, State("alive", place="far")), (99, None)],
    6: [(99, NEVER)],
}

class Liar(InProcessHandle):
    since = None

    def state(self):
        number = int(self.run.root.parent.name)
        if self.run.root.name != "attempt-1":
            return super().state()
        if self.since is None:
            self.since = time.monotonic()
        passed = time.monotonic() - self.since
        for seconds, state in SCRIPT.get(number, ()):
            passed -= seconds
            if passed < 0:
                return state or super().state()
        return super().state()

    def begin(self, launch, lock):
        write_json(self.run.executor, {"executor": "liar:Executor"})
        if self.run.root.parent.name == "0006" and self.run.root.name == "attempt-1":
            os.close(lock)
            return
        super().begin(launch, lock)

    def _train(self, launch):
        if launch.config["trial"] == 4:
            time.sleep(4.5)
        return super()._train(launch)

    def fence(self):
        with open(os.environ["FENCED"], "a") as file:
            file.write(f"{self.run.root.parent.name}/{self.run.root.name}\\n")
        if os.environ.get("MERCIFUL"):
            super().fence()  # else the attempt is out of reach, and lives on

class Executor(InProcessExecutor):
    Handle = Liar
"""


@pytest.fixture
def liar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "liar.py").write_text(LIAR)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("FENCED", str(tmp_path / "fenced"))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "fenced"


def event_trials(sd: StudyDir, kind: str) -> list[int | None]:
    with StoreReader.open(sd) as reader:
        return [event.trial for event in reader.events() if event.kind == kind]


RESOURCES = '[resources]\nexecutor = "liar:Executor"\nparallel = 7\ntimeout = "4s"\nhang_after = "1s"\ngive_up = "3s"'


def test_whatever_an_executor_says_each_trial_counts_once(home: Path, tmp_path: Path, liar: Path) -> None:
    steps, every = 58, 4
    file = toy(
        tmp_path, trials=7, steps=steps, step_seconds=0.04, trainer=f"checkpoint_every = {every}", rest=RESOURCES
    )
    sd = run_to_rest(home, file)
    found = trials(sd)
    assert [str(trial.status) for trial in found] == ["complete"] * 7
    assert [trial.attempts for trial in found] == [2, 2, 1, 1, 1, 1, 2]
    with StoreReader.open(sd) as reader:
        attempts = {(attempt.trial, attempt.n): attempt for attempt in reader.attempts()}
    assert [str(attempts[number, 1].reason) for number in (0, 1)] == ["fenced", "fenced"]
    assert attempts[6, 1].reason is Reason.LOST
    assert attempts[6, 1].message == "it was refused"
    assert event_trials(sd, "fenced") == [0, 1]
    assert sorted(event_trials(sd, "place_lost")) == [1, 2]
    assert event_trials(sd, "place_back") == [2]
    assert not event_trials(sd, "hung")
    assert not event_trials(sd, "timeout")
    assert set(liar.read_text().split()) == {"0000/attempt-1", "0001/attempt-1"}
    with sqlite3.connect(sd.db) as db:
        points = dict(db.execute("SELECT trial, count(DISTINCT step) FROM points GROUP BY trial"))
        late = db.execute(
            "SELECT trial, max(step) FROM points WHERE attempt = 1 AND trial < 2 GROUP BY trial"
        ).fetchall()
    assert points == dict.fromkeys(range(7), steps)
    for number, last in late:
        zombie, successor = RunDir(sd.attempt(number, 1)), attempts[number, 2]
        assert '"k":"end"' in zombie.events.read_text()  # it went on and reported that it was complete
        assert last < steps
        assert successor.resumed_step is not None
        assert successor.resumed_step >= last - every  # from what was recorded before the fence
        assert successor.resumed_step <= last
        if successor.resumed_step + every <= steps:
            assert sorted(path.name for path in sd.checkpoints(number).iterdir())[-1] == "a2"


@pytest.mark.parametrize(("point", "fenced"), [("before_fence", []), ("after_fence", [0])])
def test_a_fenced_attempt_is_fenced_again_by_the_next_runner(
    home: Path, tmp_path: Path, liar: Path, point: str, fenced: list[int]
) -> None:
    file = toy(tmp_path, trials=1, steps=30, step_seconds=0.04, rest=RESOURCES)
    sd = run_to_crash(home, file, f"{point}:1")
    assert event_trials(sd, "fenced") == fenced
    assert not liar.exists()
    sd = run_to_rest(home, "toy")
    [trial] = trials(sd)
    assert trial.status == "complete"
    if fenced:
        assert trial.attempts == 2
        assert liar.read_text().split() == ["0000/attempt-1"]


def test_a_person_gives_up_an_attempt(home: Path, tmp_path: Path, liar: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERCIFUL", "1")
    file = toy(tmp_path, trials=2, steps=30, step_seconds=0.04, rest=RESOURCES.replace('"3s"', '"never"'))
    sd = run(home, str(file)).sd

    def places() -> str:
        with StoreReader.open(sd) as reader:
            return reader.get_meta(MetaKey.PLACES) or ""

    until(lambda: '"state": "unknown"' in places())
    assert "will run again" in send_command(sd, "retry", {"trials": [1], "fence": True})
    rest(sd)
    assert [(str(trial.status), trial.attempts) for trial in trials(sd)] == [("complete", 2)] * 2
    assert places() == ""
