"""The read-only store: front ends read a study with it while its runner writes.

Standard library only, so that front ends start fast. Strings are returned as they were stored: front ends sanitize
them.
"""

from __future__ import annotations

import os
import sqlite3
from types import TracebackType

from hptui.model.errors import MachineError, NotFound
from hptui.storage.cells import TRIAL_COLUMNS_OF_FORMAT_1
from hptui.storage.faults import check_format, translate_error
from hptui.storage.paths import StudyDir
from hptui.storage.queries import StoreQueries

_TIMEOUT_S = 5.0


class StoreReader(StoreQueries):
    """A study's store, opened for reading. A context manager; may move between threads, one at a time.

    On a read-only disk the file is opened as immutable, which `frozen` tells.

    Raises: NotFound, MachineError.
    """

    def __init__(self, sd: StudyDir) -> None:
        self.path = sd.db
        self.frozen = False
        if not sd.db.is_file():
            raise NotFound(f"there is no study {sd.name!r} in {sd.root.parent}")
        try:
            self._conn = self._connect("mode=ro")
        except sqlite3.OperationalError as error:
            # WAL mode needs two files next to the store, which cannot be created on a read-only disk.
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise translate_error(error, sd.db) from error
            if not os.access(sd.db, os.R_OK):
                raise MachineError(f"{sd.db} cannot be read: permission denied") from error
            self._conn = self._open_frozen()
        except sqlite3.Error as error:
            raise translate_error(error, sd.db) from error
        try:
            if check_format(self._conn, sd.db) < 2:
                self._trial_columns = TRIAL_COLUMNS_OF_FORMAT_1
        except MachineError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()

    def __enter__(self) -> StoreReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_frozen(self) -> sqlite3.Connection:
        self.frozen = True
        try:
            return self._connect("immutable=1")
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error

    def _connect(self, query: str) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?{query}"
        # Not bound to a thread: screens use a reader from one worker thread after the other.
        conn = sqlite3.connect(uri, uri=True, timeout=_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "query_only = ON"):
                conn.execute(f"PRAGMA {pragma}")
            conn.execute("SELECT count(*) FROM sqlite_schema").fetchall()  # opens the file: errors come here
        except sqlite3.Error:
            conn.close()
            raise
        return conn
