"""A connection to a store: the `sqlite3` handle, its errors, and its transactions. Standard library only.

Write transactions are all or nothing, durable where needed, and nest. Each begins with `BEGIN IMMEDIATE`: a deferred
one fails at once, whatever the timeout, if another process wrote between its first read and its first write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hptui.core.errors import MachineError
from hptui.store.crash_points import crash_point
from hptui.store.damage import damaged
from hptui.store.filesystem import check_format, translate_error

READER_TIMEOUT_S = 5.0
"""Longest time for which a reader waits for another process, in seconds."""
WRITER_TIMEOUT_S = 30.0
"""Longest time for which a writer waits for another process that writes, in seconds."""

_READER_PRAGMAS = ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "query_only = ON")
_WRITER_PRAGMAS = (
    "foreign_keys = ON",
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "mmap_size = 0",
    "synchronous = NORMAL",  # a kill loses nothing in WAL mode; `transaction` sets FULL against power failures
    "wal_autocheckpoint = 0",  # only the holder of study.lock checkpoints
)

Arguments = Sequence[Any] | Mapping[str, Any]


class Connection:
    """An open store. For one thread at a time; one that only reads may move between threads.

    `format` is the format of its tables, and `frozen` tells that the file is on a read-only disk and was opened as
    immutable. `metric_ids` caches the ids of metrics by name; a rollback clears it, since the ids may be gone with it.
    `before_commit` is called before each commit, and prevents it by raising.
    """

    def __init__(self, path: Path, handle: sqlite3.Connection, *, frozen: bool = False) -> None:
        self.path = path
        self.handle = handle
        self.frozen = frozen
        self.format = check_format(handle, path)
        self.metric_ids: dict[str, int] = {}
        self.before_commit: Callable[[], None] = lambda: None
        self._depth = 0
        self._synchronous = False
        self._sync_after = False

    # opening and closing --------------------------------------------------------------------------------------

    @classmethod
    def read_only(cls, path: Path) -> Connection:
        """Open a store for reading.

        Raises: MachineError.
        """
        handle, frozen = _open_for_reading(path)
        return cls._checked(path, handle, frozen=frozen)

    @classmethod
    def writable(cls, path: Path) -> Connection:
        """Open a store that exists for writing.

        Raises: MachineError.
        """
        try:
            handle = open_for_writing(path)
        except sqlite3.Error as error:
            raise translate_error(error, path) from error
        return cls._checked(path, handle)

    @classmethod
    def _checked(cls, path: Path, handle: sqlite3.Connection, *, frozen: bool = False) -> Connection:
        try:
            return cls(path, handle, frozen=frozen)
        except MachineError:
            handle.close()
            raise

    def close(self) -> None:
        """Close the handle."""
        self.handle.close()

    # statements -----------------------------------------------------------------------------------------------

    def execute(self, sql: str, args: Arguments = ()) -> sqlite3.Cursor:
        """Run a statement.

        Raises: MachineError, or DiskFull, for errors of SQLite.
        """
        try:
            return self.handle.execute(sql, args)
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row of arguments."""
        try:
            self.handle.executemany(sql, rows)
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error

    def insert(self, table: str, row: Mapping[str, Any]) -> None:
        """Insert a row, given as column -> value."""
        self.execute(*insertion(table, row))

    def rows(self, sql: str, args: Arguments = ()) -> list[Any]:
        """Run a statement and return all its rows."""
        try:
            return self.handle.execute(sql, args).fetchall()
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error
        except UnicodeDecodeError as error:  # of a text that is part of the schema
            raise damaged(self.path, error) from error

    def row(self, sql: str, args: Arguments = ()) -> Any:
        """Run a statement and return its first row; None if there is none."""
        rows = self.rows(sql, args)
        return rows[0] if rows else None

    def data_version(self) -> int:
        """Return a number that changes after a write by another connection. Takes microseconds."""
        return int(self.row("PRAGMA data_version")[0])

    def backup(self, path: Path) -> None:
        """Write a consistent copy to one file, with mode 0600; `path` is replaced atomically."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
            target = sqlite3.connect(temporary, isolation_level=None)
            try:
                # All pages at once: a copy in parts starts over whenever another process writes. No writer is blocked.
                self.handle.backup(target, pages=-1)
                target.execute("PRAGMA journal_mode = DELETE")  # readable from a read-only disk, without -wal and -shm
            finally:
                target.close()
            os.replace(temporary, path)
        except (OSError, sqlite3.Error) as error:
            raise translate_error(error, path) from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    # transactions ---------------------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Open a read transaction: queries inside see the store at one moment. Keep it short."""
        if self.handle.in_transaction:
            yield
            return
        self.execute("BEGIN")
        try:
            yield
        finally:
            if self.handle.in_transaction:
                self.execute("ROLLBACK")

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
            self.before_commit()
            self.handle.execute("COMMIT")
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
        if self._synchronous != durable:  # SQLite refuses the change inside a transaction
            self.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._synchronous = durable
        self.execute("BEGIN IMMEDIATE")
        self._depth = 1
        self._sync_after = False

    @contextmanager
    def _nested(self, durable: bool) -> Iterator[None]:
        if not self.handle.in_transaction:  # SQLite rolls back the whole transaction by itself when the disk is full
            raise MachineError(f"{self.path}: the transaction around this was rolled back")
        savepoint = f"part_{self._depth}"
        self._depth += 1
        try:
            self.handle.execute(f"SAVEPOINT {savepoint}")
            yield
            self.handle.execute(f"RELEASE {savepoint}")
        except BaseException as error:
            self._rollback(savepoint)
            if isinstance(error, sqlite3.Error):
                raise translate_error(error, self.path) from error
            raise
        finally:
            self._depth -= 1
        self._sync_after |= durable and not self._synchronous

    def _rollback(self, savepoint: str = "") -> None:
        self.metric_ids.clear()
        if not self.handle.in_transaction:
            return
        if savepoint:
            self.handle.execute(f"ROLLBACK TO {savepoint}")
            self.handle.execute(f"RELEASE {savepoint}")
        else:
            self.handle.execute("ROLLBACK")

    def _sync(self) -> None:
        """Commit with sync, which also makes all earlier commits durable."""
        with self.transaction(durable=True):
            self.handle.execute("UPDATE study SET id = id")


