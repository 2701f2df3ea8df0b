"""The blocks of a report, independent of their output format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hptui.results.facts import Fact, Line, UserText, facts_of


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the title."""

    level: int
    line: Line


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of running text."""

    line: Line


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list: bulleted, numbered, or with check boxes."""

    lines: tuple[Line, ...]
    kind: str = "-"
    """`-`, `1.` or `- [ ]`."""


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table; `right` are the indices of the columns that are aligned right."""

    head: tuple[Line, ...]
    rows: tuple[tuple[Line, ...], ...]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A block of code or plain text, line by line."""

    language: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """A text written by a person; `who` states its origin."""

    words: UserText
    who: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image file next to the report, with its computed caption."""

    path: str
    alt: str
    caption: Line


Block = Heading | Paragraph | Bullets | ReportTable | CodeBlock | Quote | Image
"""Any block of a report."""


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """A whole report."""

    blocks: tuple[Block, ...]
    about: dict[str, str] = field(default_factory=dict)
    """The header of `facts.json`: study, its uuid, style, and the time of the newest record."""

    def facts(self) -> Iterator[Fact]:
        """Yield all facts in the order of the report."""
        for block in self.blocks:
            for line in lines_of(block):
                yield from facts_of(line)


def lines_of(block: Block) -> Sequence[Line]:
    """Return the lines of a block; the cells of a table, row by row."""
    match block:
        case Heading() | Paragraph():
            return (block.line,)
        case Bullets() | CodeBlock():
            return block.lines
        case ReportTable():
            return [*block.head, *(cell for row in block.rows for cell in row)]
        case Quote():
            return ((block.words,),)
        case Image():
            return (block.caption,)
