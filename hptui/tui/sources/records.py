"""A file of JSON lines, or of JSON, as records: what a trial has generated, read again when it grows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hptui.tui.sources.pool import Pool

LIMIT = 1 << 23
MOST = 2000
KIND = "category"


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The first records of a file; `more` when there are others, `kinds` counts their categories."""

    records: Sequence[Mapping[str, Any]]
    kinds: Mapping[str, int]
    more: bool = False


def is_records(path: Path) -> bool:
    """Whether a file is better read as records than as a log."""
    return path.suffix.lower() in (".jsonl", ".ndjson", ".json")


class RecordsSource:
    """Watches such a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.latest: Records | None = None
        self._seen: tuple[int, int] | None = None

    def poll(self, pool: Pool) -> Records | None:
        found = self.path.stat()
        seen = (found.st_mtime_ns, found.st_size)
        if seen == self._seen:
            return None
        self._seen = seen
        with self.path.open("rb") as file:
            data = file.read(LIMIT)
        self.latest = _read(data.decode(errors="replace"), cut=found.st_size > LIMIT, lines=self.path.suffix != ".json")
        return self.latest


def _read(text: str, *, cut: bool, lines: bool) -> Records:
    rows: list[Any] = []
    if lines:
        for line in text.splitlines():
            if line.strip():
                rows.append(_parsed(line))
            if len(rows) > MOST:
                break
    else:
        whole = _parsed(text)
        rows = whole if isinstance(whole, list) else [whole]
    records = [row if isinstance(row, dict) else {"": row} for row in rows[:MOST]]
    kinds = Counter(str(one[KIND]) for one in records if isinstance(one.get(KIND), str) and one[KIND])
    return Records(records, dict(kinds.most_common()), cut or len(rows) > MOST)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
