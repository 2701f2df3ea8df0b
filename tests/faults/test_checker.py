"""The checker can fail: every invariant finds the violation that was planted for it, in data and in the product."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from hptui.operations.runner_lock import runner_status
from hptui.store.command_queue import CommandQueue
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir, acquire_lock
from tests.faults.checker import Damage, Gauge, Known, Ledger, Snapshot, check, check_end, take, told
from tests.faults.harness import Subject, named, truncate
from tests.support import kill_all, rest, toy, until

Plant = Callable[[StudyDir, sqlite3.Connection], None]
REST = "[resources]\nmin_free_gb = 0.0\nlost_retries = 1000000"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudyDir]:
    """A finished study of three trials; the first has two attempts, the second of them resumed."""
    folder = tmp_path_factory.mktemp("good")
    os.environ["HPTUI_HOME"] = str(folder / "home")
    file = toy(folder, "good", steps=30, step_seconds=0.02, trainer="checkpoint_every = 5", rest=REST)
    subject = Subject(folder / "home", file)
    subject.start()
    until(lambda: (subject.sd.checkpoints(0) / "step-00000010").is_dir())
    assert subject.kill(subject.attempts()[0].worker)
    yield rest(subject.sd)
    kill_all(folder / "home")
    del os.environ["HPTUI_HOME"]


@pytest.fixture
def copy(good: StudyDir, tmp_path: Path) -> StudyDir:
    shutil.copytree(good.root, tmp_path / "good")
    return StudyDir(tmp_path / "good")


def everything(sd: StudyDir, known: Known | None = None) -> list[str]:
    try:
        now = take(sd)
    except AssertionError as error:
        return [str(error)]
    return [*check(now, known or Known()), *check_end(now, [])]


def test_a_good_study_is_found_good(copy: StudyDir) -> None:
    now = take(copy)
    assert [len(now.attempts[number]) for number in now.trials] == [2, 1, 1]
    assert everything(copy, Known(proposals=[now.params(number) for number in now.trials])) == []
    ledger = Ledger()
    assert ledger.observe(now) == []
    assert ledger.observe(take(copy)) == []


# data ---------------------------------------------------------------------------------------------------------------


def sql(*statements: str) -> Plant:
    def plant(sd: StudyDir, db: sqlite3.Connection) -> None:
        for statement in statements:
            db.execute(statement)

    return plant


def edit(change: Callable[[list[dict[str, object]]], list[dict[str, object]]], attempt: int = 1) -> Plant:
    """Rewrite an event file of trial 0, with the store's offset following where all of it had been read."""

    def plant(sd: StudyDir, db: sqlite3.Connection) -> None:
        path = RunDir(sd.attempt(0, attempt)).events
        events = change([json.loads(line) for line in path.read_text().splitlines()])
        path.write_text("".join(f"{json.dumps(event)}\n" for event in events))
        size = path.stat().st_size
        db.execute("UPDATE attempts SET offset = ? WHERE trial = 0 AND n = ?", (size, attempt))

    return plant


def resumed_at(step: int | None) -> Plant:
    return edit(lambda events: [{**e, "resumed_step": step} if e["k"] == "hello" else e for e in events], attempt=2)


def drop_metric(events: list[dict[str, object]]) -> list[dict[str, object]]:
    place = next(i for i, event in enumerate(events) if event["k"] == "metrics")
    return events[:place] + events[place + 1 :]


def twice(events: list[dict[str, object]]) -> list[dict[str, object]]:
    return [*events, {**events[-1], "q": len(events) + 1}]


def torn_page(sd: StudyDir, db: sqlite3.Connection) -> None:
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'points'").fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    with sd.db.open("r+b") as file:
        file.seek((root - 1) * size + 3)
        file.write(b"\xff\xff")


def unlinked(sd: StudyDir, db: sqlite3.Connection) -> None:
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("INSERT INTO rejections VALUES (99, 0, '{}', '', 0, NULL)")


def left_behind(name: str) -> Plant:
    return lambda sd, db: (sd.trials / name).write_text("")  # type: ignore[return-value]


def readable(sd: StudyDir, db: sqlite3.Connection) -> None:
    (sd.attempt(0, 1) / "log.txt").chmod(0o644)


def traceback(sd: StudyDir, db: sqlite3.Connection) -> None:
    sd.runner_log.write_text("Traceback (most recent call last):")


