"""Bad disks and clocks: no space, lines torn or lost, checkpoints that are not what was written, time that jumps."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hptui.operations.runner_lock import runner_status
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir, lock_is_held
from hptui.trainers.checkpoints import MANIFEST, Checkpoint, list_checkpoints
from hptui.trainers.checkpoints import find_damage as problem
from tests.faults.checker import Damage, Known, points, take
from tests.faults.harness import Attempt, Subject, attempt_in_training, stopped, training
from tests.support import events, kill_all, rest, toy, until

REST = "[resources]\nlost_retries = 1000000\nmin_free_gb = 0.0"


def study(home: Path, folder: Path, **options: object) -> Subject:
    given = {"steps": 150, "step_seconds": 0.02, "trainer": "checkpoint_every = 10", "rest": REST, "trials": 1}
    return Subject(home, toy(folder, "unlucky", **{**given, **options}))  # type: ignore[arg-type]


def finish(subject: Subject) -> None:
    with subject.kept():
        until(lambda: subject.state() == "done" and not runner_status(subject.sd)["alive"], seconds=60)


# no space -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(home: Path) -> Iterator[Path]:
    """HOME on a disk of its own with 24 MiB."""
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(home)]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk can only be mounted by root")
    yield home
    kill_all(home)
    subprocess.run(["umount", "-l", str(home)], check=True)


def fill(path: Path) -> None:
    """Take all the space there is."""
    with path.open("ab", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2


def test_a_full_disk_pauses_the_study_and_costs_nothing(small: Path, tmp_path: Path) -> None:
    subject = study(small, tmp_path)
    subject.start()
    attempt_in_training(subject)
    fill(small / "filler")
    until(lambda: not runner_status(subject.sd)["alive"], seconds=60)
    with StoreReader.open(subject.sd) as reader:
        row = reader.study()
    assert row.state == "paused"
    assert "disk full" in row.message
    assert subject.look() == []
    assert take(subject.sd).points[0]
    (small / "filler").unlink()
    finish(subject)
    subject.judge()


def test_a_disk_that_stays_full_is_waited_for(small: Path, tmp_path: Path) -> None:
    """Not even the pause can be written, for a while."""
    subject = study(small, tmp_path, steps=200)
    subject.start()
    attempt_in_training(subject)
    full_until = time.monotonic() + 3
    while time.monotonic() < full_until:
        fill(small / "filler")
        time.sleep(0.01)
    # Where the runner has left, a reader may need a page of its own beside the store, which such a disk has not.
    (small / "filler").unlink()
    assert subject.look() == []
    finish(subject)
    subject.judge()


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Processes that are started inside may not write files any larger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("shape", [{"steps": 200, "step_seconds": 0.01, "trials": 3}, {"steps": 2, "trials": 40}])
def test_a_log_that_may_not_grow_is_waited_for(home: Path, tmp_path: Path, shape: dict[str, object]) -> None:
    """Long trials meet the full disk with points, short ones with their beginnings and ends."""
    subject = study(home, tmp_path, **shape)
    with files_up_to(280 << 10):
        subject.start()
    runner = subject.runner()
    assert runner
    until(lambda: "disk full" in subject.sd.runner_log.read_text(), seconds=60)
    assert subject.look() == []
    lines = subject.sd.runner_log.read_text().count("disk full")
    until(lambda: subject.sd.runner_log.read_text().count("disk full") > lines)  # it tries again
    assert subject.runner() == runner
    for pid in (runner, subject.launcher()):
        if pid:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    finish(subject)
    subject.judge()


# bad lines ----------------------------------------------------------------------------------------------------------


def torn(lines: list[bytes], k: int) -> list[bytes]:
    return [*lines[:k], lines[k][: len(lines[k]) // 2] + b"\n", *lines[k + 1 :]]


def missing(lines: list[bytes], k: int) -> list[bytes]:
    return [*lines[:k], *lines[k + 1 :]]


def doubled(lines: list[bytes], k: int) -> list[bytes]:
    return [*lines[: k + 1], *lines[k - 1 : k + 1], *lines[k + 1 :]]


def replaced(text: bytes) -> Callable[[list[bytes], int], list[bytes]]:
    def change(lines: list[bytes], k: int) -> list[bytes]:
        number = json.loads(lines[k])["q"]
        return [*lines[:k], text.replace(b"NUMBER", b"%d" % number) + b"\n", *lines[k + 1 :]]

    return change


BAD = {
    "torn": torn,
    "missing": missing,
    "binary": replaced(b"\0\xff\xfe{"),
    "a list": replaced(b"[]"),
    "deep": replaced(b"[" * 60_000),
    "without a number": replaced(b'{"k":"metrics"}'),
    "a number that is none": replaced(b'{"q":"x","k":"metrics","t":1}'),
    "an endless number": replaced(b'{"q":1e999,"k":"metrics","t":1}'),
    "without a time": replaced(b'{"q":NUMBER,"k":"metrics","step":1,"m":{"loss":1.0}}'),
    "without metrics": replaced(b'{"q":NUMBER,"k":"metrics","t":1,"step":3}'),
    "metrics that are none": replaced(b'{"q":NUMBER,"k":"metrics","t":1,"step":3,"m":[1]}'),
    "a value that is none": replaced(b'{"q":NUMBER,"k":"metrics","t":1,"step":3,"m":{"loss":"low"}}'),
    "an endless step": replaced(b'{"q":NUMBER,"k":"metrics","t":1,"step":1e999,"m":{"loss":1.0}}'),
    "a hello of nobody": replaced(b'{"q":NUMBER,"k":"hello","t":1,"resumed_step":"x","environment":[]}'),
    "a checkpoint of nothing": replaced(b'{"q":NUMBER,"k":"checkpoint","t":1,"step":1e30,"path":1,"bytes":"x"}'),
    "endless steps": replaced(b'{"q":NUMBER,"k":"total","t":1,"steps":99999999999999999999999}'),
}


@pytest.fixture(scope="module")
def unread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """A trial that trained to its end while no runner lived: nothing of it is in the store yet."""
    folder = tmp_path_factory.mktemp("unread")
    os.environ["HPTUI_HOME"] = str(folder / "home")
    subject = study(folder / "home", folder, steps=30)
    subject.start()
    until(lambda: subject.attempts())
    assert subject.kill(subject.runner())
    run = RunDir(subject.sd.attempt(0, 1))
    until(lambda: not lock_is_held(run.lock) and run.exit.exists())
    yield subject
    kill_all(folder / "home")
    del os.environ["HPTUI_HOME"]


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_line_is_said_and_costs_no_other(unread: Subject, home: Path, tmp_path: Path, kind: str) -> None:
    subject = Subject(home, unread.file)
    home.mkdir()
    subprocess.run(["cp", "-a", str(unread.sd.root), str(home)], check=True)
    path = RunDir(subject.sd.attempt(0, 1)).events
    lines = path.read_bytes().splitlines(keepends=True)
    place = next(k for k, line in enumerate(lines) if b'"step":12,' in line)
    path.write_bytes(b"".join(BAD[kind](lines, place)))
    subject.known.suspect = frozenset({0})
    subject.start()
    rest(subject.sd)
    now = subject.judge()
    assert events(subject.sd, "suspect")
    assert set(range(1, 31)) - set(now.points[0]["loss"]) <= {12}
    assert len(now.attempts[0]) == 1


def test_a_line_that_was_read_is_not_read_again(unread: Subject, home: Path) -> None:
    subject = Subject(home, unread.file)
    home.mkdir()
    subprocess.run(["cp", "-a", str(unread.sd.root), str(home)], check=True)
    path = RunDir(subject.sd.attempt(0, 1)).events
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(doubled(lines, 9)))
    subject.known.suspect = frozenset({0})
    subject.start()
    rest(subject.sd)
    assert set(subject.judge().points[0]["loss"]) == set(range(1, 31))
    assert events(subject.sd, "suspect") == []


def test_lines_that_a_power_cut_took_back_are_written_again(home: Path, tmp_path: Path) -> None:
    """What was not synced may be gone from the file although the store has it: the file ends at the last checkpoint."""
    subject = study(home, tmp_path, steps=60)
    subject.start()
    until(lambda: (take(subject.sd).trials[0]["last_step"] or 0) > 22)
    (attempt,) = subject.attempts()
    for pid in (subject.runner(), attempt.shim):
        assert subject.kill(pid)
    until(lambda: not lock_is_held(attempt.run.lock))
    lines = attempt.run.events.read_bytes().splitlines(keepends=True)
    last = max(n for n, line in enumerate(lines) if b'"k":"checkpoint"' in line)
    attempt.run.events.write_bytes(b"".join(lines[: last + 1]))
    subject.known.suspect = frozenset({0})
    finish(subject)
    now = subject.judge()
    assert list(points(now, Known())) == []
    assert len(now.attempts[0]) == 2


# bad checkpoints ----------------------------------------------------------------------------------------------------


def cut(path: Path) -> None:
    os.truncate(path / "state.json", 5)


def emptied(path: Path) -> None:
    os.truncate(path / "state.json", 0)


def flipped(path: Path) -> None:
    data = (path / "state.json").read_bytes()
    (path / "state.json").write_bytes(data.replace(b'"step": ', b'"step":9'))


def gone(path: Path) -> None:
    (path / "state.json").unlink()


def without_manifest(path: Path) -> None:
    (path / MANIFEST).unlink()


def torn_manifest(path: Path) -> None:
    os.truncate(path / MANIFEST, 40)


def stopped_with_two(subject: Subject, attempt: Attempt) -> list[Checkpoint]:
    """Stop a worker at a moment when it has two checkpoints, both whole: those, the newest first."""
    while True:
        until(lambda: len(whole(subject)) == 2)
        assert subject.kill(attempt.worker, signal.SIGSTOP)
        until(lambda: stopped(attempt.worker))
        if len(found := whole(subject)) == 2:
            return found
        assert subject.kill(attempt.worker, signal.SIGCONT)


def whole(subject: Subject) -> list[Checkpoint]:
    return [checkpoint for checkpoint in list_checkpoints(subject.sd.checkpoints(0)) if not problem(checkpoint)]


def test_a_damaged_checkpoint_is_never_resumed_from(home: Path, tmp_path: Path) -> None:
    subject = study(home, tmp_path)
    damages = (cut, emptied, flipped, gone, without_manifest, torn_manifest)
    with subject.kept():
        for n, damage in enumerate(damages, 1):
            until(lambda n=n: any(a.n == n and training(a) for a in subject.attempts()))  # type: ignore[misc]
            (attempt,) = subject.attempts()
            newest, _ = stopped_with_two(subject, attempt)
            damage(newest.path)
            subject.known.damaged.append(Damage(0, newest.step, time.time()))
            assert subject.kill(attempt.worker)
        until(lambda: subject.state() == "done" and not runner_status(subject.sd)["alive"], seconds=60)
    now = subject.judge()
    assert len(now.attempts[0]) == len(damages) + 1
    assert len(events(subject.sd, "trainer")) == len(damages)
    assert all(attempt["resumed_step"] for attempt in now.attempts[0][1:])


def test_without_a_whole_checkpoint_a_trial_starts_anew(home: Path, tmp_path: Path) -> None:
    subject = study(home, tmp_path, steps=60)
    subject.start()
    attempt = attempt_in_training(subject)
    for checkpoint in stopped_with_two(subject, attempt):
        cut(checkpoint.path)
        subject.known.damaged.append(Damage(0, checkpoint.step, time.time()))
    assert subject.kill(attempt.worker)
    rest(subject.sd)
    now = subject.judge()
    assert [attempt["resumed_step"] for attempt in now.attempts[0]] == [None, None]


# bad clocks ---------------------------------------------------------------------------------------------------------

CLOCK = """
import time
real, born = time.time, time.monotonic()
def jumping():
    since = time.monotonic() - born
    return real() + {shift}
