"""hptui replaced on disk under a living runner: it starts nothing new, and goes on with the new code in its place."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import hptui
from hptui.execution.code_watch import CodeWatch
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.operations.runner_process import inherited_lock
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.run_directory import acquire_lock
from tests.copied import copy_package, install
from tests.support import events, rest, state, toy, trial, trials, until


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    return copy_package(tmp_path / "lib", monkeypatch)


@contextmanager
def never_free(sd: StudyDir) -> Iterator[None]:
    """Inside, the study's lock is held at every moment."""
    stop, free = threading.Event(), []

    def look() -> None:
        while not stop.wait(0.002):
            if not runner_status(sd)["alive"]:
                free.append(time.monotonic())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert not free


def test_the_new_code_goes_on_with_what_runs(home: Path, tmp_path: Path, package: Path) -> None:
    resources = "[resources]\nparallel = 2"
    sd = run(home, str(toy(tmp_path, trials=4, steps=150, step_seconds=0.02, rest=resources))).sd
    until(lambda: len(trials(sd)) >= 2 and all((one.last_step or 0) > 3 for one in trials(sd)[:2]))
    before = runner_status(sd)["pid"]
    with never_free(sd):
        install(package, "9.9.9")
        until(lambda: len(events(sd, "code_changed")) == 2)
        until(lambda: runner_status(sd)["ready"])
    assert runner_status(sd)["pid"] == before
    rest(sd)
    assert events(sd, "code_changed") == [
        "hptui was changed on disk: nothing new starts until the runner has restarted itself",
        f"the runner has restarted itself: hptui 9.9.9, before {hptui.__version__}",
    ]
    assert [(str(one.status), one.attempts) for one in trials(sd)] == [("complete", 1)] * 4
    with StoreReader.open(sd) as reader:
        for one in trials(sd):
            assert [step for step, _, _ in reader.curve(one.number, "loss")] == list(range(1, 151))
        versions = {attempt.trial: attempt.environment["hptui"] for attempt in reader.attempts()}
    assert (versions[0], versions[1], versions[3]) == (hptui.__version__, hptui.__version__, "9.9.9")


def test_nothing_starts_from_code_that_does_not_work(home: Path, tmp_path: Path, package: Path) -> None:
    sd = run(home, str(toy(tmp_path, trials=2, steps=60, step_seconds=0.02))).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 3)
    runner = runner_status(sd)["pid"]
    path = package / "cli" / "main.py"
    working = path.read_text()
    path.write_text("this is half of a fi")
    install(package, "9.9.9")
    until(lambda: str(trial(sd, 0).status) == "complete")
    until(lambda: "does not work yet" in sd.runner_log.read_text())
    time.sleep(1.0)  # time enough to start the next trial, were it allowed
    assert runner_status(sd)["pid"] == runner
    assert sum(one.attempts for one in trials(sd)) == 1
    assert state(sd)[0] == "running"
    path.write_text(working)
    rest(sd)
    assert [(str(one.status), one.attempts) for one in trials(sd)] == [("complete", 1)] * 2
    assert "SyntaxError" in sd.runner_log.read_text()


def test_a_runner_whose_code_stays_broken_leaves(home: Path, tmp_path: Path, package: Path) -> None:
    watch = package / "execution" / "code_watch.py"
    watch.write_text(watch.read_text().replace("GIVE_UP_S = 600.0", "GIVE_UP_S = 0.5"))
    sd = run(home, str(toy(tmp_path, trials=2, steps=150, step_seconds=0.02))).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 3)
    path = package / "__init__.py"
    working = path.read_text()
    path.write_text("raise ImportError('half of it is missing')")
    until(lambda: not runner_status(sd)["alive"])
    assert "does not work, so the runner has left" in events(sd, "code_changed")[-1]
    path.write_text(working)
    run(home, "toy")
    rest(sd)
    assert [(str(one.status), one.attempts) for one in trials(sd)] == [("complete", 1)] * 2


