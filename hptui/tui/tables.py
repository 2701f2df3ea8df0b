"""Writes a table of a screen to a file: CSV for a spreadsheet, Markdown for a text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hptui.model.errors import MachineError, UserError

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
    from hptui.results.export.csv_text import csv_text

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
    from hptui.results.markdown import escape_markdown

    return "| " + " | ".join(map(escape_markdown, cells)) + " |"


def _csv_value(text: str) -> float | str:
    """Return the number that a text is, so that a spreadsheet can calculate with it; otherwise the text."""
    try:
        return float(text)
    except ValueError:
        return text
