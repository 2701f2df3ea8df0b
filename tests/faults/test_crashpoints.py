"""A sweep over every place where the runner was thought worth killing, and over what a dead shim leaves behind.

Each point is hit at its first and third pass (with `-m slow` also at its second), one after the other, in one study;
then the study is left in peace. This finds what random kills miss: windows of microseconds.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

import hptui
from hptui.core.errors import HptuiError
from hptui.operations.runner_lock import runner_status
from hptui.store.command_queue import CommandQueue
from hptui.store.crash_points import EXIT_CODE
from hptui.store.paths import StudyDir
from hptui.store.run_directory import RunDir, lock_is_held, read_json
from tests.faults.checker import told
from tests.faults.harness import Subject, attempt_in_training, last_exit_code, processes
from tests.support import events, toy, trials, until

HITS = 3
SOME_OR_ALL = [(1, HITS), pytest.param((*range(1, HITS + 1),), marks=pytest.mark.slow)]
IN_CREATION = {"migration"}
ONLY_AT_THE_END = {"after_rest"}
BETWEEN_STAGES = {"after_advance"}
"""Tests of stages die there."""
WITH_NEW_CODE = {"before_new_code", "after_new_code"}
"""Tests of a replaced package die there."""
WITH_NOTICES = {"before_delivered"}
"""Tests of notices die there: this study has none to send."""
AT_RUNGS = {"after_promote", "after_prune_at_rungs", "after_sweep"}
"""Tests of rungs die there: this study has none."""
BY_A_FENCE = {"before_fence", "after_fence"}
"""Tests of attempts that are given up die there."""
WITH_PACKS = {"after_host_config", "after_host_start"}
"""Tests of trials that share a process die there."""
ON_ANOTHER_MACHINE = {"after_intent", "after_submit"}
"""Tests of trials on other machines die there."""
ON_REQUEST = {"before_command_done", "after_command_done", "before_control"}
ELSEWHERE = IN_CREATION.union(
    ON_REQUEST, BETWEEN_STAGES, WITH_NEW_CODE, WITH_NOTICES, AT_RUNGS, BY_A_FENCE, WITH_PACKS, ON_ANOTHER_MACHINE
)
"""Not part of the sweep over places where a runner dies while trials run."""
MARKS = (0.21, 0.22, 0.23)
REST = "[resources]\nlost_retries = 1000000\nmin_free_gb = 0.0"


def crash_points() -> list[str]:
    """Every name that stands in the product."""
    sources = "".join(path.read_text() for path in Path(hptui.__file__).parent.rglob("*.py"))
    return sorted(set(re.findall(r'crash_point\("([^"]+)"\)', sources)))


def study(home: Path, folder: Path, **options: object) -> Subject:
    given = {"steps": 8, "step_seconds": 0.01, "trainer": "checkpoint_every = 3", "rest": REST, "trials": 3}
    return Subject(home, toy(folder, "swept", **{**given, **options}))  # type: ignore[arg-type]


def live_until_crash(subject: Subject, monkeypatch: pytest.MonkeyPatch, crash: str) -> bool:
    """One life of a runner that is to die at a place; True when it died there, False when the study was done first."""
    monkeypatch.setenv("HPTUI_CRASH", crash)
    subject.start()
    if crash.partition(":")[0] in ON_REQUEST:
        until(lambda: subject.attempts())
        runner = subject.runner()
        assert subject.kill(runner, signal.SIGSTOP)  # so that it finds all of them at once
        post(subject.sd)
        assert subject.kill(runner, signal.SIGCONT)
    until(lambda: not runner_status(subject.sd)["alive"], seconds=30)
    monkeypatch.delenv("HPTUI_CRASH")
    return last_exit_code() == EXIT_CODE


def post(sd: StudyDir) -> None:
    """Requests whose effects can be counted, and one that reaches running attempts."""
    mailbox = CommandQueue(sd)
    try:
        for mark in MARKS:
            mailbox.post("add", {"params": {"dropout": mark}})
        for _ in range(HITS):
            mailbox.post("pause", {})
        mailbox.post("resume", {})
    finally:
        mailbox.close()


def finish(subject: Subject) -> None:
    """Let it run in peace, to its end."""
    with subject.kept():
        until(lambda: subject.state() == "done" and not runner_status(subject.sd)["alive"], seconds=60)


def test_there_are_crash_points() -> None:
    assert len(crash_points()) >= 18
    assert (
        set(crash_points()) > IN_CREATION | ONLY_AT_THE_END | ON_REQUEST | BETWEEN_STAGES | WITH_NEW_CODE | WITH_NOTICES
    )


@pytest.mark.parametrize("hits", SOME_OR_ALL, ids=["some", "all"])
@pytest.mark.parametrize("point", sorted({*crash_points()} - ELSEWHERE))
def test_a_runner_may_die_here(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, hits: tuple[int, ...]
) -> None:
    subject = study(home, tmp_path)
    died = 0
    for hit in hits:
        if point in ONLY_AT_THE_END:
            hit = 1
        died += live_until_crash(subject, monkeypatch, f"{point}:{hit}")
        assert subject.look() == []
    assert died or point in ONLY_AT_THE_END
    finish(subject)
    assert len(subject.judge().trials) == 3


@pytest.mark.parametrize("hit", [1, pytest.param(2, marks=pytest.mark.slow), HITS])
@pytest.mark.parametrize("point", sorted(ON_REQUEST))
def test_a_request_is_carried_out_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, hit: int
) -> None:
    subject = study(home, tmp_path, steps=30, step_seconds=0.02, trials=1)
    subject.ledger.added = dict.fromkeys(MARKS, True)
    assert live_until_crash(subject, monkeypatch, f"{point}:{hit}")
    finish(subject)
    assert len(subject.judge().trials) == 1 + len(MARKS)


@pytest.mark.parametrize("hit", [1, 2, 9])
def test_a_study_whose_creation_was_killed_is_created_again(home: Path, tmp_path: Path, hit: int) -> None:
    subject = study(home, tmp_path, trials=1)
    environment = {**os.environ, "HPTUI_CRASH": f"migration:{hit}"}
    command = [sys.executable, "-c", START, str(home), str(subject.file)]
    assert subprocess.run(command, env=environment, check=False, timeout=60).returncode == EXIT_CODE
    finish(subject)
    subject.judge()


# shims and workers --------------------------------------------------------------------------------------------------


def without_exit(run: RunDir) -> None:
    run.exit.unlink()


def half_written_exit(run: RunDir) -> None:
    run.exit.rename(run.root / ".exit.json.tmp")


def torn_exit(run: RunDir) -> None:
    run.exit.write_bytes(run.exit.read_bytes()[:20])


def without_shim(run: RunDir) -> None:
    run.exit.unlink()
    run.shim.unlink()


def torn_end(run: RunDir) -> None:
    """The worker was killed in the middle of its last line."""
    run.exit.unlink()
    run.events.write_bytes(run.events.read_bytes()[:-10])


def without_end(run: RunDir) -> None:
    """It was killed by a stranger just before its last line."""
    *lines, _ = run.events.read_bytes().splitlines(keepends=True)
    run.events.write_bytes(b"".join(lines))
    run.exit.write_text(json.dumps({**read_json(run.exit), "code": None, "signal": 9}))


def late_heartbeat(run: RunDir) -> None:
    """A full disk kept the end of a trial waiting, and its heart went on beating."""
    last = json.loads(run.events.read_bytes().splitlines()[-1])
    with run.events.open("a") as file:
        print(json.dumps({"q": last["q"] + 1, "k": "heartbeat", "t": last["t"] + 10, "n": 1}), file=file)


def senseless_end(run: RunDir) -> None:
    """Whoever wrote this was no worker of ours."""
    *lines, last = run.events.read_text().splitlines()
    end = {"q": json.loads(last)["q"], "k": "end", "t": 1.0, "status": "perfect", "m": {"loss": "low"}}
    run.events.write_text("\n".join([*lines, json.dumps(end)]) + "\n")
    run.exit.unlink()


AFTERMATH: dict[str, tuple[Callable[[RunDir], None], int]] = {
    "the shim died before exit.json": (without_exit, 1),
    "the shim died while it wrote exit.json": (half_written_exit, 1),
    "exit.json is torn": (torn_exit, 1),
    "nothing but events is left": (without_shim, 1),
    "the last line is torn": (torn_end, 2),
    "the last line is missing": (without_end, 2),
    "a heartbeat comes after the end": (late_heartbeat, 1),
}


def left_by_a_dead_runner(subject: Subject) -> RunDir:
    """The directory of a first attempt that has ended while no runner lived."""
    subject.start()
    until(lambda: subject.attempts())
    assert subject.kill(subject.runner())
    run = RunDir(subject.sd.attempt(0, 1))
    until(lambda: not lock_is_held(run.lock) and run.exit.exists())
    return run


@pytest.mark.parametrize("name", AFTERMATH)
def test_what_a_dead_shim_leaves_behind_is_understood(home: Path, tmp_path: Path, name: str) -> None:
    """The end of an attempt belongs to its directory: with an end event it is complete, without one it runs again."""
    change, attempts = AFTERMATH[name]
    subject = study(home, tmp_path, trials=1, steps=20)
    change(left_by_a_dead_runner(subject))
    finish(subject)
    assert len(subject.judge().attempts[0]) == attempts


def test_an_end_that_makes_no_sense_fails_its_trial(home: Path, tmp_path: Path) -> None:
    """It was no loss of the machine, so it is not tried again; nothing of it becomes a value."""
    subject = study(home, tmp_path, trials=2, steps=20)
    run = left_by_a_dead_runner(subject)
    senseless_end(run)
    finish(subject)
    assert subject.look() == []
    failed, sound = trials(subject.sd)
    assert (failed.status, failed.reason, failed.values, failed.attempts) == ("failed", "unreadable", None, 1)
    assert '"status": "perfect"' in failed.message
    assert sound.status == "complete"


def test_a_stray_without_a_name_is_known_by_what_it_writes_to(home: Path, tmp_path: Path) -> None:
    """What a warm worker has forked, and what has not yet executed anything, has no token in its environment."""
    subject = study(home, tmp_path, trials=1, steps=60)
    subject.start()
    attempt = attempt_in_training(subject)
    environment = {name: value for name, value in os.environ.items() if name != "HPTUI_HOME"}
    with ExitStack() as processes_of_this_test:
        with open(f"/proc/{attempt.worker}/fd/1", "wb") as pipe:
            stray = subprocess.Popen(["sleep", "60"], stdout=pipe, env=environment)
        processes_of_this_test.callback(end_process, stray)
        with open(attempt.run.events) as events_file:
            reader = subprocess.Popen(["sleep", "60"], stdin=events_file, env=environment)
        processes_of_this_test.callback(end_process, reader)
        assert subject.kill(attempt.shim)
        assert stray.wait(30) == -9
        finish(subject)
        assert reader.poll() is None  # whoever only reads is left alone
    subject.judge()


def end_process(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that a test has started, and reap it: one that is left would fail whichever test runs next."""
    process.kill()
    process.wait()


