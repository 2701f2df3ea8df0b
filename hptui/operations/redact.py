"""A copy of a study without its secrets: of its store, and of the files in its directory.

The copy can be read, reported and exported, but not run again: what must run again needs the secrets.
"""

from __future__ import annotations

import json
import mmap
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hptui.core.masking import known_secrets, mask, mask_text
from hptui.results.masked_view import masked_study
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.recorded import MetaKey

UNTOUCHED_TABLES = ("points", "metric_last", "samples")
"""Tables of numbers."""
UNTOUCHED_COLUMNS = ("token", "key", "uuid", "boot_id", "seen")
"""Columns of identifiers."""
MAX_TEXT_BYTES = 256 << 20
"""Larger files are taken as binary."""


def redact_store(path: Path) -> None:
    """Mask every secret in the texts of a copy of a store, and mark it as a copy that cannot go on."""
    from hptui import studyfile

    connection = sqlite3.connect(path)
    try:
        (spec,) = connection.execute("SELECT spec_json FROM study").fetchone()
        masked_study(studyfile.from_json(json.loads(spec)))  # from here on its secrets are masked in any text
        connection.create_function("redacted", 1, redacted_text, deterministic=True)
        connection.execute("PRAGMA secure_delete = ON")
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            if table not in UNTOUCHED_TABLES and not table.startswith(("sqlite_", "_sqlite")):
                _redact_table(connection, table)
        connection.execute("INSERT OR REPLACE INTO meta(key, value) VALUES (?, '1')", (MetaKey.REDACTED,))
        connection.commit()
        connection.execute("VACUUM")  # the pages of before held the secrets
    finally:
        connection.close()


def _redact_table(connection: sqlite3.Connection, table: str) -> None:
    for _, column, kind, *_ in connection.execute(f'PRAGMA table_info("{table}")').fetchall():
        if kind != "TEXT" or column in UNTOUCHED_COLUMNS:
            continue
        new = f'redacted("{column}")'
        if table == "metric_names":  # names stay different
            new += " || ' ' || id"
        connection.execute(  # names of our own tables and columns
            f'UPDATE "{table}" SET "{column}" = {new} WHERE redacted("{column}") != "{column}"'  # noqa: S608
        )


def redacted_text(text: str | None) -> str | None:
    """Return a text of a store or of a file, JSON or not, without secrets."""
    if text is None:
        return None
    if text[:1] in "[{":
        try:
            value: Any = json.loads(text)
        except (ValueError, RecursionError):
            return mask_text(text)
        masked = mask(value)
        return text if masked is value else json.dumps(masked, ensure_ascii=False)
    return mask_text(text)


def redacted_file(path: Path) -> bytes | None:
    """Return a text file without secrets; None for a binary file, which is copied as it is."""
    if path.stat().st_size > MAX_TEXT_BYTES:
        return None
    data = path.read_bytes()
    if b"\0" in data[: 1 << 16]:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if path.suffix == ".json":
        return (redacted_text(text) or "").encode()
    if path.suffix == ".jsonl":
        return "\n".join(redacted_text(line) or "" for line in text.split("\n")).encode()
    return mask_text(text).encode()


def holds_known_secret(path: Path) -> bool:
    """Return whether a binary file holds a secret of the study word by word."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return any(data.find(secret.encode()) >= 0 for secret in known_secrets())


def secrets_in(sd: StudyDir) -> list[str]:
    """Return the places of a study's specification that hold secrets: `trainer.env.API_KEY`."""
    with StoreReader.open(sd) as reader:
        return list(dict.fromkeys(_places(reader.study().spec, "")))


def _places(value: Any, place: str) -> list[str]:
    if isinstance(value, Mapping):
        masked = mask(value, place.rpartition(".")[2])
        return [
            name
            for key, item in value.items()
            if masked.get(key, item) is not item or key not in masked
            for name in _places(item, f"{place}.{key}" if place else str(key)) or [f"{place}.{key}"]
        ]
    return [place] if mask(value, place.rpartition(".")[2]) is not value else []
