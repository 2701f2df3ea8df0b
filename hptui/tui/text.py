"""Text that takes a known number of terminal cells, whatever a model or a user has written into it."""

from __future__ import annotations

import unicodedata

from rich.cells import cell_len, set_cell_size

from hptui.model.clean import ELLIPSIS, sanitize


def plain_line(text: object, limit: int = 2000) -> str:
    """Return a text as one printable line, without zero-width characters.

    Terminals treat those differently.
    """
    cleaned = sanitize(text, limit=limit)
    if cleaned.isascii():
        return cleaned
    composed = unicodedata.normalize("NFC", cleaned)
    return "".join(character for character in composed if unicodedata.category(character) not in ("Mn", "Me", "Cf"))


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