GHOST = """
import json, sys, time
path = sys.argv[1]
events, q = open(path, "a"), sum(1 for _ in open(path))
for n in range(1, 30_000):
    print(json.dumps({"q": q + n, "k": "warning", "t": 1.0, "message": "still here"}), file=events, flush=True)
    time.sleep(0.001)
"""
"""A worker that goes on writing for a while."""


def test_words_after_the_lock_was_let_go_of_are_heard(home: Path, tmp_path: Path) -> None:
    """A shim's lock is free a moment before its worker is dead; what it writes then is read, or it is not the end."""
    subject = study(home, tmp_path, trials=1, steps=60)
    subject.start()
    attempt = attempt_in_training(subject)
    assert subject.kill(subject.runner())
    until(lambda: not runner_status(subject.sd)["alive"])
    run = attempt.run
    assert subject.kill(attempt.shim)
    until(lambda: not lock_is_held(run.lock) and not any(pid == attempt.worker for pid in processes(home)))
    late = subprocess.Popen([sys.executable, "-S", "-c", GHOST, str(run.events)])
    size = run.events.stat().st_size
    until(lambda: run.events.stat().st_size > size)
    finish(subject)
    assert late.wait(10) == -9
    now = subject.judge()
    first = now.attempts[0][0]
    assert told(subject.sd, 0, 1).behind == first["offset"]
    assert any("still here" in message for message in events(subject.sd, "trainer"))