time.time = jumping
"""
DAY = 86_400


def clock(folder: Path, monkeypatch: pytest.MonkeyPatch, shift: str) -> None:
    """Give every process of the study a clock that is wrong by `shift`, which may depend on `since`, its age."""
    planted = folder / "planted"
    planted.mkdir(exist_ok=True)
    (planted / "sitecustomize.py").write_text(textwrap.dedent(CLOCK.format(shift=shift)))
    monkeypatch.setenv("PYTHONPATH", str(planted))


def test_a_clock_that_jumps_changes_nothing_but_dates(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock(tmp_path, monkeypatch, f"(0, {DAY}, -{DAY}, {7 * DAY})[int(since / 0.4) % 4]")
    limits = 'until = { hours = 1 }\npruner = "median"'
    subject = study(
        home, tmp_path, trials=5, steps=40, search=limits, rest=f'{REST}\ntimeout = "50s"\nhang_after = "50s"'
    )
    subject.start()
    attempt_in_training(subject)
    subject.kill(subject.runner())
    finish(subject)
    now = take(subject.sd)
    assert subject.look() == []
    assert set(now.with_status("complete", "pruned")) == set(range(5))
    assert 0 < now.study["seconds"] < 60
    assert all(0 < trial["seconds"] < 50 for trial in now.trials.values())
    assert events(subject.sd, "hung") == events(subject.sd, "timeout") == []


@pytest.mark.parametrize("shift", [-DAY, DAY])
def test_a_hopeless_study_is_given_up_whatever_the_time(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shift: int
) -> None:
    """The clock was set right after the study was started: failures seem to lie before the start, or long after."""
    subject = study(home, tmp_path, trials=12, trainer="crash_at = 2")
    clock(tmp_path, monkeypatch, str(shift))
    subject.start()
    rest(subject.sd)
    assert subject.state() == "paused"
    assert len(take(subject.sd).with_status("failed")) == 3
