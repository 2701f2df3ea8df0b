"""What a table is made of, and the protocol by which it asks for its rows. No Textual in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: its name, heading and width in cells."""

    name: str
    heading: str
    width: int
    right: bool = False
    sortable: bool = True


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
