"""The writing side of `study.db`. Readers use `reader`, which does not need sqlite-utils.

Every change is one transaction. Changes of state are durable: on the disk when the call returns. A power failure may
lose points and samples, a kill may not; since an attempt's offset is committed with its points, lost points are read
again from its events."""

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

from hptui.core.errors import HptuiError, MachineError, NotFound, UserError
from hptui.core.trial import Attempt, StudyState, Trial
from hptui.store import metric_points, records, schema
from hptui.store.crash_points import crash_point
from hptui.store.filesystem import DiskFull, check_format, translate_error
from hptui.store.metric_points import MetricPoint
from hptui.store.paths import StudyDir
from hptui.store.run_directory import sync_directory
from hptui.store.schema import Database
from hptui.store.transactions import BUSY_MS, WritableConnection, connect_writable


class RecordWriter(WritableConnection):
    """The tables of a store that get rows one by one and are independent of trials and points."""

    def add_command(self, verb: str, args: Mapping[str, Any]) -> int:
        """Add a command for the runner; return its id."""
        with self.transaction(durable=True):
            cursor = self._conn.execute(
                "INSERT INTO commands(at, verb, args_json) VALUES (?, ?, ?)",
                (time.time(), records.storable_text(verb), records.dump_json(dict(args))),
            )
        return int(cursor.lastrowid or 0)

    def finish_command(self, id: int, ok: bool, result: str) -> None:
        """Record the result of a command, within the transaction that carries it out."""
        with self.transaction(durable=True):
            self._conn.execute(
                "UPDATE commands SET done = ?, ok = ?, result = ? WHERE id = ?",
                (time.time(), ok, records.storable_text(result), id),
            )

    def add_event(self, level: str, kind: str, message: str, trial: int | None = None) -> None:
        """Record an event. `level` is info, warning or error."""
        with self.transaction():
            self._conn.execute(
                "INSERT INTO events(at, level, trial, kind, message) VALUES (?, ?, ?, ?, ?)",
                (time.time(), level, trial, kind, records.storable_text(message)),
            )

    def add_sample(self, sample: records.Sample) -> None:
        """Record the resource usage of an attempt at a moment."""
        with self.transaction():
            self._conn.execute(
                "INSERT OR REPLACE INTO samples(token, at, gpu_gb, rss_gb, util, cpu) VALUES (?, ?, ?, ?, ?, ?)",
                (sample.token, sample.at, sample.gpu_gb, sample.rss_gb, sample.util, sample.cpu),
            )

    def add_checkpoint(self, trial: int, step: int, attempt: int, path: str, bytes: int) -> None:
        """Record a checkpoint that a worker announced."""
        with self.transaction():
            self._conn.execute(
                "INSERT OR REPLACE INTO checkpoints(trial, step, attempt, path, bytes, at) VALUES (?, ?, ?, ?, ?, ?)",
                (trial, step, attempt, records.storable_text(path), bytes, time.time()),
            )

    def delete_checkpoint(self, trial: int, step: int) -> None:
        """Delete the record of a checkpoint that is missing or incomplete."""
        with self.transaction():
            self._conn.execute("DELETE FROM checkpoints WHERE trial = ? AND step = ?", (trial, step))

    def add_artifact(self, trial: int, attempt: int, path: str, label: str = "") -> None:
        """Record a file that a trial left."""
        with self.transaction():
            self._conn.execute(
                "INSERT OR REPLACE INTO artifacts(trial, path, attempt, label, at) VALUES (?, ?, ?, ?, ?)",
                (trial, records.storable_text(path), attempt, records.storable_text(label), time.time()),
            )


__all__ = ["DiskFull", "Store"]

_NEXT_CHANGE = "(SELECT coalesce(max(changed), 0) + 1 FROM trials)"
_UPDATABLE_TRIAL = tuple(name for name in records.TRIAL_FIELDS if name != "number")
_UPDATABLE_ATTEMPT = tuple(name for name in records.ATTEMPT_FIELDS if name not in ("token", "trial", "n"))


