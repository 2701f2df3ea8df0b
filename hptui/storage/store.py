"""The only writer of `study.db`. Readers use `reader`, which needs no sqlite-utils.

Every change is one transaction. Changes of state are durable: on the disk when the call returns. Points and samples
may be lost by a power cut, never by a kill; since an attempt's offset is committed with its points, they are then read
again from its events.
"""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from hptui.model.errors import HptuiError, MachineError, NotFound, UserError
from hptui.model.trial import Attempt, StudyState, Trial
from hptui.storage import cells, rows, schema
from hptui.storage import points as metric_points
from hptui.storage.crashpoints import crash_point
from hptui.storage.faults import DiskFull, check_identity, explain
from hptui.storage.journal import Journal
from hptui.storage.paths import StudyDir
from hptui.storage.points import Point
from hptui.storage.rundir import sync_directory
from hptui.storage.sqliteutils import Database
from hptui.storage.transactions import BUSY_MS, connect

__all__ = ["DiskFull", "Store"]

_NEXT_CHANGE = "(SELECT coalesce(max(changed), 0) + 1 FROM trials)"
_UPDATABLE_TRIAL = tuple(name for name in cells.TRIAL_FIELDS if name != "number")
_UPDATABLE_ATTEMPT = tuple(name for name in cells.ATTEMPT_FIELDS if name not in ("token", "trial", "n"))


