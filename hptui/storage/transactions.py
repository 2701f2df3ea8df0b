"""Transactions of the one writer: all or nothing, on the disk when it matters, joined when nested.

Every one starts with `BEGIN IMMEDIATE`: a deferred one fails at once, whatever the timeout, when another process wrote
between its first question and its first change.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hptui.model.errors import MachineError
from hptui.storage.crashpoints import crash_point
from hptui.storage.faults import explain
from hptui.storage.queries import Queries

BUSY_MS = 30_000
"""How long to wait for another process that is writing."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection for writing to a file that exists."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    conn = sqlite3.connect(uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None)
    try:
        for pragma in (
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "mmap_size = 0",
            "synchronous = NORMAL",
            "wal_autocheckpoint = 0",
        ):
            conn.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        conn.close()
        raise
    return conn


class Transactions(Queries):
    """A connection that writes. `_metric_ids` is what it remembers of the file: forgotten whenever it rolls back."""

    def __init__(self, path: Path, conn: sqlite3.Connection) -> None:
        self.path = path
        self._conn = conn
        self._metric_ids: dict[str, int] = {}
        self._depth = 0
        self._synchronous = False
        self._sync_after = False

    @contextmanager
    def transaction(self, durable: bool = False) -> Iterator[None]:
        """All or nothing. Inside another one: a part of it, undone alone when an error leaves the block.

        With `durable` it is on the disk when the block, or the transaction around it, has ended. SQLite's errors
        leave as `MachineError`, `DiskFull` among them; the store is then as it was before.
        """
        if self._depth:
            with self._part(durable):
                yield
            return
        self._begin(durable)
        try:
            yield
            if durable:
                crash_point("durable.before")
            self._conn.execute("COMMIT")
        except BaseException as error:
            self._undo()
            if isinstance(error, sqlite3.Error):
                raise explain(error, self.path) from error
            raise
        finally:
            self._depth = 0
        if durable:
            crash_point("durable.after")
        if self._sync_after:
            self._sync()

    def _begin(self, durable: bool) -> None:
        try:
            if self._synchronous != durable:  # cannot be changed inside a transaction
                self._conn.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._synchronous = durable
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise explain(error, self.path) from error
        self._depth = 1
        self._sync_after = False

    @contextmanager
    def _part(self, durable: bool) -> Iterator[None]:
        if not self._conn.in_transaction:  # a full disk ends the whole transaction by itself
            raise MachineError(f"{self.path}: the transaction around this was rolled back")
        mark = f"part_{self._depth}"
        self._depth += 1
        try:
            self._conn.execute(f"SAVEPOINT {mark}")
            yield
            self._conn.execute(f"RELEASE {mark}")
        except BaseException as error:
            self._metric_ids.clear()
            if self._conn.in_transaction:
                self._conn.execute(f"ROLLBACK TO {mark}")
                self._conn.execute(f"RELEASE {mark}")
            if isinstance(error, sqlite3.Error):
                raise explain(error, self.path) from error
            raise
        finally:
            self._depth -= 1
        self._sync_after |= durable and not self._synchronous

    def _undo(self) -> None:
        self._metric_ids.clear()
        if self._conn.in_transaction:
            self._conn.execute("ROLLBACK")

    def _sync(self) -> None:
        """A synchronous commit takes all that were committed before it along."""
        with self.transaction(durable=True):
            self._conn.execute("UPDATE study SET id = id")
