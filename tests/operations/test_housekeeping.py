"""Space is given back, and nothing else is lost."""

import os
import sqlite3
from dataclasses import replace

import pytest

from hptui.core.errors import Locked, MachineError, UserError
from hptui.core.trial import StudyState
from hptui.operations.housekeeping import delete_checkpoints, removable_bytes, remove
from hptui.results.view import read_view
from hptui.store.paths import StudyDir, list_studies
from hptui.store.reader import StoreReader
from hptui.store.run_directory import try_lock
from hptui.store.store import Store
from tests.operations.made import FILE, TRIALS, make, trial


def save(sd, number, elsewhere=""):
    with Store.open(sd) as store:
        uuid = store.read.study().uuid
    path = sd.checkpoints(number, elsewhere, uuid) / "step-00000010"
    path.mkdir(parents=True)
    (path / "weights").write_bytes(b"w" * 1000)
    with Store.open(sd) as store:
        store.add_checkpoint(number, 10, 1, str(path), 1000)
    return path


def test_a_study_is_removed(home):
    sd, other = make(home), home / "other"
    other.mkdir()
    size = removable_bytes(sd)
    assert size > 1000
    assert remove(sd) == size
    assert list(home.iterdir()) == [other]


def test_a_running_study_is_not_removed(home):
    sd = make(home, state=StudyState.RUNNING)
    with try_lock(sd.lock) as held:
        assert held
        with pytest.raises(Locked, match="is running") as caught:
            remove(sd)
    assert caught.value.exit_code == 4
    with try_lock(sd.attempt(1, 1) / "lock"), pytest.raises(Locked, match="attempt-1 of the study 'made' still runs"):
        remove(sd)
    assert sd.exists()


def test_a_link_to_a_study_is_not_followed(home, tmp_path):
    sd = make(tmp_path / "real")
    home.mkdir()
    (home / "made").symlink_to(sd.root)
    with pytest.raises(UserError, match="is a link"):
        remove(StudyDir(home / "made"))
    assert sd.exists()


def test_a_directory_that_holds_more_than_a_study_is_not_removed(home):
    sd = make(home)
    (sd.root / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"holds more than a study: thesis\.tex"):
        remove(sd)
    assert (sd.root / "thesis.tex").exists()


def test_somebody_elses_study_db_is_not_removed(tmp_path):
    place = tmp_path / "project"
    place.mkdir()
    with sqlite3.connect(place / "study.db") as conn:
        conn.execute("CREATE TABLE mine(x)")
    conn.close()
    with pytest.raises(MachineError, match="is not a store of hptui"):
        remove(StudyDir(place))
    assert (place / "study.db").exists()


def test_links_inside_a_study_lead_nowhere(home, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    sd = make(home)
    sd.trial(1).mkdir(exist_ok=True)
    (sd.trial(1) / "link").symlink_to(precious)
    sd.checkpoints(2).symlink_to(precious)
    assert delete_checkpoints(sd) == []
    remove(sd)
    assert (precious / "file").exists()


def test_checkpoints_elsewhere_go_with_the_study_and_nothing_beside_them(home, tmp_path):
    big = tmp_path / "big"
    sd = make(home, text=f"{FILE}\n    [resources]\n    checkpoints = '{big}'\n")
    path = save(sd, 1, str(big))
    (path.parent.parent / "mine").mkdir()
    remove(sd)
    assert not path.exists()
    assert (path.parent.parent / "mine").is_dir()


def test_a_removal_that_is_killed_leaves_no_half_study(home, monkeypatch):
    sd = make(home)
    monkeypatch.setattr(
        "shutil.rmtree", lambda path: os.kill(os.getpid(), 0) or (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        remove(sd)
    assert list_studies(home) == []


def test_only_checkpoints_that_nobody_needs_go(home):
    stopped, paused = trial(8, "stopped", "user"), trial(9, "paused", "user")
    sd = make(home, [*TRIALS, stopped, paused])
    for number in range(10):
        save(sd, number)
    would = delete_checkpoints(sd, dry_run=True)
    assert [garbage.trial for garbage in would] == [0, 1, 2, 4, 5, 6]
    assert {garbage.bytes for garbage in would} == {1000}
    assert all(sd.checkpoints(number).is_dir() for number in range(10))
    assert delete_checkpoints(sd) == would
    assert [number for number in range(10) if sd.checkpoints(number).exists()] == [3, 7, 8, 9]
    with StoreReader.open(sd) as reader:
        assert [number for number in range(10) if reader.checkpoints(number)] == [3, 7, 8, 9]
    assert delete_checkpoints(sd) == []


def test_while_a_runner_lives_only_complete_trials_lose_theirs(home):
    sd = make(home, state=StudyState.RUNNING)
    for number in range(7):
        save(sd, number)
    with try_lock(sd.lock):
        assert [garbage.trial for garbage in delete_checkpoints(sd)] == [0, 1, 2]
    assert [garbage.trial for garbage in delete_checkpoints(sd)] == [4, 5, 6]


def test_equals_of_the_best_keep_theirs(home):
    tied = replace(TRIALS[1], values={"loss": 0.5621})
    sd = make(home, [TRIALS[0], tied, TRIALS[2], TRIALS[3]])
    for number in range(4):
        save(sd, number)
    assert [garbage.trial for garbage in delete_checkpoints(sd)] == [0, 2]
    assert read_view(sd).best.number == 1
