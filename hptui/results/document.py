"""A report before it is Markdown: its blocks, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hptui.results.facts import Fact, Line, Words, facts_of


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the title."""

    level: int
    line: Line


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of running text."""

    line: Line


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list: bullets, numbers, or a check list of things to do."""

    lines: tuple[Line, ...]
    kind: str = "-"
    """`-`, `1.` or `- [ ]`."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; columns named in `right` hold numbers."""

    head: tuple[Line, ...]
    rows: tuple[tuple[Line, ...], ...]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Code:
    """A block of code or plain text, line by line."""

    language: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """A person's own words, marked as theirs: `who` says where they are from."""

    words: Words
    who: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture beside the report, and its computed caption."""

    path: str
    alt: str
    caption: Line


Block = Heading | Paragraph | Bullets | Table | Code | Quote | Image


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report: what it is about, and its blocks."""

    blocks: tuple[Block, ...]
    about: dict[str, str] = field(default_factory=dict)
    """Study, its id, style, moment: what `facts.json` says of the report as a whole."""

    def facts(self) -> Iterator[Fact]:
        """Every fact, in the order of the report."""
        for block in self.blocks:
            for line in lines_of(block):
                yield from facts_of(line)


def lines_of(block: Block) -> Sequence[Line]:
    """The lines of a block, cell by cell."""
    match block:
        case Heading() | Paragraph():
            return (block.line,)
        case Bullets() | Code():
            return block.lines
        case Table():
            return [*block.head, *(cell for row in block.rows for cell in row)]
        case Quote():
            return ((block.words,),)
        case Image():
            return (block.caption,)
