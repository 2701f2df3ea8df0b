"""Files of a study are removed, renamed or replaced while its runner works: it notices, says so, and writes no more."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from hptui.core.errors import Locked, NotFound
from hptui.operations.displaced import displaced_runners, runner_processes, wait_until_left
from hptui.operations.find import find_study
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.store.ground import Ground, GroundLost
from hptui.store.paths import StudyDir, studies_without_store
from hptui.store.reader import StoreReader
from hptui.store.store import Store
from tests.faults.harness import processes, stopped
from tests.support import events, rest, run_to_rest, toy, trials, until


def files(sd: StudyDir) -> dict[str, Callable[[], object]]:
    """What may happen to the files of a study, by what the runner says of it."""
    wal = Path(f"{sd.db}-wal")

    def replaced(path: Path) -> None:
        shutil.copy2(path, path.with_name("copy"))
        os.replace(path.with_name("copy"), path)

    return {
        "study.lock was removed": sd.lock.unlink,
        "study.lock was replaced": lambda: replaced(sd.lock),
        "study.db was removed": sd.db.unlink,
        "study.db was replaced": lambda: replaced(sd.db),
        "study.db-wal was removed": wal.unlink,
        "study.db-wal was replaced": lambda: replaced(wal),
        "the directory of the study was moved to": lambda: sd.root.rename(sd.root.with_name("elsewhere")),
        "the directory of the study was removed": lambda: shutil.rmtree(sd.root),
    }


NAMES = list(files(StudyDir(Path("/x/y"))))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_committed_onto_other_files(name: str, home: Path, tmp_path: Path) -> None:
    from tests.faults.poison import PoisonedStudy

    study = PoisonedStudy(home, tmp_path)
    store = Store.open(study.sd)
    ground = Ground(study.sd)
    store.connection.before_commit = ground.require
    store.add_seconds(1.0)
    assert ground.problem() == ""
    files(study.sd)[name]()
    with pytest.raises(GroundLost, match=name):
        store.add_seconds(1.0)
    assert ground.directory_removed == (name == "the directory of the study was removed")
    assert ground.store_is_ours == name.startswith("study.lock")
    assert ground.log_was_removed == (name == "study.db-wal was removed")
    store.connection.before_commit = lambda: None
    assert store.read.study().seconds == 1.0, "the transaction was rolled back"
    store.connection.close()


def started(home: Path, tmp_path: Path, **options: object) -> tuple[StudyDir, int]:
    path = toy(tmp_path, **{"trials": 3, "steps": 30, "step_seconds": 0.02, **options})  # type: ignore[arg-type]
    sd = run(home, str(path)).sd
    until(lambda: any(one.last_step for one in trials(sd)))
    pid = runner_status(sd)["pid"]
    assert isinstance(pid, int)
    return sd, pid


def gone(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return stopped(pid)


def test_a_lock_file_that_is_removed_makes_no_second_runner(home: Path, tmp_path: Path) -> None:
    sd, first = started(home, tmp_path)
    sd.lock.unlink()
    run(home, sd.name)
    assert gone(first), "the second runner began after the first had left"
    rest(sd)
    found = trials(sd)
    assert [str(one.status) for one in found] == ["complete"] * 3
    with StoreReader.open(sd) as reader:
        assert [len(reader.attempts(one.number)) for one in found] == [1] * 3, "what ran was adopted, nothing ran twice"
    assert any("study.lock was re" in message for message in events(sd, "left"))
    assert "study.lock was re" in sd.runner_log.read_text()  # removed or, when seen after the next start, replaced


def test_a_log_that_is_removed_takes_no_finished_trial_with_it(home: Path, tmp_path: Path) -> None:
    sd, first = started(home, tmp_path)
    until(lambda: any(one.values for one in trials(sd)))
    finished = {one.number: one.values for one in trials(sd) if one.values}
    Path(f"{sd.db}-wal").unlink()
    until(lambda: gone(first), seconds=20)
    found = {one.number: one.values for one in trials(sd)}
    assert finished.items() <= found.items(), "the runner still held what the log did"
    assert any("study.db-wal was removed" in message for message in events(sd, "left"))
    run_to_rest(home, sd.name)
    assert [one.status.value for one in trials(sd)] == ["complete"] * 3
    with StoreReader.open(sd) as reader:
        assert [len(reader.attempts(number)) for number in found] == [1] * len(found), "what ran was adopted"


def test_a_home_that_is_renamed_goes_on_where_it_is(home: Path, tmp_path: Path) -> None:
    sd, first = started(home, tmp_path)
    done_before = [one.number for one in trials(sd) if one.values]
    elsewhere = home.with_name("elsewhere")
    home.rename(elsewhere)
    until(lambda: gone(first), seconds=20)
    moved = StudyDir.for_study(elsewhere, sd.name)
    assert f"was moved to {moved.root}" in moved.runner_log.read_text()
    assert not home.exists() or not (home / sd.name / "study.db").exists(), "the study lies in one place"
    run_to_rest(elsewhere, sd.name)
    found = trials(moved)
    assert [str(one.status) for one in found] == ["complete"] * 3
    assert set(done_before) <= {one.number for one in found if one.values}
    shutil.rmtree(elsewhere)


def test_a_home_that_is_removed_leaves_no_process(home: Path, tmp_path: Path) -> None:
    _, first = started(home, tmp_path, steps=3000)
    shutil.rmtree(home, ignore_errors=True)
    until(lambda: gone(first), seconds=20)
    until(lambda: not processes(home), seconds=20)
    assert not home.exists() or not list(home.rglob("study.db"))


def test_a_study_whose_store_is_removed_can_be_made_again(home: Path, tmp_path: Path) -> None:
    sd, _ = started(home, tmp_path)
    sd.db.unlink()
    for name in (sd.name, str(tmp_path / "toy.toml")):
        with pytest.raises(NotFound, match=r"has lost its study\.db"):
            find_study(home, name)
    assert [one.name for one in studies_without_store(home)] == [sd.name]
    notes = run(home, str(tmp_path / "toy.toml")).notes  # it waits until the runner of the first has left
    assert any("trials are kept with the ending .aside-N" in note for note in notes), notes
    assert studies_without_store(home) == []
    rest(sd)
    assert [one.status.value for one in trials(sd)] == ["complete"] * 3
    names = [entry.name for entry in sd.root.iterdir()]
    assert {"study.db-wal.aside-1", "trials.aside-1"} <= set(names), "nothing of the first is lost or taken for new"


def test_a_runner_that_lives_on_without_its_lock_is_named(home: Path, tmp_path: Path) -> None:
    sd, first = started(home, tmp_path, steps=3000)
    os.kill(first, signal.SIGSTOP)
    try:
        assert list(runner_processes(sd)) == [first]
        assert displaced_runners(sd) == []
        sd.lock.unlink()
        assert displaced_runners(sd) == [first]
        began = time.monotonic()
        with pytest.raises(Locked, match=f"pid {first}.*study.lock was removed") as error:
            wait_until_left(sd, 0.2)
        assert f"kill -9 {first}" in error.value.hint
        assert time.monotonic() - began < 5
    finally:
        os.kill(first, signal.SIGCONT)
