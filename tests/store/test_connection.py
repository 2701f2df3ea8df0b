"""The connection itself: its two makers, one handle for questions and writes, errors in our words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hptui.core.errors import MachineError
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.store.connection import Connection
from hptui.store.metric_points import write_points
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.store import DiskFull, Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a study with one trial."""
    sd = StudyDir(tmp_path / "study")
    with Store.create(sd, {}, "study") as store:
        store.insert_trial(Trial(0, "t0", TrialStatus.RUNNING, Role.SEARCH, {}))
    return sd.db


@pytest.fixture
def connection(path: Path) -> Iterator[Connection]:
    connection = Connection.writable(path)
    yield connection
    connection.close()


def first_point(name: str) -> list[tuple[str, int, float | None, str | None, float]]:
    return [(name, 1, 1.0, None, 0.0)]


def write_and_fail(connection: Connection, metric: str) -> None:
    with connection.transaction():
        write_points(connection, 0, 1, first_point(metric))
        assert stored_ids(connection)[metric] == connection.metric_ids[metric]
        raise ZeroDivisionError


def stored_ids(connection: Connection) -> dict[str, int]:
    return dict(connection.rows("SELECT name, id FROM metric_names"))


def test_ids_of_metrics_are_forgotten_with_the_transaction_that_made_them(connection: Connection) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_fail(connection, "loss")
    assert connection.metric_ids == stored_ids(connection) == {}


def test_ids_of_metrics_are_forgotten_with_the_part_that_made_them(connection: Connection) -> None:
    with connection.transaction():
        write_points(connection, 0, 1, first_point("kept"))
        with pytest.raises(ZeroDivisionError):
            write_and_fail(connection, "undone")
        assert connection.metric_ids == {}  # those that still hold are read again when they are needed
        write_points(connection, 0, 1, first_point("next"))
    assert connection.metric_ids == stored_ids(connection) == {"kept": 1, "next": 2}


def test_ids_of_metrics_survive_a_commit(connection: Connection) -> None:
    with connection.transaction():
        write_points(connection, 0, 1, first_point("loss"))
    assert connection.metric_ids == {"loss": 1}


def test_a_commit_that_fails_forgets_the_ids_too(connection: Connection) -> None:
    def write() -> None:
        with connection.transaction():
            connection.execute("PRAGMA defer_foreign_keys = ON")  # the missing trial is noticed by COMMIT
            write_points(connection, 0, 1, first_point("loss"))
            connection.execute(
                "INSERT INTO rejections(trial, seq, params_json, why) VALUES (99, 0, '{}', 'there is no such trial')"
            )

    with pytest.raises(MachineError, match="FOREIGN KEY"):
        write()
    assert connection.metric_ids == stored_ids(connection) == {}
    assert not connection.handle.in_transaction


def test_a_question_inside_a_transaction_sees_what_it_wrote_and_others_do_not(path: Path) -> None:
    sd = StudyDir(path.parent)
    with Store.open(sd) as store, StoreReader.open(sd) as other:
        assert store.read.connection is store.connection
        with store.transaction():
            store.update_trial(0, note="new")
            store.add_points(0, 1, first_point("loss"))
            assert (store.read.trial(0).note, store.read.curve(0, "loss")) == ("new", [(1, 1.0, 0.0)])
            assert (other.trial(0).note, other.curve(0, "loss")) == ("", [])
        assert (other.trial(0).note, other.curve(0, "loss")) == ("new", [(1, 1.0, 0.0)])


def test_a_snapshot_inside_a_transaction_belongs_to_it(connection: Connection) -> None:
    with connection.transaction():
        connection.execute("UPDATE trials SET note = 'x'")
        with connection.snapshot():
            assert connection.row("SELECT note FROM trials") == ("x",)
        assert connection.handle.in_transaction
    assert connection.row("SELECT note FROM trials") == ("x",)


def test_a_read_only_connection_writes_nothing(path: Path) -> None:
    connection = Connection.read_only(path)
    write = "UPDATE study SET name = 'other'"
    for attempt in (
        lambda: connection.execute(write),
        lambda: connection.execute_many(f"{write} WHERE id = ?", [(1,)]),
    ):
        with pytest.raises(MachineError, match="readonly"):
            attempt()
    with pytest.raises(MachineError, match="readonly"), connection.transaction():
        pass
    connection.close()
    assert StoreReader(Connection.read_only(path)).study().name == "study"


@pytest.mark.parametrize("make", [Connection.read_only, Connection.writable], ids=["read-only", "writable"])
def test_a_file_that_is_refused_is_closed_again(tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "theirs.db"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE theirs(a)")
    theirs.close()
    handles: list[sqlite3.Connection] = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: handles.append(connect(*a, **k)) or handles[-1])
    with pytest.raises(MachineError, match="not a store of hptui"):
        make(path)
    [handle] = handles
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        handle.execute("SELECT 1")


@pytest.mark.parametrize("make", [Connection.read_only, Connection.writable], ids=["read-only", "writable"])
def test_a_file_that_is_not_there_is_named_and_not_made(tmp_path: Path, make) -> None:
    with pytest.raises(MachineError, match=r"nowhere\.db"):
        make(tmp_path / "nowhere.db")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_called_so_at_the_statement(connection: Connection) -> None:
    connection.execute(f"PRAGMA max_page_count = {connection.row('PRAGMA page_count')[0]}")
    rows = [(0, 1, step, 1.0, 0.0, 1) for step in range(5000)]
    sql = "INSERT INTO points(trial, metric, step, value, seconds, attempt) VALUES (?, ?, ?, ?, ?, ?)"
    with pytest.raises(DiskFull, match="disk is full"):
        connection.execute_many(sql, rows)
