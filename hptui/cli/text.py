"""What the command line prints: talk on stderr; data on stdout, as a table, tab-separated, or JSON. All is cleaned."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from hptui.model.clean import clean
from hptui.model.format import NOTHING, setting

if TYPE_CHECKING:
    from rich.console import Console

HIDDEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")
PLAIN = str.maketrans({"→": "->", "✓": "+", "✗": "x", "–": "-", "·": "|", "…": "...", "⏎": " ", "×": "x"})


def say(text: str) -> None:
    """Talk: to stderr."""
    _write(sys.stderr, clean(text, lines=True))


def tell(text: str) -> None:
    """Data: to stdout."""
    _write(sys.stdout, clean(text, lines=True, limit=1 << 24))


def _write(stream: TextIO, text: str) -> None:
    stream.write(f"{fit(text, stream)}\n")
    stream.flush()


def fit(text: str, stream: TextIO) -> str:
    """`text` with plain signs where the stream has no others."""
    encoding = (getattr(stream, "encoding", "") or "ascii").lower().replace("-", "")
    return text if encoding.startswith("utf") else text.translate(PLAIN)


def on_terminal() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def console() -> Console:
    """Rich, for a terminal: never guesses markup, emoji or highlighting out of a text."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, soft_wrap=False)


def tell_json(value: Any) -> None:
    """JSON on stdout. Numbers that are none are null; characters that a terminal would obey are escaped."""
    text = json.dumps(jsonable(value), indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write(HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
    sys.stdout.flush()


def jsonable(value: Any) -> Any:
    """`value` without NaN and infinities, and with keys that are texts."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: where its value is, its heading, how a person reads it.

    On a narrow terminal whole columns are left out, those of the lowest `rank` first, rather than numbers broken.
    """

    key: str
    heading: str = ""
    show: Callable[[Any], str] | None = None
    right: bool = False
    rank: int = 1

    def shown(self, row: Mapping[str, Any]) -> str:
        """The cell for a person; a row may say it itself under `KEY:shown`."""
        said = row.get(f"{self.key}:shown")
        if said is not None:
            return clean(said) or (NOTHING if self.right else "")
        value = row.get(self.key)
        if value is None or value == "":
            return NOTHING if self.right else ""
        return clean(self.show(value) if self.show else setting(value))


def tell_rows(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], bold: int | None = None) -> None:
    """Rows as a table on a terminal, else tab-separated with full precision under a line of names."""
    if on_terminal():
        _table(columns, rows, bold)
        return
    lines = ["\t".join(column.key for column in columns)]
    lines += ["\t".join(field(row.get(column.key)) for column in columns) for row in rows]
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], bold: int | None) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    screen = console()
    shown = that_fit(columns, rows, screen.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for column in shown:
        heading = Text(clean(column.heading or column.key))
        table.add_column(heading, justify="right" if column.right else "left", overflow="fold", no_wrap=column.right)
    for index, row in enumerate(rows):
        cells = [Text(fit(column.shown(row), sys.stdout)) for column in shown]
        table.add_row(*cells, style="bold" if index == bold else None)
    screen.print(table)
    if left_out := [column.key for column in columns if column not in shown]:
        say(f"not shown, for lack of room: {', '.join(left_out)}")


def that_fit(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], room: int) -> list[Column]:
    """The columns that a table of `room` characters holds without breaking words; texts may fold to 20 of them."""

    def needs(column: Column) -> int:
        cells = [column.heading or column.key, *(column.shown(row) for row in rows)]
        widest = max(len(cell) for cell in cells)
        return (widest if column.right else min(widest, 20)) + 2

    widths = {column: needs(column) for column in columns}
    shown = list(columns)
    while sum(widths[column] for column in shown) - 2 > room and len(shown) > 1:
        least = min(column.rank for column in shown)
        shown.remove([column for column in shown if column.rank == least][-1])
    return shown


def field(value: Any) -> str:
    """One field of a tab-separated line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | Mapping):
        return clean(json.dumps(jsonable(value), ensure_ascii=False))
    return clean(repr(value) if isinstance(value, float) else value)


def tell_facts(facts: Mapping[str, str]) -> None:
    """Names and values, one pair a line; in pipes separated by a tab."""
    shown = {name: value for name, value in facts.items() if value}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        tell_fields(f"{name:<{width}}" if on_terminal() else name, value)


def tell_fields(*fields: str) -> None:
    """One line of fields: two spaces between them on a terminal, a tab in pipes."""
    _write(sys.stdout, ("  " if on_terminal() else "\t").join(clean(one) for one in fields))


def width() -> int:
    """How many columns a line may have."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return 120
