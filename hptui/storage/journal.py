"""Writing of commands and their results, events, samples, checkpoints and artifacts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hptui.storage import cells, rows
from hptui.storage.transactions import WritableConnection


class RecordWriter(WritableConnection):
    """The tables of a store that get rows one by one and are independent of trials and points."""

    def add_command(self, verb: str, args: Mapping[str, Any]) -> int:
        """Add a command for the runner; return its id."""
        with self.transaction(durable=True):
            cursor = self._conn.execute(
                "INSERT INTO commands(at, verb, args_json) VALUES (?, ?, ?)",
                (time.time(), cells.storable_text(verb), cells.dump_json(dict(args))),
            )
        return int(cursor.lastrowid or 0)

    def finish_command(self, id: int, ok: bool, result: str) -> None:
        """Record the result of a command, within the transaction that carries it out."""
        with self.transaction(durable=True):
            self._conn.execute(
                "UPDATE commands SET done = ?, ok = ?, result = ? WHERE id = ?",
                (time.time(), ok, cells.storable_text(result), id),
            )

    def add_event(self, level: str, kind: str, message: str, trial: int | None = None) -> None:
        """Record an event. `level` is info, warning or error."""
        with self.transaction():
            self._conn.execute(
                "INSERT INTO events(at, level, trial, kind, message) VALUES (?, ?, ?, ?, ?)",
                (time.time(), level, trial, kind, cells.storable_text(message)),
            )

    def add_sample(self, sample: rows.Sample) -> None:
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
                (trial, step, attempt, cells.storable_text(path), bytes, time.time()),
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
                (trial, cells.storable_text(path), attempt, cells.storable_text(label), time.time()),
            )