def test_a_trial_that_a_restart_of_the_machine_took_goes_on(home: Path, tmp_path: Path) -> None:
    subject = study(home, tmp_path, trials=1, steps=40)
    subject.start()
    until(lambda: (subject.sd.checkpoints(0) / "step-00000006").is_dir())
    for pid in (subject.runner(), subject.attempts()[0].shim):
        assert subject.kill(pid)
    until(lambda: not processes(home))
    db = sqlite3.connect(subject.sd.db, isolation_level=None)
    db.execute("UPDATE attempts SET boot_id = 'the day before'")
    db.close()
    finish(subject)
    first, second = subject.judge().attempts[0]
    assert (first["state"], first["reason"]) == ("lost", "reboot")
    assert second["resumed_step"] >= 6


def test_four_people_start_the_same_new_study_at_once(home: Path, tmp_path: Path) -> None:
    subject = study(home, tmp_path, trials=2, steps=60)
    command = [sys.executable, "-c", START, str(home), str(subject.file)]
    people = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [person.communicate(timeout=60)[1] for person in people]
    assert 0 in [person.returncode for person in people]
    assert "Traceback" not in "".join(said)
    assert {person.returncode for person in people} <= {0, 2, 4}, said
    finish(subject)
    assert len(subject.judge().trials) == 2


