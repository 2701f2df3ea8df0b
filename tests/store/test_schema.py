"""The file itself: its shape, how it is made and brought up to date, and what is refused."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

import hptui
from hptui.core.errors import MachineError, NotFound, UserError
from hptui.core.trial import Attempt, Role, Trial, TrialStatus
from hptui.store import migrations, notices, records, samples
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import Store

ROOT = Path(hptui.__file__).parents[1]


def run_python(code: str, *args: str, crash: str = "") -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    environment = {**os.environ, "PYTHONPATH": path, "HPTUI_CRASH": crash}
    return subprocess.run([sys.executable, "-c", code, *args], env=environment, capture_output=True, text=True)


@pytest.fixture
def sd(tmp_path: Path) -> StudyDir:
    return StudyDir.for_study(tmp_path / "home", "study")


def columns(path: Path, table: str) -> set[str]:
    conn = sqlite3.connect(path)
    try:
        return {row[1] for row in conn.execute(f"PRAGMA table_info({table})")}
    finally:
        conn.close()


def tamper(path: Path, statement: str) -> None:
    conn = sqlite3.connect(path)
    conn.execute(statement)
    conn.commit()
    conn.close()


def test_every_field_of_a_trial_and_an_attempt_has_its_column(sd: StudyDir) -> None:
    Store.create(sd, {}, "study").close()
    derived = {"metrics", "attempts", "rejections"}
    of_trial = {records.column_of(field.name) for field in fields(Trial) if field.name not in derived}
    assert columns(sd.db, "trials") == of_trial | {"changed"}
    assert columns(sd.db, "attempts") == {records.column_of(field.name) for field in fields(Attempt)}


def test_all_tables_are_strict_and_the_file_says_what_it_is(sd: StudyDir) -> None:
    Store.create(sd, {}, "study").close()
    conn = sqlite3.connect(sd.db)
    loose = conn.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict "
        "AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_sqlite_%'"
    ).fetchall()
    facts = [conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    mode = conn.execute("PRAGMA journal_mode").fetchone()[0]
    conn.close()
    assert loose == []
    assert facts == [records.APPLICATION_ID, records.SCHEMA_VERSION]
    assert mode == "wal"


def test_the_schema_number_counts_the_migrations(sd: StudyDir) -> None:
    Store.create(sd, {}, "study").close()
    conn = sqlite3.connect(sd.db)
    applied = migrations.migrations.applied(Database(conn, execute_plugins=False))
    conn.close()
    assert len(applied) == records.SCHEMA_VERSION


def test_only_the_owner_can_read_a_study(sd: StudyDir) -> None:
    before = os.umask(0o022)
    try:
        with Store.create(sd, {}, "study") as store:
            store.add_event("info", "test", "so that there is a log")
            modes = {entry.name: entry.stat().st_mode & 0o777 for entry in sd.root.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"study.db": 0o600, "study.db-wal": 0o600, "study.db-shm": 0o600}
    assert sd.root.stat().st_mode & 0o777 == 0o700


def test_a_second_study_of_the_same_name_is_refused_and_the_first_kept(sd: StudyDir) -> None:
    Store.create(sd, {"first": True}, "study").close()
    with pytest.raises(UserError, match="already"):
        Store.create(sd, {"first": False}, "study")
    with StoreReader.open(sd) as reader:
        assert reader.spec_json() == {"first": True}
    assert sorted(entry.name for entry in sd.root.iterdir() if entry.name.startswith(".")) == []


CREATE = """
import sys
from pathlib import Path
from hptui.store.paths import StudyDir
from hptui.store.store import Store
Store.create(StudyDir(Path(sys.argv[1])), {"a": 1}, "study").close()
"""


@pytest.mark.parametrize("hit", [1, 7, len(migrations.TABLES)])
def test_a_creation_that_is_killed_leaves_no_half_a_store(sd: StudyDir, hit: int) -> None:
    done = run_python(CREATE, str(sd.root), crash=f"migration:{hit}")
    assert (done.returncode, done.stderr) == (137, "")
    assert not sd.exists()
    with Store.create(sd, {"a": 2}, "study") as store:
        assert store.read.spec_json() == {"a": 2}
    assert [entry.name for entry in sd.root.glob(".*")] == []


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Migrations:
    """The program as a later version would be, with one migration more."""
    later = Migrations("hptui")
    later(name="m001_initial")(migrations.m001_initial)
    later(name="m002_stages_and_facts")(migrations.m002_stages_and_facts)
    later(name="m003_repeated_points")(migrations.m003_repeated_points)
    later(name="m004_notices")(migrations.m004_notices)
    later(name="m005_rungs")(migrations.m005_rungs)
    later(name="m006_power_and_clock")(migrations.m006_power_and_clock)
    monkeypatch.setattr(migrations, "migrations", later)
    monkeypatch.setattr("hptui.store.filesystem.SCHEMA_VERSION", 7)
    monkeypatch.setattr(records, "SCHEMA_VERSION", 7)
    return later


def one_trial() -> Trial:
    return Trial(0, "first", TrialStatus.WAITING, Role.SEARCH, {"lr": 1e-4})


def test_an_older_store_is_backed_up_and_brought_up_to_date(sd: StudyDir, later: Migrations) -> None:
    with Store.create(sd, {"a": 1}, "study") as store:
        store.insert_trial(one_trial())

    @later()
    def m007_more(db: Database) -> None:
        db.execute("ALTER TABLE events ADD COLUMN more TEXT")
        db.execute("PRAGMA user_version = 7")

    with pytest.raises(MachineError, match="older format"):
        Store.open(sd, exclusive=False)
    with Store.open(sd) as store:
        assert store.read.trial(0) == one_trial()
    assert "more" in columns(sd.db, "events")
    saved = sd.root / "study.db.v6.bak"
    assert "more" not in columns(saved, "events")
    assert saved.stat().st_mode & 0o777 == 0o600


def test_a_migration_that_fails_changes_nothing(sd: StudyDir, later: Migrations) -> None:
    with Store.create(sd, {"a": 1}, "study") as store:
        store.insert_trial(one_trial())

    @later()
    def m007_broken(db: Database) -> None:
        db.execute("DROP TABLE points")
        db.execute("PRAGMA user_version = 7")
        db.execute("CREATE TABLE trials(again)")

    with pytest.raises(MachineError, match="already exists"):
        Store.open(sd)
    assert columns(sd.db, "points")
    with StoreReader.open(sd) as reader:
        assert reader.trials() == [one_trial()]


def without_later_tables(sd: StudyDir, *tables: str) -> None:
    """Take out of a store what later migrations have added."""
    for table in (*tables, "seen_rungs", "rungs"):
        tamper(sd.db, f"DROP TABLE {table}")
    for column in ("watts", "mhz"):
        tamper(sd.db, f"ALTER TABLE samples DROP COLUMN {column}")


def test_a_store_of_the_first_format_is_read_as_it_is_and_brought_up_to_date(sd: StudyDir) -> None:
    with Store.create(sd, {"a": 1}, "study") as store:
        store.insert_trial(one_trial())
    for statement in ("stage", "facts_json"):
        tamper(sd.db, f"ALTER TABLE trials DROP COLUMN {statement}")
    without_later_tables(sd, "repeated_points", "deliveries", "notices")
    tamper(sd.db, "DELETE FROM _sqlite_migrations WHERE name <> 'm001_initial'")
    tamper(sd.db, "PRAGMA user_version = 1")
    with StoreReader.open(sd) as reader:
        assert reader.trials() == [one_trial()]
    with Store.open(sd) as store:
        store.update_trial(0, stage="final", facts={"parameters": 1_234})
        assert (store.read.trial(0).stage, store.read.trial(0).facts) == ("final", {"parameters": 1_234})


def test_a_store_without_repeated_points_is_read_as_it_is_and_brought_up_to_date(sd: StudyDir) -> None:
    with Store.create(sd, {"a": 1}, "study") as store:
        store.insert_trial(one_trial())
        store.add_points(0, 1, [("loss", step, 1.0 / step, None, 0.0) for step in range(1, 6)])
    without_later_tables(sd, "repeated_points", "deliveries", "notices")
    tamper(sd.db, "DELETE FROM _sqlite_migrations WHERE name >= 'm003'")
    tamper(sd.db, "PRAGMA user_version = 2")
    with StoreReader.open(sd) as reader:
        assert reader.samples("none") == []
        assert samples.measured_fields(reader.connection, 10) == frozenset()
    with StoreReader.open(sd) as reader:
        assert len(reader.curve(0, "loss")) == len(reader.buckets(0, "loss", 9)) == 5
    with Store.open(sd) as store:
        store.add_points(0, 1, [("loss", 5, 0.1, None, 0.0, 1)])
        assert store.read.curve(0, "loss")[-2:] == [(5, 0.2, 0.0), (5, 0.1, 0.0)]


def test_what_an_older_store_recorded_before_is_not_told_any_more(sd: StudyDir) -> None:
    with Store.create(sd, {"a": 1}, "study") as store:
        assert store.read.get_meta(MetaKey.NOTICED) == "0"
        for _ in range(3):
            store.add_event("error", EventKind.STUDY_PAUSED, "long ago")
    without_later_tables(sd, "deliveries", "notices")
    tamper(sd.db, "DELETE FROM meta WHERE key = 'noticed'")
    tamper(sd.db, "DELETE FROM _sqlite_migrations WHERE name >= 'm004'")
    tamper(sd.db, "PRAGMA user_version = 3")
    with StoreReader.open(sd) as reader:
        assert notices.notices_after(reader.connection, 0) == []
    with Store.open(sd) as store:
        assert store.read.get_meta(MetaKey.NOTICED) == "3"
        assert notices.notices_after(store.connection, 0) == []


def openers() -> list[object]:
    return [
        pytest.param(Store.open, id="store"),
        pytest.param(lambda sd: Store.open(sd, exclusive=False), id="requests"),
        pytest.param(StoreReader.open, id="reader"),
    ]


@pytest.mark.parametrize("opened", openers())
def test_a_store_of_a_newer_program_is_refused_with_the_way_out(sd: StudyDir, opened) -> None:
    Store.create(sd, {}, "study").close()
    tamper(sd.db, "PRAGMA user_version = 99")
    with pytest.raises(MachineError, match=r"newer hptui \(format 99.*\n.*update hptui"):
        opened(sd)


@pytest.mark.parametrize("opened", openers())
def test_another_programs_database_is_left_alone(sd: StudyDir, opened) -> None:
    sd.root.mkdir(parents=True)
    tamper(sd.db, "CREATE TABLE theirs(a)")
    before = sd.db.read_bytes()
    with pytest.raises(MachineError, match="not a store of hptui"):
        opened(sd)
    assert sd.db.read_bytes() == before


@pytest.mark.parametrize("opened", openers())
def test_a_file_that_is_no_database_is_called_damaged(sd: StudyDir, opened) -> None:
    sd.root.mkdir(parents=True)
    sd.db.write_bytes(b"not a database at all, but long enough to have a header" * 40)
    with pytest.raises(MachineError, match="damaged"):
        opened(sd)


@pytest.mark.parametrize("opened", openers())
def test_an_empty_file_is_not_taken_for_a_study(sd: StudyDir, opened) -> None:
    sd.root.mkdir(parents=True)
    sd.db.touch()
    with pytest.raises(MachineError, match="not a store of hptui"):
        opened(sd)
    assert sd.db.stat().st_size == 0


@pytest.mark.parametrize("opened", openers())
def test_a_study_that_is_not_there_is_not_made(sd: StudyDir, opened) -> None:
    with pytest.raises(NotFound, match="no study 'study'"):
        opened(sd)
    assert not sd.root.exists()


def test_damage_from_a_power_cut_is_noticed_when_the_machine_comes_back(sd: StudyDir) -> None:
    with Store.create(sd, {}, "study") as store:
        store.insert_trial(one_trial())
        store.add_points(0, 1, [("loss", step, 1.0, None, 0.0) for step in range(5000)])
    tamper(sd.db, "UPDATE meta SET value = 'another boot' WHERE key = 'boot_id'")
    tamper(sd.db, "UPDATE meta SET value = '0' WHERE key = 'clean'")
    content = bytearray(sd.db.read_bytes())
    page = len(content) // 4096 // 2 * 4096  # in the middle lie the points
    content[page : page + 4096] = os.urandom(4096)
    sd.db.write_bytes(content)
    with pytest.raises(MachineError, match="damaged"):
        Store.open(sd)


@pytest.mark.parametrize("library", ["numpy", "pandas"])
def test_migrations_do_not_load_a_large_library_and_do_not_hide_it_either(library: str) -> None:
    code = f"import sys, hptui.store.migrations as m; print('{library}' in sys.modules, m.Database); import {library}"
    done = run_python(code)
    assert done.stdout.split(maxsplit=1) == ["False", "<class 'sqlite_utils.db.Database'>\n"]
    assert done.returncode == 0 or f"No module named '{library}'" in done.stderr


def test_a_store_of_todays_format_is_opened_and_written_without_sqlite_utils(sd: StudyDir) -> None:
    Store.create(sd, {}, "study").close()
    code = (
        "import sys; from pathlib import Path; from hptui.store.paths import StudyDir; "
        "from hptui.store.store import Store; store = Store.open(StudyDir(Path(sys.argv[1]))); "
        "print(store.set_spec({'a': 1}, 'test')); store.close(); print('sqlite_utils' in sys.modules)"
    )
    assert run_python(code, str(sd.root)).stdout.split() == ["2", "False"]


@pytest.mark.parametrize("module", ["reader", "store", "connection", "metric_points", "records", "command_queue"])
def test_what_reads_and_writes_needs_no_third_party_package(module: str) -> None:
    code = (
        "import sys; before = set(sys.modules); "
        f"import hptui.store.{module}; "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    assert run_python(code).stdout.strip() == "['hptui']"
