"""What the command line prints: messages on stderr; data on stdout as a table, tab-separated, or JSON.

All text is sanitized of control characters, and secrets in it are masked."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, TextIO

from hptui.core.dataclass import dataclass
from hptui.core.format import NO_VALUE, setting
from hptui.core.masking import Numbers, mask, shown
from hptui.core.sanitize import sanitize
from hptui.core.trial import INCOMPLETE_MARK

if TYPE_CHECKING:
    from rich.console import Console

    from hptui.core.trial import Trial

HIDDEN_CHARACTERS = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Characters that JSON leaves as they are and a terminal would obey or hide."""
ASCII_SIGNS = str.maketrans({"→": "->", "✓": "+", "✗": "x", "–": "-", "·": "|", "…": "...", "⏎": " ", "×": "x"})


def message(text: str) -> None:
    """Write a message to stderr."""
    _write(sys.stderr, shown(text, lines=True))


def write(text: str, *, masked: bool = True) -> None:
    """Write data to stdout.

    Secrets are masked, except in what is no data (`masked` is false): hptui's own pages.
    """
    limit = 1 << 24
    _write(sys.stdout, shown(text, lines=True, limit=limit) if masked else sanitize(text, lines=True, limit=limit))


def write_document(text: str) -> None:
    """Write a document in a format with its own escaping; a terminal gets it sanitized."""
    if on_terminal():
        write(text.removesuffix("\n"))
        return
    sys.stdout.write(text)
    sys.stdout.flush()


def _write(stream: TextIO, text: str) -> None:
    stream.write(f"{encodable(text, stream)}\n")
    stream.flush()


def encodable(text: str, stream: TextIO) -> str:
    """Return `text` with ASCII signs in place of others where the stream is not UTF."""
    encoding = (getattr(stream, "encoding", "") or "ascii").lower().replace("-", "")
    return text if encoding.startswith("utf") else text.translate(ASCII_SIGNS)


def on_terminal() -> bool:
    """Return whether stdout is a terminal."""
    return sys.stdout.isatty()


def console() -> Console:
    """Return a Rich console that takes no markup, emoji or highlighting out of a text."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, soft_wrap=False)


def write_json(value: Any, *, masked: bool = True) -> None:
    """Write JSON to stdout: non-finite numbers as null, characters that a terminal would obey escaped.

    Secrets are masked, except in what is no data (`masked` is false): a schema of names, for instance.
    """
    sys.stdout.write("".join(_json_parts(mask(value) if masked else value, "\n")) + "\n")
    sys.stdout.flush()


def _json_parts(value: Any, line: str) -> Iterator[str]:
    """Yield JSON as `json.dumps(jsonable(value), indent=2)` writes it, fast for long lists of numbers.

    `line` is a line break with the indentation of `value`.
    """
    inner = f"{line}  "
    if isinstance(value, Numbers) and value:
        yield from _number_rows(value, line)
    elif isinstance(value, Mapping) and value:
        start = f"{{{inner}"
        for key, item in value.items():
            yield f"{start}{_json_scalar(str(key))}: "
            yield from _json_parts(item, inner)
            start = f",{inner}"
        yield f"{line}}}"
    elif isinstance(value, list | tuple) and value:
        start = f"[{inner}"
        for item in value:
            yield start
            yield from _json_parts(item, inner)
            start = f",{inner}"
        yield f"{line}]"
    else:
        yield _json_scalar(value)


def _number_rows(rows: Numbers, line: str) -> Iterator[str]:
    """Yield the JSON of a list of objects of numbers: many by one pattern where they are like the first."""
    inner = f"{line}  "
    first, field = tuple(rows[0]), f"{inner}  "
    names = [_json_scalar(str(key)).replace("%", "%%") for key in first]
    fields = f",{field}".join(f"{name}: %r" for name in names)
    pattern, usual = f",{inner}{{{field}{fields}{inner}}}", {int, float}

    def texts(some: Sequence[Any]) -> Iterator[str]:
        values = tuple(chain.from_iterable(map(dict.values, some)))
        alike = {first}.issuperset(map(tuple, some)) and usual.issuperset(map(type, values))
        if values and alike and math.isfinite(sum(values)):
            yield pattern * len(some) % values
        elif len(some) == 1:
            yield f",{inner}" + "".join(_json_parts(some[0], inner))
        else:  # one of them is another: by halves, until it is alone
            yield from texts(some[: len(some) // 2])
            yield from texts(some[len(some) // 2 :])

    starts = range(0, len(rows), ROWS_AT_ONCE)
    parts = chain.from_iterable(texts(rows[start : start + ROWS_AT_ONCE]) for start in starts)
    yield f"[{next(parts)[1:]}"
    yield from parts
    yield f"{line}]"


def _json_scalar(value: Any) -> str:
    text = json.dumps(jsonable(value), ensure_ascii=False, allow_nan=False)
    if text.isascii() and "\x7f" not in text:
        return text
    return HIDDEN_CHARACTERS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def jsonable(value: Any) -> Any:
    """Return `value` with NaN and infinities as None, and keys and unknown objects as texts."""
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
class OutputColumn:
    """A column of a table: key of its value, heading, how the value is formatted for a person.

    On a narrow terminal whole columns are left out, those of the lowest `rank` first, instead of breaking numbers.
    """

    key: str
    heading: str = ""
    formatter: Callable[[Any], str] | None = None
    right: bool = False
    rank: int = 1
    text: Callable[[Mapping[str, Any]], str] | None = None
    """How the cell of a row is formatted, where its value alone does not say it."""

    def cell(self, row: Mapping[str, Any]) -> str:
        """Return the cell for a person; the row's value under `KEY:shown` takes precedence."""
        own_text = row.get(f"{self.key}:shown")
        if own_text is None and self.text is not None:
            own_text = self.text(row)
        if own_text is not None:
            return sanitize(mask(own_text, self.key)) or (NO_VALUE if self.right else "")
        value = mask(row.get(self.key), self.key)
        if value is None or value == "":
            return NO_VALUE if self.right else ""
        return sanitize(self.formatter(value) if self.formatter else setting(value))


