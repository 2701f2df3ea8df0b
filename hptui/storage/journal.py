"""What the writer notes beside trials and points: requests and their answers, events, samples, files."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hptui.storage import cells, rows
from hptui.storage.transactions import Transactions


class Journal(Transactions):
    """The part of the store that only grows, row by row."""

    def add_command(self, verb: str, args: Mapping[str, Any]) -> int:
        """Leave a request for the runner; returns its id."""
        with self.transaction(durable=True):
            cursor = self._conn.execute(
                "INSERT INTO commands(at, verb, args_json) VALUES (?, ?, ?)",
                (time.time(), cells.text(verb), cells.dump(dict(args))),
            )
        return int(cursor.lastrowid or 0)

    def finish_command(self, id: int, ok: bool, result: str) -> None:
        """Answer a request. Belongs in the transaction that does what was asked."""
        with self.transaction(durable=True):
            self._conn.execute(
                "UPDATE commands SET done = ?, ok = ?, result = ? WHERE id = ?",
                (time.time(), ok, cells.text(result), id),
            )

    def event(self, level: str, kind: str, message: str, trial: int | None = None) -> None:
        """Note that something happened. `level` is info, warning or error."""
        with self.transaction():
            self._conn.execute(
                "INSERT INTO events(at, level, trial, kind, message) VALUES (?, ?, ?, ?, ?)",
                (time.time(), level, trial, kind, cells.text(message)),
            )

    def add_sample(self, sample: rows.Sample) -> None:
        """Note what an attempt uses at a moment."""
        with self.transaction():
            self._conn.execute(
                "INSERT OR REPLACE INTO samples(token, at, gpu_gb, rss_gb, util, cpu) VALUES (?, ?, ?, ?, ?, ?)",
                (sample.token, sample.at, sample.gpu_gb, sample.rss_gb, sample.util, sample.cpu),
            )

    def add_checkpoint(self, trial: int, step: int, attempt: int, path: str, bytes: int) -> None:
        """Note a checkpoint that a worker announced."""
        with self.transaction():
            self._conn.execute(
                "INSERT OR REPLACE INTO checkpoints(trial, step, attempt, path, bytes, at) VALUES (?, ?, ?, ?, ?, ?)",
                (trial, step, attempt, cells.text(path), bytes, time.time()),
            )

    def drop_checkpoint(self, trial: int, step: int) -> None:
        """Forget a checkpoint that is gone or not whole."""
        with self.transaction():
            self._conn.execute("DELETE FROM checkpoints WHERE trial = ? AND step = ?", (trial, step))

    def add_artifact(self, trial: int, attempt: int, path: str, label: str = "") -> None:
        """Note a file that a trial left."""
        with self.transaction():
            self._conn.execute(
                "INSERT OR REPLACE INTO artifacts(trial, path, attempt, label, at) VALUES (?, ?, ?, ?, ?)",
                (trial, cells.text(path), attempt, cells.text(label), time.time()),
            )
