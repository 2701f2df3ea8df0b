"""A connection to a store for reading: `sqlite3` with read transactions. Standard library only."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hptui.store.filesystem import translate_error


class Connection:
    """An open store. For one thread at a time."""

    _conn: sqlite3.Connection
    path: Path

    def data_version(self) -> int:
        """Return a number that changes after a write by another connection. Takes microseconds."""
        row = self._row("PRAGMA data_version")
        assert row is not None
        return int(row[0])

    def backup(self, path: Path) -> None:
        """Write a consistent copy to one file, with mode 0600; `path` is replaced atomically."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
            target = sqlite3.connect(temporary, isolation_level=None)
            try:
                # All pages at once: a copy in parts starts over whenever another process writes. No writer is blocked.
                self._conn.backup(target, pages=-1)
                target.execute("PRAGMA journal_mode = DELETE")  # readable from a read-only disk, without -wal and -shm
            finally:
                target.close()
            os.replace(temporary, path)
        except (OSError, sqlite3.Error) as error:
            raise translate_error(error, path) from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Open a read transaction: queries inside see the store at one moment. Keep it short."""
        if self._conn.in_transaction:
            yield
            return
        self._rows("BEGIN")
        try:
            yield
        finally:
            if self._conn.in_transaction:
                self._rows("ROLLBACK")

    def _rows(self, sql: str, args: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        try:
            return self._conn.execute(sql, args).fetchall()
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error

    def _row(self, sql: str, args: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
        rows = self._rows(sql, args)
        return rows[0] if rows else None
