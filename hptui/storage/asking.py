"""How a store is asked: over a plain `sqlite3` connection, in snapshots of one moment. Standard library only."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hptui.storage.faults import explain


class Asking:
    """An open store. For one thread at a time."""

    _conn: sqlite3.Connection
    path: Path

    def data_version(self) -> int:
        """A number that changes when another connection has written. Costs microseconds."""
        row = self._one("PRAGMA data_version")
        assert row is not None
        return int(row[0])

    def backup(self, path: Path) -> None:
        """A consistent copy in one file, readable by its owner only; written beside and renamed."""
        beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
            target = sqlite3.connect(beside, isolation_level=None)
            try:
                # In one go: a copy in parts starts over whenever another process writes, and a reader blocks nobody.
                self._conn.backup(target, pages=-1)
                target.execute("PRAGMA journal_mode = DELETE")  # readable from a read-only disk, without -wal and -shm
            finally:
                target.close()
            os.replace(beside, path)
        except (OSError, sqlite3.Error) as error:
            raise explain(error, path) from error
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Questions asked inside see one moment. Keep it short."""
        if self._conn.in_transaction:
            yield
            return
        self._all("BEGIN")
        try:
            yield
        finally:
            if self._conn.in_transaction:
                self._all("ROLLBACK")

    def _all(self, sql: str, args: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        try:
            return self._conn.execute(sql, args).fetchall()
        except sqlite3.Error as error:
            raise explain(error, self.path) from error

    def _one(self, sql: str, args: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        found = self._all(sql, args)
        return found[0] if found else None