START = """
import sys
from pathlib import Path
from hptui.operations.run import run
from hptui.core.errors import HptuiError
try:
    run(Path(sys.argv[1]), sys.argv[2])
except HptuiError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def test_a_second_runner_is_refused(home: Path, tmp_path: Path) -> None:
    subject = study(home, tmp_path, trials=1, steps=60, step_seconds=0.05)
    subject.start()
    first = subject.runner()
    command = [sys.executable, "-m", "hptui.operations.runner_process", str(subject.sd.root)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 4
    assert str(first) in second.stderr
    assert subject.runner() == first
    with pytest.raises(HptuiError, match="has just made"):
        make_again(subject)
    finish(subject)
    subject.judge()


def make_again(subject: Subject) -> None:
    from hptui.operations.run import create_study, read_study

    create_study(subject.sd, read_study(subject.file, {}))


def test_a_pause_that_is_taken_back_at_once_leaves_nothing_paused(home: Path, tmp_path: Path) -> None:
    subject = study(home, tmp_path, trials=2, steps=40, step_seconds=0.05)
    subject.start()
    until(lambda: (subject.sd.checkpoints(0) / "step-00000003").is_dir())
    assert subject.ask("pause", {}) is True
    assert subject.ask("resume", {}) is True
    until(lambda: not runner_status(subject.sd)["alive"], seconds=60)
    assert subject.state() == "done"
    subject.judge()


def test_a_request_that_nobody_understands_is_answered_and_forgotten(home: Path, tmp_path: Path) -> None:
    subject = study(home, tmp_path, trials=1, steps=40)
    subject.start()
    runner = subject.runner()
    mailbox = CommandQueue(subject.sd)
    numbers = [mailbox.post("retry", {}), mailbox.post("dance", {}), mailbox.post("note", {"trial": "x", "text": ""})]
    until(lambda: all(mailbox.result(number) for number in numbers))
    answers = [mailbox.result(number) for number in numbers]
    mailbox.close()
    assert [answer.ok for answer in answers if answer] == [False] * 3
    assert subject.runner() == runner
    until(lambda: subject.state() == "done", seconds=60)
    assert subject.look() == []
