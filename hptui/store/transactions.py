"""Transactions of the writer: all or nothing, durable where needed, nestable.

Each begins with `BEGIN IMMEDIATE`: a deferred one fails at once, whatever the timeout, if another process wrote between
its first read and its first write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hptui.core.errors import MachineError
from hptui.store.crash_points import crash_point
from hptui.store.filesystem import translate_error
from hptui.store.reader import StoreQueries

BUSY_MS = 30_000
"""Longest time to wait for another process that writes, in milliseconds."""


def connect_writable(path: Path) -> sqlite3.Connection:
    """Open a file that exists for writing.

    Raises: sqlite3.Error.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    conn = sqlite3.connect(uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None)
    try:
        for pragma in (
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "mmap_size = 0",
            "synchronous = NORMAL",  # a kill loses nothing in WAL mode; `transaction` sets FULL against power failures
            "wal_autocheckpoint = 0",  # only the holder of study.lock checkpoints
        ):
            conn.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        conn.close()
        raise
    return conn


class WritableConnection(StoreQueries):
    """A connection that writes.

    `_metric_ids` caches ids of metrics, and must be cleared by every rollback: the ids may not exist any more.
    """

    def __init__(self, path: Path, conn: sqlite3.Connection) -> None:
        self.path = path
        self._conn = conn
        self._metric_ids: dict[str, int] = {}
        self._depth = 0
        self._synchronous = False
        self._sync_after = False

    @contextmanager
    def transaction(self, durable: bool = False) -> Iterator[None]:
        """Open a transaction; inside another one, a part of it that is undone alone if its block raises.

        With `durable` it is on the disk when the block, or the outermost transaction around it, has ended.

        Raises: MachineError, or DiskFull, for errors of SQLite; the store is then as it was before.
        """
        if self._depth:
            with self._nested(durable):
                yield
            return
        self._begin(durable)
        try:
            yield
            if durable:
                crash_point("durable.before")
            self._conn.execute("COMMIT")
        except BaseException as error:  # also KeyboardInterrupt: no transaction may stay open
            self._rollback()
            if isinstance(error, sqlite3.Error):
                raise translate_error(error, self.path) from error
            raise
        finally:
            self._depth = 0
        if durable:
            crash_point("durable.after")
        if self._sync_after:
            self._sync()

    def _begin(self, durable: bool) -> None:
        try:
            if self._synchronous != durable:  # SQLite refuses the change inside a transaction
                self._conn.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._synchronous = durable
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error
        self._depth = 1
        self._sync_after = False

    @contextmanager
    def _nested(self, durable: bool) -> Iterator[None]:
        if not self._conn.in_transaction:  # SQLite rolls back the whole transaction by itself when the disk is full
            raise MachineError(f"{self.path}: the transaction around this was rolled back")
        savepoint = f"part_{self._depth}"
        self._depth += 1
        try:
            self._conn.execute(f"SAVEPOINT {savepoint}")
            yield
            self._conn.execute(f"RELEASE {savepoint}")
        except BaseException as error:
            self._metric_ids.clear()
            if self._conn.in_transaction:
                self._conn.execute(f"ROLLBACK TO {savepoint}")
                self._conn.execute(f"RELEASE {savepoint}")
            if isinstance(error, sqlite3.Error):
                raise translate_error(error, self.path) from error
            raise
        finally:
            self._depth -= 1
        self._sync_after |= durable and not self._synchronous

    def _rollback(self) -> None:
        self._metric_ids.clear()
        if self._conn.in_transaction:
            self._conn.execute("ROLLBACK")

    def _sync(self) -> None:
        """Commit with sync, which also makes all earlier commits durable."""
        with self.transaction(durable=True):
            self._conn.execute("UPDATE study SET id = id")
