"""How a store is made, and taken over by its writer, with `study.lock` held.

`migrations`, and with it sqlite-utils, is imported only for a store that is new or has an older format: a runner starts
0.1 s earlier without it."""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hptui.core.errors import MachineError, UserError
from hptui.core.trial import StudyState
from hptui.store import records
from hptui.store.connection import Connection, insertion, open_for_writing
from hptui.store.filesystem import translate_error
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import MetaKey
from hptui.store.run_directory import sync_to_disk


def create_store(sd: StudyDir, study_json: Mapping[str, Any], name: str) -> None:
    """Create the store of a new study. The caller holds `study.lock`.

    The store is built in a temporary file and linked into place: a creation that is killed leaves no partial store.

    Raises: UserError if the study exists.
    """
    try:
        sd.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in sd.root.glob(".study.db.*.tmp*"):
            leftover.unlink(missing_ok=True)
    except OSError as error:
        raise translate_error(error, sd.root) from error
    if sd.db.exists():
        raise UserError(f"there is a study {sd.name!r} in {sd.root.parent} already")
    temporary = sd.root / f".study.db.{os.getpid()}.tmp"
    try:
        # Created here and not by SQLite, whose additional files inherit these permissions.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _build(temporary, study_json, name)
        os.link(temporary, sd.db)
        temporary.unlink()
        sync_to_disk(sd.root)  # the link survives a power failure
    except FileExistsError:
        raise UserError(f"there is a study {sd.name!r} in {sd.root.parent} already") from None
    except (OSError, sqlite3.Error) as error:
        raise translate_error(error, sd.db) from error
    finally:
        for leftover in (temporary, temporary.with_name(f"{temporary.name}-journal")):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)


def _build(path: Path, study_json: Mapping[str, Any], name: str) -> None:
    """Create the tables in a new, empty file, and insert the study with its first revision."""
    from hptui.store import migrations  # loads sqlite-utils

    handle = open_for_writing(path)
    try:
        # A file that is not linked yet needs no journal, and no sync before the last: a disk takes 10 ms for each.
        handle.execute("PRAGMA journal_mode = MEMORY")
        handle.execute("PRAGMA synchronous = OFF")
        migrations.apply(handle)
        document = records.dump_json(dict(study_json))
        identity = str(uuid.uuid4())
        row = {
            "id": 1,
            "name": records.storable_text(name),
            "state": StudyState.NEW.value,
            "uuid": identity,
            "created": time.time(),
            "spec_json": document,
            "revision": 1,
        }
        handle.execute(*insertion("study", row))
        handle.execute(*insertion("revisions", revision(1, document, "created")))
        for key, value in ((MetaKey.CLEAN, "1"), (MetaKey.UUID, identity)):
            handle.execute(*insertion("meta", {"key": key, "value": value}))
        handle.execute("PRAGMA journal_mode = WAL")
    finally:
        handle.close()
    sync_to_disk(path)


def revision(rev: int, document: str, why: str) -> dict[str, Any]:
    """Return the row of a revision of the specification, given as JSON."""
    return {"rev": rev, "at": time.time(), "spec_json": document, "why": records.storable_text(why)}


# an existing store ------------------------------------------------------------------------------------------------


def take_over(connection: Connection) -> None:
    """Check what a power failure may have damaged, migrate the tables, and record that a writer is active.

    The caller holds `study.lock`.

    Raises: MachineError, or sqlite3.Error of a migration.
    """
    boot, meta = _current_boot_id(), StoreReader(connection).get_meta
    if meta(MetaKey.CLEAN) != "1" and meta(MetaKey.BOOT_ID) != boot:
        problems = [row[0] for row in connection.rows("PRAGMA quick_check(5)")]
        if problems != ["ok"]:
            raise MachineError(
                f"{connection.path} is damaged: {problems[0]}",
                hint="`sqlite3 study.db .recover` saves what can be read",
            )
    if connection.format < records.SCHEMA_VERSION:
        from hptui.store import migrations  # loads sqlite-utils

        connection.backup(connection.path.with_name(f"{connection.path.name}.v{connection.format}.bak"))
        migrations.apply(connection.handle)
        connection.format = records.SCHEMA_VERSION
    connection.execute("PRAGMA journal_mode = WAL")
    # Only the holder of study.lock checkpoints. SQLite does so every 16 MiB, if `checkpoint_wal` is not called.
    connection.execute("PRAGMA wal_autocheckpoint = 4096")
    with connection.transaction():
        write_meta(connection, MetaKey.CLEAN, "0")
        write_meta(connection, MetaKey.BOOT_ID, boot)
        write_meta(connection, MetaKey.SQLITE, sqlite3.sqlite_version)


def write_meta(connection: Connection, key: MetaKey, value: str) -> None:
    """Set a value of the `meta` table, within the caller's transaction."""
    connection.execute("INSERT OR REPLACE INTO meta(key, value) VALUES (?, ?)", (key, records.storable_text(value)))


def _current_boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"unknown-{uuid.uuid4()}"  # unlike any stored one, so that the file is checked
