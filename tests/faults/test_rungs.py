"""A runner that dies around a pause at a rung or a promotion, and attempts that do: the end is the same."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from pathlib import Path

import pytest

from hptui.core.trial import Reason
from hptui.operations.runner_lock import runner_status
from hptui.store.crash_points import EXIT_CODE
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from tests.execution.test_rungs import recorded, rungs, study
from tests.faults.harness import Subject, last_exit_code
from tests.support import run_to_rest, trials, until

REST = "[resources]\nlost_retries = 1000000\nmin_free_gb = 0.0"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> StudyDir:
    """An undisturbed study."""
    folder = tmp_path_factory.mktemp("rungs")
    return run_to_rest(folder / "home", study(folder))


POINTS = (
    "before_finish:3",
    "after_finish:3",
    "after_promote:1",
    "after_insert_attempt:2",
    "after_promote:2",
    "after_prune_at_rungs:1",
    "after_sweep:2",
)


def test_a_runner_that_dies_around_a_pause_or_a_promotion_changes_nothing(
    home: Path, tmp_path: Path, done: StudyDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = Subject(home, study(tmp_path, rest=REST))
    died = []
    for point in POINTS:
        monkeypatch.setenv("HPTUI_CRASH", point)
        subject.start()
        until(lambda: not runner_status(subject.sd)["alive"], seconds=60)
        died.append(last_exit_code() == EXIT_CODE)
        assert subject.look() == []
    monkeypatch.delenv("HPTUI_CRASH")
    assert died == [True] * len(POINTS)
    run_to_rest(home, "rungs")
    assert recorded(subject.sd) == recorded(done)


def test_an_attempt_that_is_lost_at_its_rung_pauses_there_all_the_same(
    home: Path, tmp_path: Path, done: StudyDir
) -> None:
    """Its checkpoint is there, its end is not: it goes on from the checkpoint, and has nothing to train."""
    subject = Subject(home, study(tmp_path, rest=REST, trainer="checkpoint_every = 3"))
    subject.start()
    until(lambda: any(trial.is_at_rung for trial in trials(subject.sd)))
    subject.kill(subject.runner())
    until(lambda: not subject.attempts())
    number = next(trial.number for trial in trials(subject.sd) if trial.is_at_rung)
    with sqlite3.connect(subject.sd.db) as connection:  # as it was before the pause was recorded
        connection.execute("DELETE FROM rungs WHERE trial = ?", (number,))
        connection.execute("UPDATE trials SET status = 'running', reason = NULL WHERE number = ?", (number,))
        connection.execute("UPDATE attempts SET state = 'running', ended = NULL WHERE trial = ?", (number,))
        connection.execute("UPDATE study SET state = 'running'")
    connection.close()
    run = subject.sd.attempt(number, 1)
    lines = (run / "events.jsonl").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["k"] not in ("end", "heartbeat")]
    (run / "events.jsonl").write_bytes(b"".join(kept))
    (run / "exit.json").unlink(missing_ok=True)
    with sqlite3.connect(subject.sd.db) as connection:
        sizes = (sum(map(len, kept)), len(kept), number)
        connection.execute('UPDATE attempts SET "offset" = ?, sequence = ? WHERE trial = ?', sizes)
    connection.close()
    run_to_rest(home, "rungs")
    row = next(row for row in rungs(subject.sd) if row.trial == number)
    assert (row.rung, row.step) == (1, 3)
    with StoreReader.open(subject.sd) as reader:
        first, second = reader.attempts(number)[:2]
    assert (first.state, first.reason, second.state, second.reason) == ("lost", Reason.LOST, "paused", Reason.RUNG)
    assert [r[:-3] for r in recorded(subject.sd)[:1]] == [r[:-3] for r in recorded(done)[:1]]


def test_kills_at_random_change_nothing(home: Path, tmp_path: Path, done: StudyDir) -> None:
    """Runner, shims and workers of one slot are killed, by a seed; the same trials go on from the same rungs."""
    draw = random.Random(16)
    subject = Subject(home, study(tmp_path, rest=REST, step_seconds=0.01))
    with subject.kept():
        for kill in range(12):
            attempt = until(lambda: next(iter(subject.attempts()), None) or subject.state() == "done")
            if attempt is True or subject.state() == "done":
                break
            victim = (subject.runner(), attempt.worker, attempt.shim)[kill % 3]
            until(lambda n=attempt.n, t=attempt.trial: trials(subject.sd)[t].attempts >= n)
            time.sleep(draw.random() * 0.3)  # the moment is what the seed draws
            subject.kill(victim)
        assert kill >= 8
        until(lambda: subject.state() == "done" and not runner_status(subject.sd)["alive"], seconds=90)
    assert subject.look() == []
    differ = [(a, b) for a, b in zip(recorded(subject.sd), recorded(done), strict=True) if a != b]
    assert not differ
