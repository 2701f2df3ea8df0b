"""The tables of `study.db`, as migrations; how a store is made, and taken over by its writer.

All of this takes place with `study.lock` held: migrations are not safe in parallel.

`trials.changed` grows with every change of a trial or of rows that belong to it, so that a screen can read changes
only. `PRAGMA application_id` identifies our files, `PRAGMA user_version` counts migrations. sqlite-utils is imported
without pandas, which it would load if installed (0.3 s, 35 MB)."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hptui.core.errors import MachineError, UserError
from hptui.core.trial import StudyState
from hptui.store import notices, records, rungs
from hptui.store.connection import Connection, open_for_writing
from hptui.store.crash_points import crash_point
from hptui.store.filesystem import translate_error
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import MetaKey
from hptui.store.records import APPLICATION_ID, SCHEMA_VERSION
from hptui.store.run_directory import sync_directory

__all__ = ["Database", "Migrations"]


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Make imports of a module fail inside the block, unless it is loaded already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # None in sys.modules makes Python refuse the import
    try:
        yield
    finally:
        del sys.modules[module]


with _without("pandas"):
    from sqlite_utils import Database, Migrations


migrations = Migrations("hptui")
"""The migrations of a store, in order."""

TABLES = (
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE study(
        id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, state TEXT NOT NULL, uuid TEXT NOT NULL,
        created REAL NOT NULL, spec_json TEXT NOT NULL, revision INTEGER NOT NULL, message TEXT NOT NULL DEFAULT '',
        seconds REAL NOT NULL DEFAULT 0, started REAL, ended REAL) STRICT""",
    """CREATE TABLE revisions(
        rev INTEGER PRIMARY KEY, at REAL NOT NULL, spec_json TEXT NOT NULL, why TEXT NOT NULL) STRICT""",
    """CREATE TABLE trials(
        number INTEGER PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL, role TEXT NOT NULL,
        params_json TEXT NOT NULL, reason TEXT, message TEXT NOT NULL, values_json TEXT, effective_json TEXT NOT NULL,
        final_json TEXT NOT NULL, revision INTEGER NOT NULL, seed INTEGER NOT NULL, engine TEXT NOT NULL,
        title TEXT NOT NULL, note TEXT NOT NULL, total_steps INTEGER, last_step INTEGER, progress REAL,
        seconds REAL NOT NULL, created REAL NOT NULL, started REAL, ended REAL, peak_memory_gb REAL,
        seen TEXT NOT NULL, replicate_of INTEGER, changed INTEGER NOT NULL) STRICT""",
    "CREATE INDEX trials_changed ON trials(changed)",
    """CREATE TABLE rejections(
        trial INTEGER NOT NULL REFERENCES trials(number), seq INTEGER NOT NULL, params_json TEXT NOT NULL,
        why TEXT NOT NULL, margin REAL, margin_odd TEXT, PRIMARY KEY (trial, seq)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE attempts(
        token TEXT PRIMARY KEY, trial INTEGER NOT NULL REFERENCES trials(number), n INTEGER NOT NULL,
        state TEXT NOT NULL, reason TEXT, message TEXT NOT NULL, asked TEXT NOT NULL, boot_id TEXT NOT NULL,
        host TEXT NOT NULL, device TEXT NOT NULL, warm INTEGER NOT NULL, started REAL NOT NULL, ended REAL,
        seconds REAL NOT NULL, resumed_step INTEGER, exit_code INTEGER, exit_signal INTEGER, offset INTEGER NOT NULL,
        sequence INTEGER NOT NULL, peak_gpu_gb REAL, mean_gpu_gb REAL, peak_rss_gb REAL, mean_rss_gb REAL,
        environment_json TEXT NOT NULL, UNIQUE (trial, n)) STRICT""",
    "CREATE INDEX attempts_open ON attempts(state) WHERE state IN ('starting', 'running')",
    "CREATE TABLE metric_names(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    """CREATE TABLE points(
        trial INTEGER NOT NULL, metric INTEGER NOT NULL, step INTEGER NOT NULL, value REAL, odd TEXT,
        seconds REAL NOT NULL, attempt INTEGER NOT NULL, PRIMARY KEY (trial, metric, step)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE metric_last(
        trial INTEGER NOT NULL, metric INTEGER NOT NULL, step INTEGER NOT NULL, value REAL, odd TEXT, low REAL,
        low_step INTEGER, high REAL, high_step INTEGER, n INTEGER NOT NULL, nonfinite INTEGER NOT NULL,
        PRIMARY KEY (trial, metric)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE commands(
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, verb TEXT NOT NULL, args_json TEXT NOT NULL,
        done REAL, ok INTEGER, result TEXT NOT NULL DEFAULT '') STRICT""",
    "CREATE INDEX commands_pending ON commands(id) WHERE done IS NULL",
    """CREATE TABLE events(
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, level TEXT NOT NULL, trial INTEGER,
        kind TEXT NOT NULL, message TEXT NOT NULL) STRICT""",
    "CREATE INDEX events_trial ON events(trial, id)",
    """CREATE TABLE samples(
        token TEXT NOT NULL, at REAL NOT NULL, gpu_gb REAL, rss_gb REAL, util REAL, cpu REAL,
        PRIMARY KEY (token, at)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE checkpoints(
        trial INTEGER NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL, path TEXT NOT NULL,
        bytes INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY (trial, step)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE artifacts(
        trial INTEGER NOT NULL, path TEXT NOT NULL, attempt INTEGER NOT NULL, label TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (trial, path)) STRICT, WITHOUT ROWID""",
)
"""Statements that create the tables of format 1."""


@migrations()  # type: ignore[untyped-decorator]  # mypy does not follow sqlite-utils (pyproject.toml)
def m001_initial(db: Database) -> None:
    """Create the tables of format 1."""
    for statement in TABLES:
        db.execute(statement)
        crash_point("migration")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 1")


@migrations()  # type: ignore[untyped-decorator]
def m002_stages_and_facts(db: Database) -> None:
    """Add the stage and the facts of a trial."""
    db.execute("ALTER TABLE trials ADD COLUMN stage TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE trials ADD COLUMN facts_json TEXT NOT NULL DEFAULT '{}'")
    db.execute("PRAGMA user_version = 2")


@migrations()  # type: ignore[untyped-decorator]
def m003_repeated_points(db: Database) -> None:
    """Add the table of further values at one step: the first one stays in `points`."""
    db.execute(
        """CREATE TABLE repeated_points(
        trial INTEGER NOT NULL, metric INTEGER NOT NULL, step INTEGER NOT NULL, sub INTEGER NOT NULL, value REAL,
        odd TEXT, seconds REAL NOT NULL, attempt INTEGER NOT NULL, PRIMARY KEY (trial, metric, step, sub))
        STRICT, WITHOUT ROWID"""
    )
    db.execute("PRAGMA user_version = 3")


@migrations()  # type: ignore[untyped-decorator]
def m004_notices(db: Database) -> None:
    """Add the queue of notices. Of what an older store recorded before, none is sent."""
    for statement in notices.CREATE_TABLES:
        db.execute(statement)
    db.execute(
        "INSERT OR REPLACE INTO meta(key, value) SELECT ?, CAST(coalesce(max(id), 0) AS TEXT) FROM events",
        (MetaKey.NOTICED,),
    )
    db.execute("PRAGMA user_version = 4")


@migrations()  # type: ignore[untyped-decorator]
def m005_rungs(db: Database) -> None:
    """Add the tables of rungs: where trials paused, and which of these values an ask rested on."""
    for statement in rungs.CREATE_TABLES:
        db.execute(statement)
    db.execute("PRAGMA user_version = 5")


@migrations()  # type: ignore[untyped-decorator]
def m006_power_and_clock(db: Database) -> None:
    """Add the power and the clock of an attempt's GPUs to its samples."""
    for column in ("watts", "mhz"):
        db.execute(f"ALTER TABLE samples ADD COLUMN {column} REAL")
    db.execute("PRAGMA user_version = 6")


# a new store ------------------------------------------------------------------------------------------------------


def create_store(sd: StudyDir, study_json: Mapping[str, Any], name: str) -> None:
    """Create the store of a new study. The caller holds `study.lock`.

    The store is built in a temporary file and linked into place: a creation that is killed leaves no partial store.

    Raises: UserError if the study exists.
    """
    try:
        sd.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in sd.root.glob(".study.db.*.tmp*"):
            leftover.unlink(missing_ok=True)
    except OSError as error:
        raise translate_error(error, sd.root) from error
    if sd.db.exists():
        raise UserError(f"there is a study {sd.name!r} in {sd.root.parent} already")
    temporary = sd.root / f".study.db.{os.getpid()}.tmp"
    try:
        # Created here and not by SQLite, whose additional files inherit these permissions.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _build(temporary, study_json, name)
        os.link(temporary, sd.db)
        temporary.unlink()
        sync_directory(sd.root)  # the link survives a power failure
    except FileExistsError:
        raise UserError(f"there is a study {sd.name!r} in {sd.root.parent} already") from None
    except (OSError, sqlite3.Error) as error:
        raise translate_error(error, sd.db) from error
    finally:
        for leftover in (temporary, temporary.with_name(f"{temporary.name}-journal")):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)


def _build(path: Path, study_json: Mapping[str, Any], name: str) -> None:
    """Create the tables in a new, empty file, and insert the study with its first revision."""
    handle = open_for_writing(path)
    try:
        handle.execute("PRAGMA synchronous = FULL")
        tables = Database(handle, execute_plugins=False)
        migrations.apply(tables)
        document = records.dump_json(dict(study_json))
        with tables.atomic():  # no other process knows this file yet
            identity = str(uuid.uuid4())
            tables["study"].insert(
                {
                    "id": 1,
                    "name": records.storable_text(name),
                    "state": StudyState.NEW.value,
                    "uuid": identity,
                    "created": time.time(),
                    "spec_json": document,
                    "revision": 1,
                }
            )
            add_revision(tables, 1, document, "created")
            tables["meta"].insert_all([{"key": MetaKey.CLEAN, "value": "1"}, {"key": MetaKey.UUID, "value": identity}])
        handle.execute("PRAGMA journal_mode = WAL")
    finally:
        handle.close()


def add_revision(tables: Database, rev: int, document: str, why: str) -> None:
    """Insert a revision of the specification, given as JSON."""
    tables["revisions"].insert(
        {"rev": rev, "at": time.time(), "spec_json": document, "why": records.storable_text(why)}
    )


# an existing store ------------------------------------------------------------------------------------------------


def take_over(connection: Connection) -> None:
    """Check what a power failure may have damaged, migrate the tables, and record that a writer is active.

    The caller holds `study.lock`.

    Raises: MachineError, or sqlite3.Error of a migration.
    """
    boot, meta = _current_boot_id(), StoreReader(connection).get_meta
    if meta(MetaKey.CLEAN) != "1" and meta(MetaKey.BOOT_ID) != boot:
        problems = [row[0] for row in connection.rows("PRAGMA quick_check(5)")]
        if problems != ["ok"]:
            raise MachineError(
                f"{connection.path} is damaged: {problems[0]}",
                hint="`sqlite3 study.db .recover` saves what can be read",
            )
    tables = Database(connection.handle, execute_plugins=False)
    if migrations.pending(tables):
        connection.backup(connection.path.with_name(f"{connection.path.name}.v{connection.format}.bak"))
        migrations.apply(tables)
        connection.format = SCHEMA_VERSION
    connection.execute("PRAGMA journal_mode = WAL")
    # Only the holder of study.lock checkpoints. SQLite does so every 16 MiB, if `checkpoint_wal` is not called.
    connection.execute("PRAGMA wal_autocheckpoint = 4096")
    with connection.transaction():
        write_meta(connection, MetaKey.CLEAN, "0")
        write_meta(connection, MetaKey.BOOT_ID, boot)
        write_meta(connection, MetaKey.SQLITE, sqlite3.sqlite_version)


def write_meta(connection: Connection, key: MetaKey, value: str) -> None:
    """Set a value of the `meta` table, within the caller's transaction."""
    connection.execute("INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)", (key, records.storable_text(value)))


def _current_boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"unknown-{uuid.uuid4()}"  # unlike any stored one, so that the file is checked
