"""A table of a screen as a file: CSV for a spreadsheet, Markdown for a text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hptui.model.errors import MachineError, UserError

KINDS = (".csv", ".md")


def check(text: str) -> None:
    """Refuse a path that says no kind."""
    if Path(text).suffix.lower() not in KINDS:
        raise UserError(f"{text!r} says neither CSV nor Markdown", hint="a path that ends in .csv or .md")


def write(headings: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> str:
    """Write it as the end of its path says; the sentence to show. What is there already is replaced as a whole."""
    from hptui.results.export.csv_text import csv_text

    names = [heading or "·" for heading in headings]
    if path.suffix.lower() == ".csv":
        text = csv_text([dict(zip(names, map(_value, row), strict=True)) for row in rows], names)
    else:
        text = "\n".join([_row(names), _row(["---"] * len(names)), *map(_row, rows)]) + "\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror}") from None
    return f"written to {path}"


def _row(cells: Sequence[str]) -> str:
    from hptui.results.markdown import escape

    return "| " + " | ".join(map(escape, cells)) + " |"


def _value(text: str) -> float | str:
    """A number is one in a spreadsheet, too."""
    try:
        return float(text)
    except ValueError:
        return text
