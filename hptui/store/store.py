"""The writing side of `study.db`. Readers use `reader`.

Every change is one transaction. Changes of state are durable: on the disk when the call returns. A power failure may
lose points and samples, a kill may not; since an attempt's offset is committed with its points, lost points are read
again from its events."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from types import TracebackType
from typing import Any

from hptui.core.errors import HptuiError, MachineError, NotFound
from hptui.core.rungs import RungResult
from hptui.core.trial import Attempt, StudyState, Trial
from hptui.store import metric_points, records, rungs, schema
from hptui.store.connection import WRITER_TIMEOUT_S, Connection
from hptui.store.crash_points import crash_point
from hptui.store.filesystem import DiskFull, translate_error
from hptui.store.metric_points import MetricPoint
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import EventKind, MetaKey

__all__ = ["DiskFull", "Store"]

_NEXT_CHANGE = "(SELECT coalesce(max(changed), 0) + 1 FROM trials)"
_UPDATABLE_TRIAL = tuple(name for name in records.TRIAL_FIELDS if name != "number")
_UPDATABLE_ATTEMPT = tuple(name for name in records.ATTEMPT_FIELDS if name not in ("token", "trial", "n"))


class Store:
    """A study's store, opened for writing, by one thread. A context manager.

    Its methods write; `read` answers questions on the same connection, so that a question inside a transaction sees
    what the transaction wrote. Each method joins the transaction around it, or is one of its own. Failures are
    MachineError; after a DiskFull the store is as it was before the transaction.
    """

    def __init__(self, connection: Connection, *, exclusive: bool) -> None:
        self.connection = connection
        self.read = StoreReader(connection)
        self._exclusive = exclusive

    # opening and closing --------------------------------------------------------------------------------------

    @classmethod
    def create(cls, sd: StudyDir, study_json: Mapping[str, Any], name: str) -> Store:
        """Create a new study. The caller holds `study.lock`.

        Raises: UserError if the study exists.
        """
        schema.create_store(sd, study_json, name)
        return cls.open(sd)

    @classmethod
    def open(cls, sd: StudyDir, *, exclusive: bool = True) -> Store:
        """Open an existing study.

        With `exclusive` the caller holds `study.lock`, and the store is checked and migrated. Without it only commands
        may be written (`add_command`), and an older format is refused.

        Raises: NotFound, MachineError.
        """
        sd.require_store()
        connection = Connection.writable(sd.db)
        try:
            if exclusive:
                schema.take_over(connection)
            elif connection.format < records.SCHEMA_VERSION:
                raise MachineError(f"{sd.db} has an older format", hint=f"`hptui run {sd.name}` brings it up to date")
            return cls(connection, exclusive=exclusive)
        except BaseException as error:  # whatever it is, the connection must not leak
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise translate_error(error, sd.db) from error
            raise

    def close(self) -> None:
        """Merge the write-ahead log into the file and close it."""
        if self._exclusive:
            with suppress(HptuiError):  # a full disk must not prevent closing
                self.set_meta(MetaKey.CLEAN, "1")
                self.checkpoint_wal()
        self.connection.close()

    def checkpoint_wal(self) -> None:
        """Merge the write-ahead log into the file and empty it, unless a reader prevents it."""
        # 50 ms: a reader suspended in mid-read must not block the runner.
        self.connection.rows("PRAGMA busy_timeout = 50")
        try:
            self.connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.connection.rows(f"PRAGMA busy_timeout = {round(WRITER_TIMEOUT_S * 1000)}")

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def transaction(self, durable: bool = False) -> AbstractContextManager[None]:
        """Open a transaction of the connection: all that is written in its block is committed together."""
        return self.connection.transaction(durable)

    # the study ------------------------------------------------------------------------------------------------

    def set_state(self, state: StudyState, message: str = "", ended: float | None = None) -> None:
        """Record what the study does now, and why.

        The time of its first start is recorded with it, and that of its end (`ended`, else now).
        """
        now = time.time()
        ended = (ended or now) if state in (StudyState.DONE, StudyState.STOPPED) else None
        first_start = now if state is StudyState.RUNNING else None
        with self.transaction(durable=True):
            self.connection.execute(
                "UPDATE study SET state = ?, message = ?, started = coalesce(started, ?), ended = ?",
                (state, records.storable_text(message), first_start, ended),
            )

    def set_spec(self, spec_json: Mapping[str, Any], why: str) -> int:
        """Add a revision of the specification; return its number."""
        document = records.dump_json(dict(spec_json))
        with self.transaction(durable=True):
            rev = int(self.connection.row("SELECT max(rev) + 1 FROM revisions")[0])
            self.connection.insert("revisions", schema.revision(rev, document, why))
            self.connection.execute("UPDATE study SET spec_json = ?, revision = ?", (document, rev))
        return rev

    def set_meta(self, key: MetaKey, value: str) -> None:
        """Set a value of the `meta` table."""
        with self.transaction():
            schema.write_meta(self.connection, key, value)

    def add_seconds(self, seconds: float) -> None:
        """Add to the time for which the study was active."""
        with self.transaction():
            self.connection.execute("UPDATE study SET seconds = seconds + ?", (seconds,))

    # commands, events, files ----------------------------------------------------------------------------------

    def add_command(self, verb: str, args: Mapping[str, Any]) -> int:
        """Add a command for the runner; return its id."""
        with self.transaction(durable=True):
            cursor = self.connection.execute(
                "INSERT INTO commands(at, verb, args_json) VALUES (?, ?, ?)",
                (time.time(), records.storable_text(verb), records.dump_json(dict(args))),
            )
        return int(cursor.lastrowid or 0)

    def finish_command(self, id: int, ok: bool, result: str) -> None:
        """Record the result of a command, within the transaction that carries it out."""
        with self.transaction(durable=True):
            self.connection.execute(
                "UPDATE commands SET done = ?, ok = ?, result = ? WHERE id = ?",
                (time.time(), ok, records.storable_text(result), id),
            )

    def add_event(self, level: str, kind: EventKind, message: str, trial: int | None = None) -> None:
        """Record an event. `level` is info, warning or error."""
        with self.transaction():
            self.connection.execute(
                "INSERT INTO events(at, level, trial, kind, message) VALUES (?, ?, ?, ?, ?)",
                (time.time(), level, trial, kind, records.storable_text(message)),
            )

    def add_sample(self, sample: records.Sample) -> None:
        """Record the resource usage of an attempt at a moment."""
        with self.transaction():
            self.connection.execute(
                "INSERT OR REPLACE INTO samples(token, at, gpu_gb, rss_gb, util, cpu, watts, mhz) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*(sample.token, sample.at), *(getattr(sample, name) for name in records.SAMPLE_FIELDS)),
            )

    def add_checkpoint(self, trial: int, step: int, attempt: int, path: str, bytes: int) -> None:
        """Record a checkpoint that a worker announced."""
        with self.transaction():
            self.connection.execute(
                "INSERT OR REPLACE INTO checkpoints(trial, step, attempt, path, bytes, at) VALUES (?, ?, ?, ?, ?, ?)",
                (trial, step, attempt, records.storable_text(path), bytes, time.time()),
            )

    def delete_checkpoint(self, trial: int, step: int) -> None:
        """Delete the record of a checkpoint that is missing or incomplete."""
        with self.transaction():
            self.connection.execute("DELETE FROM checkpoints WHERE trial = ? AND step = ?", (trial, step))

    def add_artifact(self, trial: int, attempt: int, path: str, label: str = "") -> None:
        """Record a file that a trial left."""
        with self.transaction():
            self.connection.execute(
                "INSERT OR REPLACE INTO artifacts(trial, path, attempt, label, at) VALUES (?, ?, ?, ?, ?)",
                (trial, records.storable_text(path), attempt, records.storable_text(label), time.time()),
            )

    # trials and attempts --------------------------------------------------------------------------------------

    def insert_trial(self, trial: Trial) -> None:
        """Insert a trial with its rejections. `metrics` and `attempts` are rows of other tables."""
        with self.transaction(durable=True):
            change = self.connection.row(f"SELECT {_NEXT_CHANGE}")[0]
            self.connection.insert("trials", {**records.trial_to_row(trial), "changed": change})
            for seq, rejection in enumerate(trial.rejections):
                margin, odd = records.split_nonfinite_number(rejection.margin)
                self.connection.execute(
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
            self.connection.insert("attempts", records.attempt_to_row(attempt))
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
                self.connection.execute(
                    f"UPDATE trials SET changed = {_NEXT_CHANGE} "  # noqa: S608 (all parts are ours)
                    "WHERE number = (SELECT trial FROM attempts WHERE token = ?)",
                    (token,),
                )

    def _update(self, table: str, key: str, value: object, changes: Mapping[str, Any], *extra: str) -> bool:
        assignments = ", ".join([*(f"{column} = ?" for column in changes), *extra]) or f"{key} = {key}"
        sql = f"UPDATE {table} SET {assignments} WHERE {key} = ?"  # noqa: S608 (columns are fields of our dataclasses)
        return self.connection.execute(sql, (*changes.values(), value)).rowcount == 1

    def _mark_changed(self, number: int) -> None:
        self.connection.execute(f"UPDATE trials SET changed = {_NEXT_CHANGE} WHERE number = ?", (number,))  # noqa: S608

    # rungs ----------------------------------------------------------------------------------------------------

    def add_rung(self, result: RungResult) -> None:
        """Record that a trial paused at a rung. A repeated pause there changes nothing."""
        with self.transaction():
            rungs.write(self.connection, result)
            self._mark_changed(result.trial)

    def add_seen_rungs(self, trial: int, seen: Iterable[tuple[int, int]]) -> None:
        """Record on which values at rungs, as (trial, rung), the proposal of a trial rested."""
        with self.transaction():
            rungs.write_seen(self.connection, trial, seen)

    def promote(self, trial: int, by: str) -> None:
        """Record that a trial goes on from the highest rung that it paused at."""
        with self.transaction():
            rungs.promote(self.connection, trial, by)
            self._mark_changed(trial)

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
            highest = metric_points.write_points(self.connection, trial, attempt_n, points)
            if highest is not None:
                self.connection.execute(
                    f"UPDATE trials SET last_step = max(coalesce(last_step, ?1), ?1), changed = {_NEXT_CHANGE} "  # noqa: S608
                    "WHERE number = ?2",
                    (highest, trial),
                )

    def delete_points_after(self, trial: int, after_step: int | None) -> None:
        """Delete a trial's points beyond a step (None: all), before an attempt repeats those steps."""
        with self.transaction():
            last = metric_points.delete_points_after(self.connection, trial, after_step)
            self.connection.execute("UPDATE trials SET last_step = ? WHERE number = ?", (last, trial))
            self._mark_changed(trial)

    def delete_metric(self, trial: int, metric: str, attempt: int) -> None:
        """Delete an attempt's points of one metric of a trial, because a better source reports it."""
        with self.transaction():
            metric_points.delete_metric_points(self.connection, trial, metric, attempt)
            self._mark_changed(trial)
