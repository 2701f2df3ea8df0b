"""Tables as columns and cells: text of a known width, and files of tables (CSV, Markdown). No Textual in here."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from rich.cells import cell_len, set_cell_size

from hptui.core.dataclass import dataclass
from hptui.core.errors import MachineError, UserError
from hptui.core.masking import shown
from hptui.core.sanitize import ELLIPSIS


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: its name, heading and width in cells."""

    name: str
    heading: str
    width: int
    right: bool = False
    sortable: bool = True
    min_width: int | None = None
    """Cells in which a text may be shown with an ellipsis at the edge of a table; None: only whole, as numbers are."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, already sanitized, and the meaning of its colour ('' for none)."""

    text: str
    meaning: str = ""
    bold: bool = False


class TableRows(Protocol):
    """The rows that a table draws."""

    pinned: int
    """Number of columns that stay when the others scroll."""

    @property
    def columns(self) -> Sequence[TableColumn]:
        """Columns, in the order in which they are drawn."""

    def __len__(self) -> int: ...

    def key(self, index: int) -> object:
        """Return the identity of a row, by which the cursor stays on it when the order changes."""

    def index_of(self, key: object) -> int | None:
        """Return the index of the row with this identity; None if it is not shown."""

    def cells(self, index: int) -> Sequence[Cell]:
        """Return the cells of a row, one per column."""

    def marked(self, index: int) -> bool:
        """Return whether a row is marked."""

    def sorting(self) -> tuple[str, bool]:
        """Return the column that the rows are sorted by, and whether in descending order."""


def plain_line(text: object, limit: int = 2000) -> str:
    """Return a text as one printable line, without zero-width characters.

    Terminals treat those differently.
    """
    cleaned = shown(text, limit=limit)
    if cleaned.isascii():
        return cleaned
    composed = unicodedata.normalize("NFC", cleaned)
    return "".join(character for character in composed if unicodedata.category(character) not in ("Mn", "Me", "Cf"))


def one_line(problem: object) -> str:
    """Return a problem and its hint, which stand in lines of their own elsewhere, as one line."""
    return re.sub(r"\s*\n\s*", "; ", str(problem).strip())


def fit_cells(text: str, width: int, *, right: bool = False) -> str:
    """Return a text in exactly `width` cells: padded, or cut with an ellipsis."""
    if width <= 0:
        return ""
    if text.isascii():
        size = len(text)
        if size > width:
            return text[: width - 1] + ELLIPSIS
        return text.rjust(width) if right else text.ljust(width)
    size = cell_len(text)
    if size > width:
        return set_cell_size(set_cell_size(text, width - 1).rstrip() + ELLIPSIS, width)
    return " " * (width - size) + text if right else text + " " * (width - size)


def width_of(text: str) -> int:
    """Return the number of cells that a sanitized text takes."""
    return len(text) if text.isascii() else cell_len(text)


TABLE_SUFFIXES = (".csv", ".md")
"""Suffixes of the formats that can be written."""


def check_table_path(text: str) -> None:
    """Check that a path ends in the suffix of a known format.

    Raises: UserError if it does not.
    """
    if Path(text).suffix.lower() not in TABLE_SUFFIXES:
        raise UserError(f"{text!r} says neither CSV nor Markdown", hint="a path that ends in .csv or .md")


def write_table_file(headings: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> str:
    """Write a table in the format of the path's suffix, and return the message to show.

    An existing file is replaced as a whole. Raises: MachineError if the file cannot be written.
    """
    from hptui.results.export.text_formats import csv_text

    names = [heading or "·" for heading in headings]
    if path.suffix.lower() == ".csv":
        text = csv_text([dict(zip(names, map(_csv_value, row), strict=True)) for row in rows], names)
    else:
        text = "\n".join([_markdown_row(names), _markdown_row(["---"] * len(names)), *map(_markdown_row, rows)]) + "\n"
    # Written under another name and renamed: no reader sees half a table.
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror}") from None
    return f"written to {path}"


def _markdown_row(cells: Sequence[str]) -> str:
    from hptui.results.document import escape_markdown

    return "| " + " | ".join(map(escape_markdown, cells)) + " |"


def _csv_value(text: str) -> float | str:
    """Return the number that a text is, so that a spreadsheet can calculate with it; otherwise the text."""
    try:
        return float(text)
    except ValueError:
        return text


def last_line(text: str) -> str:
    """Return the last line of what a process has printed."""
    return plain_line(next(iter(reversed(text.strip().splitlines())), "the process ended without a word"), 300)


def table_lines(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[Cell]]:
    """Return cells under headings, in columns as wide as needed."""
    if not headings:
        return []
    widths = [max(width_of(text) for text in column) for column in zip(headings, *rows, strict=True)]

    def text_line(texts: Sequence[str]) -> str:
        return " ".join(f" {fit_cells(text, width)}" for text, width in zip(texts, widths, strict=True))

    return [[Cell(text_line(headings), "muted")], *([Cell(text_line(row))] for row in rows)]
