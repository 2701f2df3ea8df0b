"""The tables of `study.db`, as migrations. They run with `study.lock` held, since they are not safe in parallel.

`trials.changed` grows with every change of a trial or of rows that belong to it, so that a screen can read changes
only. `PRAGMA application_id` identifies our files, `PRAGMA user_version` counts migrations. sqlite-utils is imported
without numpy and pandas, which it would load if installed (0.4 s, 45 MB)."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hptui.store import notices, rungs
from hptui.store.crash_points import crash_point
from hptui.store.recorded import MetaKey
from hptui.store.records import APPLICATION_ID


@contextmanager
def _without(*modules: str) -> Iterator[None]:
    """Make imports of modules fail inside the block, unless they are loaded already."""
    absent = [module for module in modules if module not in sys.modules]
    for module in absent:
        sys.modules[module] = None  # type: ignore[assignment]  # None in sys.modules makes Python refuse the import
    try:
        yield
    finally:
        for module in absent:
            del sys.modules[module]


with _without("numpy", "pandas"):
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


# application ------------------------------------------------------------------------------------------------------


def apply(handle: sqlite3.Connection) -> None:
    """Run the migrations that a store lacks, each in a transaction of its own.

    Raises: sqlite3.Error; what an earlier migration did stays.
    """
    migrations.apply(Database(handle, execute_plugins=False))