def test_threads_are_waited_for(home: Path, tmp_path: Path, package: Path) -> None:
    """What would end with the process ends before it."""
    on_threads = '[resources]\nexecutor = "hptui.testing.executors:InProcessExecutor"'
    sd = run(home, str(toy(tmp_path, trials=2, steps=100, step_seconds=0.02, rest=on_threads))).sd
    until(lambda: (trials(sd)[0].last_step or 0) > 3)
    install(package, "9.9.9")
    rest(sd)
    assert [(str(one.status), one.attempts) for one in trials(sd)] == [("complete", 1)] * 2
    assert events(sd, "code_changed")[-1].startswith("the runner has restarted itself: hptui 9.9.9")


# the watch ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hptui.execution.code_watch.CHECK_INTERVAL_S", 0.0)


def answering(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("change", ["another time", "another file", "another content", "missing"])
def test_a_change_is_seen(tmp_path: Path, change: str) -> None:
    path = tmp_path / "__init__.py"
    path.write_text("__version__ = '1'")
    facts = path.stat()
    watch = CodeWatch([path, tmp_path / "never there.py"], [])
    assert not watch.changed()
    if change == "another time":
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    elif change == "another file":
        shutil.copy2(path, tmp_path / "copy.py")
        (tmp_path / "copy.py").replace(path)
    elif change == "another content":
        path.write_text("__version__ = '2'")
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    else:
        path.unlink()
    assert watch.changed()
    path.write_text("__version__ = '1'")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert watch.changed()  # modules of both may be loaded


def test_files_are_looked_at_now_and_then(tmp_path: Path) -> None:
    path = tmp_path / "__init__.py"
    path.write_text("1")
    watch = CodeWatch([path], [])
    path.write_text("2")
    assert not watch.changed()


@pytest.mark.usefixtures("quick")
def test_it_asks_until_the_code_answers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    good = tmp_path / "good"
    code = f"import os, sys; print('hptui 2'); sys.exit(0 if os.path.exists({str(good)!r}) else 'not yet')"
    watch = CodeWatch([], answering(code))
    deadline = time.monotonic() + 30
    while "not yet" not in caplog.text:
        assert not watch.answers()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    good.touch()
    until(watch.answers)
    assert watch.output == "hptui 2"
    watch.close()


@pytest.mark.usefixtures("quick")
def test_an_answer_of_half_an_installation_does_not_count(tmp_path: Path) -> None:
    path, answers = tmp_path / "__init__.py", []
    path.write_text("1")
    watch = CodeWatch([path], answering("print('hptui 2')"))
    for n in range(3):
        assert not watch.answers()  # asks
        path.write_text(f"{n} and more")
        assert watch._process is not None
        watch._process.wait(30)
        answers.append(watch.answers())
    assert answers == [False] * 3
    until(watch.answers)


@pytest.mark.usefixtures("quick")
def test_code_that_never_answers_is_killed_and_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hptui.execution.code_watch.MAX_ANSWER_S", 0.2)
    monkeypatch.setattr("hptui.execution.code_watch.GIVE_UP_S", 0.2)
    watch = CodeWatch([], answering("import time; time.sleep(60)"))

    def given_up() -> bool:
        assert not watch.answers()
        return watch.given_up()

    until(given_up, 30)
    watch.close()
    assert watch._process is None


def test_only_the_studys_own_lock_is_taken_over(tmp_path: Path) -> None:
    sd = StudyDir(tmp_path / "toy")
    sd.root.mkdir()
    held = acquire_lock(sd.lock)
    other = acquire_lock(tmp_path / "another")
    assert held is not None
    assert other is not None
    assert inherited_lock(sd, held) == held
    assert not os.get_inheritable(held)
    assert inherited_lock(sd, other) is None
    assert inherited_lock(sd, 999) is None
    os.close(held)
    os.close(other)
