"""A document as Markdown that reads well raw and on GitHub, with the place of every fact in it.

Whatever names and notes contain is escaped: no cell ends a table, no note becomes a heading, a link or HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hptui.model.clean import clean
from hptui.results.document import Block, Bullets, Code, Document, Heading, Image, Paragraph, Quote, Table
from hptui.results.facts import Fact, Line, Name, Strong, Words

SPECIAL = re.compile(r"([\\`*|$]|~~|(?<![^\W_])_|_(?![^\W_]))")
ENTITY = re.compile(r"&(?=#?\w+;)")
TAG = re.compile(r"<")
LINK = re.compile(r"\]\s*[(\[:]|\[\^")
LEADING = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=>|#+(?:\s|$)|[+=-](?:[\s=-]|$)))")
FENCE = re.compile(r"`+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact stands in the Markdown: line from 1, column from 0, and its text exactly as there."""

    line: int
    column: int
    text: str
    fact: Fact


@dataclass(slots=True)
class Sheet:
    """Markdown as it grows."""

    pieces: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    line: int = 1
    column: int = 0

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.pieces)

    def put(self, text: str, fact: Fact | None = None) -> None:
        """Append text, which may be that of a fact."""
        if fact is not None:
            self.places.append(Place(self.line, self.column, text, fact))
        self.pieces.append(text)
        if newlines := text.count("\n"):
            self.line += newlines
            self.column = len(text) - text.rindex("\n") - 1
        else:
            self.column += len(text)


def render(document: Document) -> Sheet:
    """The whole report as Markdown."""
    sheet = Sheet()
    for index, block in enumerate(document.blocks):
        if index:
            sheet.put("\n")
        _block(sheet, block)
    return sheet


def _block(sheet: Sheet, block: Block) -> None:
    match block:
        case Heading():
            sheet.put("#" * block.level + " ")
            _line(sheet, block.line)
            sheet.put("\n")
        case Paragraph():
            _line(sheet, block.line, start=True)
            sheet.put("\n")
        case Bullets():
            for number, item in enumerate(block.lines, start=1):
                sheet.put(f"{number}. " if block.kind == "1." else f"{block.kind} ")
                _line(sheet, item, start=True)
                sheet.put("\n")
        case Table():
            _table(sheet, block)
        case Code():
            _code(sheet, block)
        case Quote():
            for words in block.words.text.splitlines() or [""]:
                sheet.put(f"> {escape(words, start=True)}".rstrip() + "\n")
            sheet.put(f">\n> ({block.who})\n")
        case Image():
            sheet.put(f"![{escape(block.alt)}](<{block.path}>)\n*")
            _line(sheet, block.caption)
            sheet.put("*\n")


def _table(sheet: Sheet, table: Table) -> None:
    for row in (table.head, None, *table.rows):
        if row is None:
            marks = ("---:" if index in table.right else "---" for index in range(len(table.head)))
            sheet.put("| " + " | ".join(marks) + " |\n")
            continue
        sheet.put("|")
        for cell in row:
            sheet.put(" ")
            _line(sheet, cell, cell=True)
            sheet.put(" |")
        sheet.put("\n")


def _code(sheet: Sheet, block: Code) -> None:
    whole = "\n".join("".join(_bare(part) for part in line) for line in block.lines)
    fence = "`" * max(3, 1 + max((len(run) for run in FENCE.findall(whole)), default=0))
    sheet.put(f"{fence}{block.language}\n")
    for line in block.lines:
        for part in line:
            sheet.put(_bare(part), part if isinstance(part, Fact) else None)
        sheet.put("\n")
    sheet.put(f"{fence}\n")


def _bare(part: object) -> str:
    """A part inside a block of code, where nothing is escaped."""
    if isinstance(part, Strong):
        return "".join(_bare(inner) for inner in part.parts)
    return clean(part if isinstance(part, str) else getattr(part, "text", ""))


def _line(sheet: Sheet, parts: Line, *, cell: bool = False, start: bool = False) -> None:
    for index, part in enumerate(parts):
        first = start and index == 0
        match part:
            case str():
                sheet.put(part)
            case Fact():
                sheet.put(escape(part.text, start=first), part)
            case Name(code=True):
                sheet.put(code(part.text, cell=cell))
            case Name():
                sheet.put(escape(part.text, start=first))
            case Words():
                sheet.put(f"“{escape(part.text)}”")
            case Strong():
                sheet.put("**")
                _line(sheet, part.parts, cell=cell)
                sheet.put("**")


def escape(text: str, *, start: bool = False) -> str:
    """Text that Markdown shows as it is, on one line."""
    found = clean(text.replace("\n", " ")).strip() if text != " " else text
    found = SPECIAL.sub(r"\\\1", found)
    if LINK.search(found) or (start and found.startswith("[")):
        found = found.replace("[", "\\[").replace("]", "\\]")
    found = TAG.sub("&lt;", ENTITY.sub("&amp;", found))
    if start:
        found = LEADING.sub(r"\1\\", found)
    return found


def code(text: str, *, cell: bool = False) -> str:
    """Text as inline code."""
    shown = clean(text.replace("\n", " "))
    if cell:
        shown = shown.replace("|", "\\|")
    ticks = "`" * (1 + max((len(run) for run in FENCE.findall(shown)), default=0))
    space = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{ticks}{space}{shown}{space}{ticks}"
