"""The rows of rungs: where trials paused with their state kept. Standard library only."""

from __future__ import annotations

import time
from collections.abc import Iterable

from hptui.core.rungs import RungResult
from hptui.store.connection import Connection

CREATE_TABLES = (
    """CREATE TABLE rungs(
        trial INTEGER NOT NULL REFERENCES trials(number), rung INTEGER NOT NULL, total INTEGER NOT NULL,
        bracket INTEGER NOT NULL, progress REAL NOT NULL, value REAL, step INTEGER, at REAL NOT NULL, promoted REAL,
        promoted_by TEXT NOT NULL, PRIMARY KEY (trial, rung)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE seen_rungs(
        trial INTEGER NOT NULL REFERENCES trials(number), seen INTEGER NOT NULL, rung INTEGER NOT NULL,
        PRIMARY KEY (trial, seen)) STRICT, WITHOUT ROWID""",
)
"""Statements that create the tables."""

FORMAT = 5
"""Format of a store that has these tables."""


def read(connection: Connection, trial: int | None = None) -> list[RungResult]:
    """Return the rungs that a trial, or any, paused at, in the order of trials and rungs."""
    if connection.format < FORMAT:
        return []
    rows = connection.rows(
        "SELECT trial, rung, total, bracket, progress, value, step, at, promoted, promoted_by FROM rungs "
        "WHERE :t IS NULL OR trial = :t ORDER BY trial, rung",
        {"t": trial},
    )
    return [RungResult(*row) for row in rows]


def seen_by(connection: Connection, trial: int) -> list[tuple[int, int]]:
    """Return the (trial, rung) whose values the proposal of a trial rested on."""
    if connection.format < FORMAT:
        return []
    return [
        (seen, rung)
        for seen, rung in connection.rows("SELECT seen, rung FROM seen_rungs WHERE trial = ? ORDER BY seen", (trial,))
    ]


def write(connection: Connection, result: RungResult) -> None:
    """Record that a trial paused at a rung, within the caller's transaction.

    A repeated pause there changes nothing.
    """
    connection.execute(
        "INSERT OR IGNORE INTO rungs(trial, rung, total, bracket, progress, value, step, at, promoted, promoted_by) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            result.trial,
            result.rung,
            result.of,
            result.bracket,
            result.progress,
            result.value,
            result.step,
            result.at,
            result.promoted,
            result.by,
        ),
    )


def write_seen(connection: Connection, trial: int, seen: Iterable[tuple[int, int]]) -> None:
    """Record which rung values a proposal rested on, within the caller's transaction."""
    sql = "INSERT OR REPLACE INTO seen_rungs(trial, seen, rung) VALUES (?, ?, ?)"
    for other, rung in seen:
        connection.execute(sql, (trial, other, rung))


def promote(connection: Connection, trial: int, by: str) -> None:
    """Record that a trial goes on from its highest rung, within the caller's transaction."""
    connection.execute(
        "UPDATE rungs SET promoted = coalesce(promoted, ?), promoted_by = ? "
        "WHERE trial = ? AND rung = (SELECT max(rung) FROM rungs WHERE trial = ?)",
        (time.time(), by, trial, trial),
    )