def write_rows(columns: Sequence[OutputColumn], rows: Sequence[Mapping[str, Any]], bold: int | None = None) -> None:
    """Write rows as a table on a terminal, else tab-separated in full precision after a line of keys."""
    if on_terminal():
        _table(columns, rows, bold)
        return
    keys = [column.key for column in columns]
    sys.stdout.write("\t".join(map(sanitize, keys)) + "\n")
    for row in rows:
        sys.stdout.write("\t".join([_tsv_cell(key, row.get(key)) for key in keys]) + "\n")
    sys.stdout.flush()


def _tsv_cell(key: str, value: Any) -> str:
    return repr(value) if type(value) is float else tsv_field(mask(value, key))


def _table(columns: Sequence[OutputColumn], rows: Sequence[Mapping[str, Any]], bold: int | None) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    screen = console()
    fitting = columns_that_fit(columns, rows, screen.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for column in fitting:
        heading = Text(sanitize(column.heading or column.key))
        table.add_column(heading, justify="right" if column.right else "left", overflow="fold", no_wrap=column.right)
    for index, row in enumerate(rows):
        cells = [Text(encodable(column.cell(row), sys.stdout)) for column in fitting]
        table.add_row(*cells, style="bold" if index == bold else None)
    screen.print(table)
    if left_out := [column.key for column in columns if column not in fitting]:
        more = f" and {len(left_out) - MAX_NAMED:,} more" if len(left_out) > MAX_NAMED else ""
        message(f"not shown, for lack of room: {', '.join(left_out[:MAX_NAMED])}{more}")


ROWS_AT_ONCE = 256
"""Objects of numbers that are written by one pattern."""
MAX_NAMED = 50
"""Columns without room that are named."""


def columns_that_fit(
    columns: Sequence[OutputColumn], rows: Sequence[Mapping[str, Any]], room: int
) -> list[OutputColumn]:
    """Return the columns that a table of `room` characters holds without breaking words.

    Texts may be folded to 20 characters.
    """

    def width_of(column: OutputColumn) -> int:
        cells = [column.heading or column.key, *(column.cell(row) for row in rows)]
        widest = max(len(cell) for cell in cells)
        return (widest if column.right else min(widest, 20)) + 2

    # Those of the highest rank first, and only as many as there is room for: to format a cell takes time.
    by_rank = sorted(range(len(columns)), key=lambda index: -columns[index].rank)
    kept: list[int] = []
    taken = -2
    for index in by_rank:
        taken += width_of(columns[index])
        if taken > room and kept:
            break
        kept.append(index)
    return [columns[index] for index in sorted(kept)]


def tsv_field(value: Any) -> str:
    """Return a value as a field of a tab-separated line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | Mapping):
        return sanitize(json.dumps(jsonable(value), ensure_ascii=False))
    return sanitize(repr(value) if isinstance(value, float) else value)


def write_facts(facts: Mapping[str, str]) -> None:
    """Write names and values, one pair a line; outside a terminal separated by a tab."""
    non_empty = {name: value for name, value in facts.items() if value}
    width = max((len(name) for name in non_empty), default=0)
    for name, value in non_empty.items():
        write_fields(f"{name:<{width}}" if on_terminal() else name, str(mask(value, name)))


def write_fields(*fields: str) -> None:
    """Write one line of fields: two spaces between them on a terminal, else a tab."""
    _write(sys.stdout, ("  " if on_terminal() else "\t").join(shown(field) for field in fields))


def terminal_width() -> int:
    """Return the number of columns of the terminal; 120 where stdout is none."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return 120


def incomplete_note(trials: Sequence[Trial]) -> str:
    """Return what the mark behind the values of trials with an incomplete curve means."""
    which = ", ".join(f"trial {trial.number} ({trial.incomplete_curve})" for trial in trials[:MAX_NOTED])
    more = f" and {len(trials) - MAX_NOTED} more" if len(trials) > MAX_NOTED else ""
    return f"{INCOMPLETE_MARK} the curve is incomplete, a better or a worse value may be missing: {which}{more}"


MAX_NOTED = 5
"""Trials whose missing steps are named below a table."""
