"""What a table is made of, and what it asks of whoever knows its rows. No Textual in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its heading, its width in cells."""

    name: str
    heading: str
    width: int
    right: bool = False
    sortable: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, clean already, and what its colour means ('' for nothing)."""

    text: str
    meaning: str = ""
    bold: bool = False


class Rows(Protocol):
    """What a table draws."""

    pinned: int
    """So many columns stay when the others scroll."""

    @property
    def columns(self) -> Sequence[Column]: ...

    def __len__(self) -> int: ...

    def key(self, index: int) -> object:
        """What the row is, so that the cursor stays on it when the order changes."""

    def index_of(self, key: object) -> int | None:
        """Where a row is now."""

    def cells(self, index: int) -> Sequence[Cell]:
        """The cells of a row, one a column."""

    def marked(self, index: int) -> bool: ...

    def sorting(self) -> tuple[str, bool]:
        """The column it is sorted by, and whether downwards."""