LAST = "(SELECT max(step) FROM points WHERE trial = 1)"
PLANTED: dict[str, tuple[str, Plant]] = {
    "a trial is missing": ("I2", sql("UPDATE trials SET number = 7 WHERE number = 2")),
    "an attempt is missing": ("I2", sql("UPDATE attempts SET n = 3 WHERE trial = 0 AND n = 2")),
    "a finished trial has an open attempt": ("I2", sql("UPDATE attempts SET state = 'running' WHERE trial = 1")),
    "a running trial has none": ("I2", sql("UPDATE trials SET status = 'running' WHERE number = 1")),
    "two attempts are done": ("I3", sql("UPDATE attempts SET state = 'done' WHERE trial = 0 AND n = 1")),
    "it was finished twice": (
        "I3",
        sql("INSERT INTO events(at, level, trial, kind, message) VALUES (0, 'info', 1, 'trial_complete', '')"),
    ),
    "the end came twice": ("I3", edit(twice, attempt=2)),
    "a lost trial has a value": ("I3", sql("UPDATE trials SET status = 'failed' WHERE number = 1")),
    "a step is missing": ("I4", sql("DELETE FROM points WHERE trial = 1 AND step = 12")),
    "a metric misses a step": ("I4", sql("DELETE FROM points WHERE trial = 1 AND step = 12 AND metric = 1")),
    "the last step is missing": (
        "I4",
        sql(f"DELETE FROM points WHERE trial = 1 AND step = {LAST}", "UPDATE trials SET last_step = 29"),
    ),
    "a value of another trial": (
        "I4",
        sql(
            "UPDATE points SET value = (SELECT value FROM points p WHERE p.trial = 2 AND p.metric = points.metric "
            "AND p.step = points.step) WHERE trial = 1 AND step = 3"
        ),
    ),
    "a value is off by one bit": ("I4", sql("UPDATE points SET value = value + 1e-15 WHERE trial = 1 AND step = 9")),
    "points of the wrong attempt": ("I4", sql("UPDATE points SET attempt = 1 WHERE trial = 0 AND attempt = 2")),
    "events were never read": ("I4", sql("UPDATE attempts SET offset = offset - 1 WHERE trial = 2")),
    "the sequence is behind": ("I4", sql("UPDATE attempts SET sequence = sequence - 1 WHERE trial = 2")),
    "an event is missing": ("I4", edit(drop_metric)),
    "a summary is stale": ("I4", sql("UPDATE metric_last SET low = low / 2 WHERE trial = 1")),
    "a summary counts twice": ("I4", sql("UPDATE metric_last SET n = n + 1 WHERE trial = 1 AND metric = 2")),
    "the value is not the best": ("I4", sql("""UPDATE trials SET values_json = '{"loss": 9.5}' WHERE number = 1""")),
    "the database is torn": ("I7", torn_page),
    "a row refers to nothing": ("I7", unlinked),
    "a temporary file": ("I8", left_behind(".config.json.4711.tmp")),
    "a half-deleted checkpoint": ("I8", left_behind(".old-step-00000010")),
    "others can read it": ("I8", readable),
    "a traceback": ("a runner failed", traceback),
    "it went on before any step": ("I9", resumed_at(29)),
    "it went back to the start": ("I9", resumed_at(None)),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_found(copy: StudyDir, name: str) -> None:
    invariant, plant = PLANTED[name]
    db = sqlite3.connect(copy.db, isolation_level=None)
    plant(copy, db)
    db.close()
    found = everything(copy)
    assert any(finding.startswith(invariant) for finding in found), found


def test_a_changed_proposal_is_found(copy: StudyDir) -> None:
    now = take(copy)
    expected = [now.params(number) for number in now.trials]
    expected[2] = {"learning_rate": 0.5}
    assert [finding[:2] for finding in check(now, Known(proposals=expected))] == ["I6"]


def test_a_resumption_from_a_damaged_checkpoint_is_found(copy: StudyDir) -> None:
    step = take(copy).attempts[0][1]["resumed_step"]
    assert step
    hello = told(copy, 0, 2).hello
    assert hello
    known = Known(damaged=[Damage(0, step, hello["time"] - 1e-4)])
    assert [finding[:2] for finding in check(take(copy), known)] == ["I9"]


FORGOTTEN: dict[str, tuple[str, str]] = {
    "a finished trial becomes another": ("I1", """UPDATE trials SET values_json = '{"loss": 1.0}' WHERE number = 1"""),
    "a finished trial fails": ("I1", "UPDATE trials SET status = 'failed' WHERE number = 1"),
    "a finished trial loses points": ("I1", "DELETE FROM points WHERE trial = 1 AND step = 30"),
    "a finished trial ends again": ("I1", "UPDATE trials SET ended = ended + 1 WHERE number = 1"),
    "a trial vanishes": ("I5", "DELETE FROM trials WHERE number = 2"),
    "a trial gets other parameters": ("I5", "UPDATE trials SET params_json = '{}' WHERE number = 2"),
    "an attempt vanishes": ("I5", "DELETE FROM attempts WHERE trial = 0 AND n = 1"),
    "a curve gets shorter": ("I5", "DELETE FROM points WHERE trial = 2 AND step > 20"),
    "an acknowledged note vanishes": ("I5", "UPDATE trials SET note = '' WHERE number = 0"),
    "an added trial exists twice": ("I5", """UPDATE trials SET params_json = '{"dropout": 0.25}'"""),
}


@pytest.mark.parametrize("name", FORGOTTEN)
def test_what_was_seen_may_not_change(copy: StudyDir, name: str) -> None:
    invariant, statement = FORGOTTEN[name]
    db = sqlite3.connect(copy.db, isolation_level=None)
    db.execute("UPDATE trials SET note = 'mine' WHERE number = 0")
    ledger = Ledger(notes={0: {"mine"}}, added={0.25: False})
    assert ledger.observe(take(copy)) == []
    db.execute(statement)
    db.close()
    found = ledger.observe(take(copy))
    assert any(finding.startswith(invariant) for finding in found), found


def test_an_acknowledged_trial_that_is_missing_is_found(copy: StudyDir) -> None:
    assert [finding[:2] for finding in Ledger(added={0.25: True}).observe(take(copy))] == ["I5"]


def test_a_curve_may_go_back_to_where_a_new_attempt_began_and_no_further(copy: StudyDir) -> None:
    now = take(copy)
    step = now.attempts[0][1]["resumed_step"]
    first = now.attempts[0][0]["token"]
    for kept, fine in ((step, True), (step - 1, False)):
        ledger = Ledger(greeted={first}, reached={(0, "loss"): step + 3})
        curve = {name: {s: v for s, v in c.items() if s <= kept} for name, c in now.points[0].items()}
        shorter = Snapshot(**{**vars(now), "points": {**now.points, 0: curve}})
        assert (ledger.observe(shorter) == []) is fine


def test_what_is_left_running_or_locked_is_found(copy: StudyDir, home: Path) -> None:
    stray = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    until(lambda: named(home))
    fd = acquire_lock(RunDir(copy.attempt(1, 1)).lock)
    assert fd is not None
    found = check_end(take(copy), named(home))
    assert len(found) == 2
    assert all(finding.startswith("I8") for finding in found)
    os.close(fd)
    stray.kill()
    stray.wait()
    until(lambda: not named(home))
    assert check_end(take(copy), named(home)) == []


def test_a_runner_that_grows_is_found() -> None:
    assert Gauge(rss=150 << 20, wal=20 << 20, files=12).check() == []
    for gauge in (Gauge(rss=201 << 20), Gauge(wal=65 << 20), Gauge(files=40)):
        assert [finding[:3] for finding in gauge.check()] == ["I10"]


# the product --------------------------------------------------------------------------------------------------------


def kill(subject: Subject) -> None:
    """Kill a worker that has saved a checkpoint or two."""
    until(lambda: (subject.sd.checkpoints(0) / "step-00000010").is_dir())
    (attempt,) = subject.attempts()
    assert subject.kill(attempt.worker)


def truncate_and_kill(subject: Subject) -> None:
    """Cut the newest checkpoint of a training trial in half, and kill its worker."""
    until(lambda: (subject.sd.checkpoints(0) / "step-00000010").is_dir())
    (attempt,) = subject.attempts()
    assert subject.kill(attempt.worker, signal.SIGSTOP)
    assert truncate(subject, 0, Random(0))
    assert subject.kill(attempt.worker)


def kill_shim(subject: Subject) -> None:
    """Kill a shim."""
    until(lambda: subject.attempts())
    (attempt,) = subject.attempts()
    assert subject.kill(attempt.shim)


def add(subject: Subject) -> None:
    """Ask for a trial of a runner that will not survive to answer."""
    subject.ledger.added[0.25] = False
    mailbox = CommandQueue(subject.sd)
    mailbox.post("add", {"params": {"dropout": 0.25}})
    mailbox.close()
    until(lambda: not runner_status(subject.sd)["alive"])


@dataclass(frozen=True)
class Bug:
    """A bug planted into the runner's or the worker's process, and what it takes to see it."""

    invariant: str
    where: tuple[str, ...]
    code: str
    crash: str = ""
    attack: Callable[[Subject], None] | None = None


RUNNER, LAUNCHER = "hptui.operations.runner_process", "hptui.execution.local.launcher"
BUGS = {
    "a request is carried out in one transaction and answered in another": Bug(
        "I5",
        (RUNNER,),
        """
        from hptui.execution.commands import CommandHandler
        from hptui.store.crash_points import crash_point
        def handle(self, command):
            self.apply(command.verb, command.args)
            crash_point("before_command_done")
            self.store.finish_command(command.id, True, "")
        CommandHandler.handle = handle
        """,
        crash="before_command_done:1",
        attack=lambda subject: add(subject),
    ),
    "a worker outlives its shim": Bug(
        "I4",
        (RUNNER, LAUNCHER),
        """
        from hptui.execution.local import processes, shim
        from hptui.trainers import toy
        toy.print = lambda *_: None  # it would die of the pipe that nobody reads
        shim.prctl = lambda *_: None
        processes.kill_marked_processes = lambda *_: 0
        """,
        attack=lambda subject: kill_shim(subject),
    ),
    "the offset is committed before the rows": Bug(
        "I4",
        (RUNNER,),
        """
        from hptui.store.store import Store
        right = Store.ingest
        def ingest(self, token, trial, attempt_n, points, *, offset, sequence):
            connection = self.connection
            depth, connection._depth = connection._depth, 0
            connection.execute("COMMIT")
            update = "UPDATE attempts SET offset = ?, sequence = ? WHERE token = ?"
            connection.execute(update, (offset, sequence, token))
            connection.execute("BEGIN IMMEDIATE")
            connection._depth = depth
            right(self, token, trial, attempt_n, points, offset=offset, sequence=sequence)
        Store.ingest = ingest
        """,
        crash="ingest.rows:3",
    ),
    "the sampler is not seeded": Bug(
        "I6",
        (RUNNER,),
        """
        import random
        import hptui.search.plain as plain
        plain.seed_for = lambda *_: random.SystemRandom().randrange(1 << 30)
        """,
    ),
    "checkpoints are not verified": Bug(
        "I9",
        (LAUNCHER,),
        """
        from hptui.trainers import checkpoints, toy
        checkpoints.find_damage = lambda checkpoint: ""
        toy.resumed = lambda trial: trial.resumed_step or 0
        """,
        attack=lambda subject: truncate_and_kill(subject),
    ),
    "checkpoints are not used": Bug(
        "I9",
        (LAUNCHER,),
        """
        from hptui.trainers import checkpoints
        checkpoints.newest_valid = lambda root, complain: None
        """,
        attack=lambda subject: kill(subject),
    ),
    "an attempt is closed, its trial is not": Bug(
        "I2",
        (RUNNER,),
        """
        import os
        from hptui.execution import finalize
        right = finalize._close_trial
        def close(store, *args):
            store.connection.execute("COMMIT")
            os._exit(1)
        finalize._close_trial = close
        """,
    ),
    "a metric is rounded": Bug(
        "I4",
        (RUNNER,),
        """
        from hptui.execution.ingest import EventReader
        right = EventReader._metrics
        def metrics(self, live, event, points):
            right(self, live, {**event, "m": {name: round(value, 9) for name, value in event["m"].items()}}, points)
        EventReader._metrics = metrics
        """,
    ),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_in_the_product_is_found(
    good: StudyDir, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bug = BUGS[name]
    planted = tmp_path / "planted"
    planted.mkdir()
    guard = f"import sys\nif {set(bug.where)!r} & {{*sys.orig_argv}}:\n"
    (planted / "sitecustomize.py").write_text(guard + textwrap.indent(textwrap.dedent(bug.code), "    "))
    monkeypatch.setenv("PYTHONPATH", str(planted))
    file = toy(tmp_path, "bad", steps=30, step_seconds=0.02, trainer="checkpoint_every = 5", trials=2, rest=REST)
    subject = Subject(home, file)
    if bug.crash:
        monkeypatch.setenv("HPTUI_CRASH", bug.crash)
    subject.start()
    if bug.attack:
        bug.attack(subject)
        monkeypatch.delenv("HPTUI_CRASH", raising=False)
        if not runner_status(subject.sd)["alive"]:
            subject.start()
    twin = take(good)  # the same space and seed
    subject.known.proposals = [twin.params(0), twin.params(1)]
    wanted = f"bad: {bug.invariant}"
    until(lambda: any(finding.startswith(wanted) for finding in subject.look()), wanted, seconds=30, every=0.05)
