"""CSV. What is missing is an empty cell; a text that a spreadsheet would run is disarmed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(rows: Sequence[Mapping[str, Any]], names: Sequence[str] = ()) -> str:
    """Rows under `names`, or under all their keys."""
    names = list(names) or list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([cell(name) for name in names])
    writer.writerows([[cell(row.get(name)) for name in names] for row in rows])
    return text.getvalue()


def cell(value: Any) -> str:
    """One cell of a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | Mapping):
        value = json.dumps(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else str(value)
