"""The command queue: a front end inserts rows into `commands` and reads the runner's results. Standard library only."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import MachineError
from hptui.store.paths import StudyDir


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Result of a command."""

    ok: bool
    text: str


class CommandQueue:
    """A connection that writes only to the `commands` table."""

    def __init__(self, sd: StudyDir) -> None:
        try:
            uri = f"{sd.db.absolute().as_uri()}?mode=rw"
            # 5 seconds: the runner's transactions take milliseconds.
            self._db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5.0)
            self._db.execute("PRAGMA trusted_schema=OFF")
            # Only the holder of study.lock checkpoints the write-ahead log.
            self._db.execute("PRAGMA wal_autocheckpoint=0")
        except sqlite3.Error as error:
            raise MachineError(f"{sd.db} cannot be written: {error}") from error

    def post(self, verb: str, args: Mapping[str, Any]) -> int:
        """Insert a command; return its id."""
        row = (time.time(), verb, json.dumps(dict(args), allow_nan=False))
        try:
            cursor = self._db.execute("INSERT INTO commands(at, verb, args_json) VALUES(?, ?, ?)", row)
        except sqlite3.Error as error:
            raise MachineError(f"the request could not be left: {error}") from error
        return int(cursor.lastrowid or 0)

    def result(self, number: int) -> CommandResult | None:
        """Return the result of a command; None while it has none."""
        try:
            row = self._db.execute("SELECT done, ok, result FROM commands WHERE id=?", (number,)).fetchone()
        except sqlite3.Error as error:
            raise MachineError(f"the answer to the request cannot be read: {error}") from error
        return CommandResult(bool(row[1]), row[2] or "") if row and row[0] is not None else None

    def close(self) -> None:
        """Close the connection."""
        self._db.close()