class Store(Journal):
    """A study's store, opened for writing, by one thread. A context manager.

    What a method writes joins the transaction around it, or is one of its own. Failures are `MachineError`;
    `DiskFull` among them leaves everything as it was before the transaction.
    """

    def __init__(self, path: Path, conn: sqlite3.Connection, *, exclusive: bool) -> None:
        super().__init__(path, conn)
        self._tables = Database(conn, execute_plugins=False)
        self._exclusive = exclusive

    # opening and closing --------------------------------------------------------------------------------------

    @classmethod
    def create(cls, sd: StudyDir, study_json: Mapping[str, Any], name: str) -> Store:
        """A new study. `UserError` when there is one already. The caller holds `study.lock`.

        It is built beside and linked into place whole: a creation that is killed leaves no half a store.
        """
        try:
            sd.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for left in sd.root.glob(".study.db.*.tmp*"):
                left.unlink(missing_ok=True)
        except OSError as error:
            raise explain(error, sd.root) from error
        if sd.db.exists():
            raise UserError(f"there is a study {sd.name!r} in {sd.root.parent} already")
        beside = sd.root / f".study.db.{os.getpid()}.tmp"
        try:
            # Created by us, not by SQLite: the files that it adds inherit these permissions.
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            _build(beside, study_json, name)
            os.link(beside, sd.db)
            beside.unlink()
            sync_directory(sd.root)
        except FileExistsError:
            raise UserError(f"there is a study {sd.name!r} in {sd.root.parent} already") from None
        except (OSError, sqlite3.Error) as error:
            raise explain(error, sd.db) from error
        finally:
            for left in (beside, beside.with_name(f"{beside.name}-journal")):
                with suppress(OSError):
                    left.unlink(missing_ok=True)
        return cls.open(sd)

    @classmethod
    def open(cls, sd: StudyDir, *, exclusive: bool = True) -> Store:
        """An existing study. With `exclusive` the caller holds `study.lock`: the store is checked and migrated.

        Without, only requests may be left in it (`add_command`); an older format is then refused.
        """
        if not sd.db.is_file():
            raise NotFound(f"there is no study {sd.name!r} in {sd.root.parent}")
        try:
            conn = connect(sd.db)
        except sqlite3.Error as error:
            raise explain(error, sd.db) from error
        store = cls(sd.db, conn, exclusive=exclusive)
        try:
            version = check_identity(conn, sd.db)
            if exclusive:
                store._take_over(version)
            elif version < rows.SCHEMA:
                raise MachineError(f"{sd.db} has an older format", hint=f"`hptui run {sd.name}` brings it up to date")
        except BaseException as error:
            conn.close()
            if isinstance(error, sqlite3.Error):
                raise explain(error, sd.db) from error
            raise
        return store

    def close(self) -> None:
        """Fold the log into the file and let go of it."""
        if self._exclusive:
            with suppress(HptuiError):
                self.set_meta("clean", "1")
                self.checkpoint_wal()
        self._conn.close()

    def checkpoint_wal(self) -> None:
        """Fold the log into the file and empty it, unless a reader is in the middle of something: then another time."""
        self._all("PRAGMA busy_timeout = 50")  # a reader that was suspended in mid-read must not hold the runner up
        try:
            self._all("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._all(f"PRAGMA busy_timeout = {BUSY_MS}")

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_over(self, version: int) -> None:
        """Check what a power cut may have damaged, bring the tables up to date, say that we write now."""
        boot = _boot_id()
        if self.get_meta("clean") != "1" and self.get_meta("boot_id") != boot:
            problems = [row[0] for row in self._all("PRAGMA quick_check(5)")]
            if problems != ["ok"]:
                raise MachineError(
                    f"{self.path} is damaged: {problems[0]}",
                    hint="`sqlite3 study.db .recover` saves what can be read",
                )
        if schema.migrations.pending(self._tables):
            self.backup(self.path.with_name(f"{self.path.name}.v{version}.bak"))
            schema.migrations.apply(self._tables)
        self._conn.execute("PRAGMA journal_mode = WAL")
        # Checkpoints are the lock holder's alone. SQLite makes one every 16 MiB, should `checkpoint_wal` not be called.
        self._conn.execute("PRAGMA wal_autocheckpoint = 4096")
        with self.transaction():
            self.set_meta("clean", "0")
            self.set_meta("boot_id", boot)
            self.set_meta("sqlite", sqlite3.sqlite_version)

    # the study ------------------------------------------------------------------------------------------------

    def study_row(self) -> dict[str, Any]:
        """The study as a dictionary: the fields of `StudyRow`."""
        study = self.study()
        return {name: getattr(study, name) for name in rows.StudyRow.__dataclass_fields__}

    def set_state(self, state: StudyState, message: str = "", ended: float | None = None) -> None:
        """What the study does now, and why. Its first start and its end (now, unless it is told) are noted with it."""
        now = time.time()
        ended = (ended or now) if state in (StudyState.DONE, StudyState.STOPPED) else None
        begun = now if state is StudyState.RUNNING else None
        with self.transaction(durable=True):
            self._conn.execute(
                "UPDATE study SET state = ?, message = ?, started = coalesce(started, ?), ended = ?",
                (state, cells.text(message), begun, ended),
            )

    def set_spec(self, spec_json: Mapping[str, Any], why: str) -> int:
        """A new revision of the specification; returns its number."""
        document = cells.dump(dict(spec_json))
        with self.transaction(durable=True):
            rev = int(self._one("SELECT max(rev) + 1 FROM revisions")[0])
            _add_revision(self._tables, rev, document, why)
            self._conn.execute("UPDATE study SET spec_json = ?, revision = ?", (document, rev))
        return rev

    def set_meta(self, key: str, value: str) -> None:
        """Keep a small fact about the store itself."""
        with self.transaction():
            self._conn.execute("INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)", (key, cells.text(value)))

    def add_seconds(self, seconds: float) -> None:
        """Count time that the study was active."""
        with self.transaction():
            self._conn.execute("UPDATE study SET seconds = seconds + ?", (seconds,))

    # trials and attempts --------------------------------------------------------------------------------------

    def next_number(self) -> int:
        """The number of the next trial. Trials are never deleted."""
        return int(self._one("SELECT coalesce(max(number), -1) + 1 FROM trials")[0])

    def insert_trial(self, trial: Trial) -> None:
        """A new trial with its rejections. `metrics` and `attempts` come from rows of their own."""
        with self.transaction(durable=True):
            change = self._one(f"SELECT {_NEXT_CHANGE}")[0]
            self._tables["trials"].insert({**cells.trial_cells(trial), "changed": change})
            for seq, rejection in enumerate(trial.rejections):
                margin, odd = cells.split_odd(rejection.margin)
                self._conn.execute(
                    "INSERT INTO rejections(trial, seq, params_json, why, margin, margin_odd) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (trial.number, seq, cells.dump(dict(rejection.params)), cells.text(rejection.why), margin, odd),
                )

    def update_trial(self, number: int, **fields: Any) -> None:
        """Change fields of a trial. Durable when `status` is among them."""
        changed = cells.cells(fields, _UPDATABLE_TRIAL)
        with self.transaction(durable="status" in fields):
            if not self._update("trials", "number", number, changed, f"changed = {_NEXT_CHANGE}"):
                raise NotFound(f"there is no trial {number}")

    def insert_attempt(self, attempt: Attempt) -> None:
        """A new attempt of a trial that exists."""
        with self.transaction(durable=True):
            self._tables["attempts"].insert(cells.attempt_cells(attempt))
            self._touch(attempt.trial)

    def update_attempt(self, token: str, **fields: Any) -> None:
        """Change fields of an attempt. Durable when `state` is among them."""
        changed = cells.cells(fields, _UPDATABLE_ATTEMPT)
        with self.transaction(durable="state" in fields):
            if not self._update("attempts", "token", token, changed):
                raise NotFound(f"there is no attempt {token}")
            if not fields.keys().isdisjoint(("peak_gpu_gb", "peak_rss_gb", "state")):
                self._conn.execute(
                    f"UPDATE trials SET changed = {_NEXT_CHANGE} "  # noqa: S608 (all parts are ours)
                    "WHERE number = (SELECT trial FROM attempts WHERE token = ?)",
                    (token,),
                )

    def _update(self, table: str, key: str, value: object, changes: Mapping[str, Any], *also: str) -> bool:
        settings = ", ".join([*(f"{column} = ?" for column in changes), *also]) or f"{key} = {key}"
        sql = f"UPDATE {table} SET {settings} WHERE {key} = ?"  # noqa: S608 (columns are fields of our dataclasses)
        return self._conn.execute(sql, (*changes.values(), value)).rowcount == 1

    def _touch(self, number: int) -> None:
        self._conn.execute(f"UPDATE trials SET changed = {_NEXT_CHANGE} WHERE number = ?", (number,))  # noqa: S608

    # metrics --------------------------------------------------------------------------------------------------

    def ingest(
        self, token: str, trial: int, attempt_n: int, points: Iterable[Point], *, offset: int, sequence: int
    ) -> None:
        """A batch of an attempt's points (metric, step, value, odd, seconds), and how far its events have been read.

        One transaction: whoever is killed, a point is recorded exactly once. A metric name or step that cannot be
        stored raises `ValueError` or `OverflowError`, and nothing of the batch is written.
        """
        with self.transaction():
            self.add_points(trial, attempt_n, points)
            crash_point("ingest.rows")
            if not self._update("attempts", "token", token, {"offset": offset, "sequence": sequence}):
                raise NotFound(f"there is no attempt {token}")
            crash_point("ingest.offset")

    def add_points(self, trial: int, attempt_n: int, points: Iterable[Point]) -> None:
        """Points alone, as an import has them. The last one of a step wins."""
        with self.transaction():
            highest = metric_points.write_points(self._conn, self._metric_ids, trial, attempt_n, points)
            if highest is not None:
                self._conn.execute(
                    f"UPDATE trials SET last_step = max(coalesce(last_step, ?1), ?1), changed = {_NEXT_CHANGE} "  # noqa: S608
                    "WHERE number = ?2",
                    (highest, trial),
                )

    def cut_points(self, trial: int, after_step: int | None) -> None:
        """Forget a trial's points beyond a step (None: all), before an attempt writes them again."""
        with self.transaction():
            last = metric_points.cut(self._conn, trial, after_step)
            self._conn.execute("UPDATE trials SET last_step = ? WHERE number = ?", (last, trial))
            self._touch(trial)

    def drop_metric(self, trial: int, metric: str) -> None:
        """Forget what a trial said of one metric: a better source says it now."""
        with self.transaction():
            metric_points.drop(self._conn, trial, metric)
            self._touch(trial)


def _build(path: Path, study_json: Mapping[str, Any], name: str) -> None:
    """Fill a new, empty file: tables, and the study's first revision."""
    conn = connect(path)
    try:
        conn.execute("PRAGMA synchronous = FULL")
        tables = Database(conn, execute_plugins=False)
        schema.migrations.apply(tables)
        document = cells.dump(dict(study_json))
        with tables.atomic():  # nobody else knows this file yet
            identity = str(uuid.uuid4())
            tables["study"].insert(
                {
                    "id": 1,
                    "name": cells.text(name),
                    "state": StudyState.NEW.value,
                    "uuid": identity,
                    "created": time.time(),
                    "spec_json": document,
                    "revision": 1,
                }
            )
            _add_revision(tables, 1, document, "created")
            tables["meta"].insert_all([{"key": "clean", "value": "1"}, {"key": "uuid", "value": identity}])
        conn.execute("PRAGMA journal_mode = WAL")
    finally:
        conn.close()


def _add_revision(tables: Database, rev: int, document: str, why: str) -> None:
    tables["revisions"].insert({"rev": rev, "at": time.time(), "spec_json": document, "why": cells.text(why)})


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"unknown-{uuid.uuid4()}"  # never equal to a stored one: then the file is checked