def insertion(table: str, row: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that inserts a row, and its arguments. Names of tables and columns are our own."""
    return f"INSERT INTO {table}({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values())  # noqa: S608


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a file that exists for writing, whatever it holds.

    Raises: sqlite3.Error.
    """
    handle = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=WRITER_TIMEOUT_S, isolation_level=None
    )
    return _configured(handle, _WRITER_PRAGMAS)


def _open_for_reading(path: Path) -> tuple[sqlite3.Connection, bool]:
    """Open a store for reading; return its handle, and whether it was opened as immutable."""
    try:
        return _handle_for_reading(path, "mode=ro"), False
    except sqlite3.OperationalError as error:
        # WAL mode needs two files next to the store, which cannot be created on a read-only disk.
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise translate_error(error, path) from error
        if not os.access(path, os.R_OK):
            raise MachineError(f"{path} cannot be read: permission denied") from error
    except sqlite3.Error as error:
        raise translate_error(error, path) from error
    try:
        return _handle_for_reading(path, "immutable=1"), True
    except sqlite3.Error as error:
        raise translate_error(error, path) from error


def _handle_for_reading(path: Path, query: str) -> sqlite3.Connection:
    # Not bound to a thread: screens use a reader from one worker thread after the other.
    handle = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        timeout=READER_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    handle = _configured(handle, _READER_PRAGMAS)
    try:
        handle.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # opens the file: errors come here
    except sqlite3.Error:
        handle.close()
        raise
    return handle


def _configured(handle: sqlite3.Connection, pragmas: Iterable[str]) -> sqlite3.Connection:
    try:
        for pragma in pragmas:
            handle.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        handle.close()
        raise
    return handle
