"""The queue of notices, and their deliveries by each channel. Standard library only.

A notice is queued in the transaction that notes which event it was made of, so that an event makes it once. A delivery
is open until it is recorded as done, so that one whose sender was killed is made again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from hptui.core.dataclass import dataclass
from hptui.store.connection import Connection
from hptui.store.records import storable_text

FORMAT_WITH_NOTICES = 4
"""First format of the tables that has the queue."""
CREATE_TABLES = (
    """CREATE TABLE notices(
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, kind TEXT NOT NULL,
        trial INTEGER, title TEXT NOT NULL, message TEXT NOT NULL) STRICT""",
    """CREATE TABLE deliveries(
        notice TEXT NOT NULL REFERENCES notices(id), channel TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
        done REAL, result TEXT NOT NULL DEFAULT '', PRIMARY KEY (notice, channel)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX deliveries_open ON deliveries(notice) WHERE done IS NULL",
)
"""Statements that create the queue."""
_COLUMNS = "id, at, kind, trial, title, message, number"


@dataclass(frozen=True, slots=True)
class Notice:
    """What has happened. `id` stays the same however often it is sent; `number` is its place in the queue."""

    id: str
    at: float
    kind: str
    trial: int | None
    title: str
    message: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice that a channel has not yet delivered; `tries` counts the failed ones."""

    notice: Notice
    channel: str
    tries: int


def add_notice(connection: Connection, notice: Notice, channels: Iterable[str]) -> None:
    """Queue a notice for some channels, within the caller's transaction. One that is there stays as it is."""
    inserted = connection.execute(
        "INSERT OR IGNORE INTO notices(id, at, kind, trial, title, message) VALUES (?, ?, ?, ?, ?, ?)",
        (
            notice.id,
            notice.at,
            notice.kind,
            notice.trial,
            storable_text(notice.title),
            storable_text(notice.message),
        ),
    )
    if inserted.rowcount == 1:
        for channel in channels:
            connection.execute("INSERT INTO deliveries(notice, channel) VALUES (?, ?)", (notice.id, channel))


def open_deliveries(connection: Connection) -> list[Delivery]:
    """Return what is still to be delivered, oldest notice first."""
    rows = connection.rows(
        f"SELECT {_COLUMNS}, channel, tries FROM deliveries JOIN notices ON id = notice "  # noqa: S608 (ours)
        "WHERE done IS NULL ORDER BY number, channel"
    )
    return [Delivery(Notice(*row[:7]), row[7], row[8]) for row in rows]


def finish_delivery(connection: Connection, notice: str, channel: str, result: str) -> None:
    """Record that a delivery is done, and its result."""
    with connection.transaction(durable=True):
        connection.execute(
            "UPDATE deliveries SET done = ?, result = ? WHERE notice = ? AND channel = ?",
            (time.time(), storable_text(result), notice, channel),
        )


def count_failed_try(connection: Connection, notice: str, channel: str, result: str) -> None:
    """Record that a try to deliver a notice failed, and why."""
    with connection.transaction():
        connection.execute(
            "UPDATE deliveries SET tries = tries + 1, result = ? WHERE notice = ? AND channel = ?",
            (storable_text(result), notice, channel),
        )


def notices_after(connection: Connection, number: int) -> Sequence[Notice]:
    """Return the notices after a place in the queue; none of a store that has no queue yet."""
    if connection.format < FORMAT_WITH_NOTICES:
        return []
    rows = connection.rows(f"SELECT {_COLUMNS} FROM notices WHERE number > ? ORDER BY number", (number,))  # noqa: S608
    return [Notice(*row) for row in rows]


def has_notice(connection: Connection, kind: str, title: str) -> bool:
    """Return whether a notice of this kind and title was queued before."""
    return bool(connection.row("SELECT EXISTS(SELECT 1 FROM notices WHERE kind = ? AND title = ?)", (kind, title))[0])
