"""A file of JSON lines, or of JSON, as records: what a trial has generated, read again when it grows."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.tui.sources.pool import ReaderPool

MAX_FILE_BYTES = 1 << 23
"""Bytes of a file that are read at most."""
MAX_RECORDS = 2000
"""Number of records that are shown at most."""
NUMBER = re.compile(r"[-_.]?\d+")
"""A number in the name of a file, with the sign before it."""
STEP_KEY = "step"
"""Name of the value that is the step at which a record was made."""
CATEGORY_KEY = "category"
"""Name of the value that is a record's category."""


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The first records of a file; `more` if there are others, `kinds` counts them by category."""

    records: Sequence[Mapping[str, Any]]
    kinds: Mapping[str, int]
    more: bool = False


def is_records(path: Path) -> bool:
    """Return whether a file is shown as records rather than as a log."""
    return path.suffix.lower() in (".jsonl", ".ndjson", ".json")


def series_of(name: str, names: Sequence[str]) -> list[str]:
    """Return the files whose names differ from one only in their numbers, by these numbers.

    One without a number, such as `samples.jsonl` next to `samples-50.jsonl`, holds the newest: it is the last one.
    """
    pattern = NUMBER.sub("", name)
    numbers = {
        other: [int(number.lstrip("-_.")) for number in NUMBER.findall(other)]
        for other in names
        if NUMBER.sub("", other) == pattern
    }
    return sorted(numbers, key=lambda other: (not numbers[other], numbers[other]))


class RecordsSource:
    """Watches a file of records."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.latest: Records | None = None
        self._last_state: tuple[int, int] | None = None

    def poll(self, pool: ReaderPool) -> Records | None:
        """Return the records if the file has changed, else None.

        Raises: OSError if it cannot be read.
        """
        status = self.path.stat()
        seen = (status.st_mtime_ns, status.st_size)
        if seen == self._last_state:
            return None
        self._last_state = seen
        with self.path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES)
        self.latest = _read_records(
            data.decode(errors="replace"), is_cut=status.st_size > MAX_FILE_BYTES, lines=self.path.suffix != ".json"
        )
        return self.latest


def _read_records(text: str, *, is_cut: bool, lines: bool) -> Records:
    rows: list[Any] = []
    if lines:
        for line in text.splitlines():
            if line.strip():
                rows.append(_parse_json(line))
            if len(rows) > MAX_RECORDS:
                break
    else:
        document = _parse_json(text)
        rows = document if isinstance(document, list) else [document]
    records = [row if isinstance(row, dict) else {"": row} for row in rows[:MAX_RECORDS]]
    kinds = Counter(
        str(record[CATEGORY_KEY])
        for record in records
        if isinstance(record.get(CATEGORY_KEY), str) and record[CATEGORY_KEY]
    )
    return Records(records, dict(kinds.most_common()), is_cut or len(rows) > MAX_RECORDS)


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