class Store(RecordWriter):
    """A study's store, opened for writing, by one thread. A context manager.

    Each method joins the transaction around it, or is one of its own. Failures are MachineError; after a DiskFull the
    store is as it was before the transaction.
    """

    def __init__(self, path: Path, conn: sqlite3.Connection, *, exclusive: bool) -> None:
        super().__init__(path, conn)
        self._tables = Database(conn, execute_plugins=False)
        self._exclusive = exclusive

    # opening and closing --------------------------------------------------------------------------------------

    @classmethod
    def create(cls, sd: StudyDir, study_json: Mapping[str, Any], name: str) -> Store:
        """Create a new study. The caller holds `study.lock`.

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
        return cls.open(sd)

    @classmethod
    def open(cls, sd: StudyDir, *, exclusive: bool = True) -> Store:
        """Open an existing study.

        With `exclusive` the caller holds `study.lock`, and the store is checked and migrated. Without it only commands
        may be written (`add_command`), and an older format is refused.

        Raises: NotFound, MachineError.
        """
        if not sd.db.is_file():
            raise NotFound(f"there is no study {sd.name!r} in {sd.root.parent}")
        try:
            conn = connect_writable(sd.db)
        except sqlite3.Error as error:
            raise translate_error(error, sd.db) from error
        store = cls(sd.db, conn, exclusive=exclusive)
        try:
            version = check_format(conn, sd.db)
            if exclusive:
                store._take_over(version)
            elif version < records.SCHEMA_VERSION:
                raise MachineError(f"{sd.db} has an older format", hint=f"`hptui run {sd.name}` brings it up to date")
        except BaseException as error:  # whatever it is, the connection must not leak
            conn.close()
            if isinstance(error, sqlite3.Error):
                raise translate_error(error, sd.db) from error
            raise
        return store

    def close(self) -> None:
        """Merge the write-ahead log into the file and close it."""
        if self._exclusive:
            with suppress(HptuiError):  # a full disk must not prevent closing
                self.set_meta("clean", "1")
                self.checkpoint_wal()
        self._conn.close()

    def checkpoint_wal(self) -> None:
        """Merge the write-ahead log into the file and empty it, unless a reader prevents it."""
        self._rows("PRAGMA busy_timeout = 50")  # ms: a reader suspended in mid-read must not block the runner
        try:
            self._rows("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._rows(f"PRAGMA busy_timeout = {BUSY_MS}")

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_over(self, version: int) -> None:
        """Check what a power failure may have damaged, migrate the tables, and record that a writer is active."""
        boot = _current_boot_id()
        if self.get_meta("clean") != "1" and self.get_meta("boot_id") != boot:
            problems = [row[0] for row in self._rows("PRAGMA quick_check(5)")]
            if problems != ["ok"]:
                raise MachineError(
                    f"{self.path} is damaged: {problems[0]}",
                    hint="`sqlite3 study.db .recover` saves what can be read",
                )
        if schema.migrations.pending(self._tables):
            self.backup(self.path.with_name(f"{self.path.name}.v{version}.bak"))
            schema.migrations.apply(self._tables)
        self._conn.execute("PRAGMA journal_mode = WAL")
        # Only the holder of study.lock checkpoints. SQLite does so every 16 MiB, if `checkpoint_wal` is not called.
        self._conn.execute("PRAGMA wal_autocheckpoint = 4096")
        with self.transaction():
            self.set_meta("clean", "0")
            self.set_meta("boot_id", boot)
            self.set_meta("sqlite", sqlite3.sqlite_version)

    # the study ------------------------------------------------------------------------------------------------

    def study_row(self) -> dict[str, Any]:
        """Return the study as a dictionary with the fields of `StudyRow`."""
        study = self.study()
        return {name: getattr(study, name) for name in records.StudyRow.__dataclass_fields__}

    def set_state(self, state: StudyState, message: str = "", ended: float | None = None) -> None:
        """Record what the study does now, and why.

        The time of its first start is recorded with it, and that of its end (`ended`, else now).
        """
        now = time.time()
        ended = (ended or now) if state in (StudyState.DONE, StudyState.STOPPED) else None
        first_start = now if state is StudyState.RUNNING else None
        with self.transaction(durable=True):
            self._conn.execute(
                "UPDATE study SET state = ?, message = ?, started = coalesce(started, ?), ended = ?",
                (state, records.storable_text(message), first_start, ended),
            )

    def set_spec(self, spec_json: Mapping[str, Any], why: str) -> int:
        """Add a revision of the specification; return its number."""
        document = records.dump_json(dict(spec_json))
        with self.transaction(durable=True):
            rev = int(self._row("SELECT max(rev) + 1 FROM revisions")[0])
            _add_revision(self._tables, rev, document, why)
            self._conn.execute("UPDATE study SET spec_json = ?, revision = ?", (document, rev))
        return rev

    def set_meta(self, key: str, value: str) -> None:
        """Set a value of the `meta` table."""
        with self.transaction():
            self._conn.execute(
                "INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)", (key, records.storable_text(value))
            )

    def add_seconds(self, seconds: float) -> None:
        """Add to the time for which the study was active."""
        with self.transaction():
            self._conn.execute("UPDATE study SET seconds = seconds + ?", (seconds,))

    # trials and attempts --------------------------------------------------------------------------------------

    def next_number(self) -> int:
        """Return the number of the next trial. Trials are never deleted."""
        return int(self._row("SELECT coalesce(max(number), -1) + 1 FROM trials")[0])

    def insert_trial(self, trial: Trial) -> None:
        """Insert a trial with its rejections. `metrics` and `attempts` are rows of other tables."""
        with self.transaction(durable=True):
            change = self._row(f"SELECT {_NEXT_CHANGE}")[0]
            self._tables["trials"].insert({**records.trial_to_row(trial), "changed": change})
            for seq, rejection in enumerate(trial.rejections):
                margin, odd = records.split_nonfinite_number(rejection.margin)
                self._conn.execute(
                    "INSERT INTO rejections(trial, seq, params_json, why, margin, margin_odd) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        trial.number,
                        seq,
                        records.dump_json(dict(rejection.params)),
                        records.storable_text(rejection.why),
                        margin,
                        odd,
                    ),
                )

    def update_trial(self, number: int, **fields: Any) -> None:
        """Change fields of a trial. Durable if `status` is among them.

        Raises: NotFound.
        """
        changed = records.to_columns(fields, _UPDATABLE_TRIAL)
        with self.transaction(durable="status" in fields):
            if not self._update("trials", "number", number, changed, f"changed = {_NEXT_CHANGE}"):
                raise NotFound(f"there is no trial {number}")

    def insert_attempt(self, attempt: Attempt) -> None:
        """Insert an attempt of an existing trial."""
        with self.transaction(durable=True):
            self._tables["attempts"].insert(records.attempt_to_row(attempt))
            self._mark_changed(attempt.trial)

    def update_attempt(self, token: str, **fields: Any) -> None:
        """Change fields of an attempt. Durable if `state` is among them.

        Raises: NotFound.
        """
        changed = records.to_columns(fields, _UPDATABLE_ATTEMPT)
        with self.transaction(durable="state" in fields):
            if not self._update("attempts", "token", token, changed):
                raise NotFound(f"there is no attempt {token}")
            if not fields.keys().isdisjoint(("peak_gpu_gb", "peak_rss_gb", "state")):
                self._conn.execute(
                    f"UPDATE trials SET changed = {_NEXT_CHANGE} "  # noqa: S608 (all parts are ours)
                    "WHERE number = (SELECT trial FROM attempts WHERE token = ?)",
                    (token,),
                )

    def _update(self, table: str, key: str, value: object, changes: Mapping[str, Any], *extra: str) -> bool:
        assignments = ", ".join([*(f"{column} = ?" for column in changes), *extra]) or f"{key} = {key}"
        sql = f"UPDATE {table} SET {assignments} WHERE {key} = ?"  # noqa: S608 (columns are fields of our dataclasses)
        return self._conn.execute(sql, (*changes.values(), value)).rowcount == 1

    def _mark_changed(self, number: int) -> None:
        self._conn.execute(f"UPDATE trials SET changed = {_NEXT_CHANGE} WHERE number = ?", (number,))  # noqa: S608

    # metrics --------------------------------------------------------------------------------------------------

    def ingest(
        self, token: str, trial: int, attempt_n: int, points: Iterable[MetricPoint], *, offset: int, sequence: int
    ) -> None:
        """Record points (metric, step, value, odd, seconds) of an attempt, and how far its events were read.

        One transaction, so that each point is recorded exactly once whichever process is killed. If it raises, nothing
        of the batch is written.

        Raises: ValueError or OverflowError for a name of a metric, or a step, that cannot be stored; NotFound.
        """
        with self.transaction():
            self.add_points(trial, attempt_n, points)
            crash_point("ingest.rows")
            if not self._update("attempts", "token", token, {"offset": offset, "sequence": sequence}):
                raise NotFound(f"there is no attempt {token}")
            crash_point("ingest.offset")

    def add_points(self, trial: int, attempt_n: int, points: Iterable[MetricPoint]) -> None:
        """Record points that no attempt's events hold, as an import does. The last one of a step wins."""
        with self.transaction():
            highest = metric_points.write_points(self._conn, self._metric_ids, trial, attempt_n, points)
            if highest is not None:
                self._conn.execute(
                    f"UPDATE trials SET last_step = max(coalesce(last_step, ?1), ?1), changed = {_NEXT_CHANGE} "  # noqa: S608
                    "WHERE number = ?2",
                    (highest, trial),
                )

    def delete_points_after(self, trial: int, after_step: int | None) -> None:
        """Delete a trial's points beyond a step (None: all), before an attempt repeats those steps."""
        with self.transaction():
            last = metric_points.delete_points_after(self._conn, trial, after_step)
            self._conn.execute("UPDATE trials SET last_step = ? WHERE number = ?", (last, trial))
            self._mark_changed(trial)

    def delete_metric(self, trial: int, metric: str) -> None:
        """Delete all points of one metric of a trial, because a better source reports it."""
        with self.transaction():
            metric_points.delete_metric_points(self._conn, trial, metric)
            self._mark_changed(trial)


def _build(path: Path, study_json: Mapping[str, Any], name: str) -> None:
    """Create the tables in a new, empty file, and insert the study with its first revision."""
    conn = connect_writable(path)
    try:
        conn.execute("PRAGMA synchronous = FULL")
        tables = Database(conn, execute_plugins=False)
        schema.migrations.apply(tables)
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
            _add_revision(tables, 1, document, "created")
            tables["meta"].insert_all([{"key": "clean", "value": "1"}, {"key": "uuid", "value": identity}])
        conn.execute("PRAGMA journal_mode = WAL")
    finally:
        conn.close()


def _add_revision(tables: Database, rev: int, document: str, why: str) -> None:
    tables["revisions"].insert(
        {"rev": rev, "at": time.time(), "spec_json": document, "why": records.storable_text(why)}
    )


def _current_boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"unknown-{uuid.uuid4()}"  # unlike any stored one, so that the file is checked
