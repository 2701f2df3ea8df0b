"""The blocks of a report, and their Markdown with the place of every fact in it.

All names and notes are escaped: none can end a table cell or become a heading, a link or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field

from hptui.core.dataclass import dataclass
from hptui.core.masking import shown
from hptui.core.sanitize import sanitize
from hptui.results.claims.claim import Claim
from hptui.results.facts import Bold, Fact, Line, Name, UserText, facts_of


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
    trials: tuple[int, ...] = ()
    """The trial of each row, in a table of trials: HTML links to its data."""


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


@dataclass(frozen=True, slots=True)
class Fold:
    """The beginning of a part that is folded away under its title, up to the next `EndFold`."""

    title: Line


@dataclass(frozen=True, slots=True)
class EndFold:
    """The end of a folded part."""


Block = Heading | Paragraph | Bullets | ReportTable | CodeBlock | Quote | Image | Fold | EndFold
"""Any block of a report."""


@dataclass(frozen=True, slots=True)
class ReportDocument:
    """A whole report."""

    blocks: tuple[Block, ...]
    about: dict[str, str] = field(default_factory=dict)
    """The header of `facts.json`: study, its uuid, style, and the time of the newest record."""
    claims: tuple[Claim, ...] = ()
    """The claims that its sentences make."""

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
        case Fold():
            return (block.title,)
        case EndFold():
            return ()


def folded(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks with each heading of level 2 as the title of a fold over what follows it."""
    is_open = False
    for block in blocks:
        if isinstance(block, Heading) and block.level == 2:
            if is_open:
                yield EndFold()
            is_open = True
            yield Fold(block.line)
        else:
            yield block
    if is_open:
        yield EndFold()


SPECIAL = re.compile(r"([\\`*|$]|~~|(?<![^\W_])_|_(?![^\W_]))")
"""Characters that are escaped everywhere. An underscore inside a word is not markup."""
ENTITY = re.compile(r"&(?=#?\w+;)")
"""Beginning of an HTML entity."""
TAG = re.compile(r"<(?![\d\s=])")
"""Beginning of an HTML tag; before a number, a space or `=` it is none."""
LINK = re.compile(r"\]\s*[(\[:]|\[\^")
"""What turns text in brackets into a link or a footnote."""
LEADING = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=>|#+(?:\s|$)|[+=-](?:[\s=-]|$)))")
"""What Markdown takes for a list, quote, heading or rule at the beginning of a line."""
FENCE = re.compile(r"`+")
"""A run of backticks; a fence must be longer than any inside."""


@dataclass(frozen=True, slots=True)
class RenderedFact:
    """A fact in the Markdown text: line from 1, column from 0, and its text exactly as written."""

    line: int
    column: int
    text: str
    fact: Fact


@dataclass(slots=True)
class MarkdownText:
    """Markdown text under construction, with the places of its facts."""

    pieces: list[str] = field(default_factory=list)
    places: list[RenderedFact] = field(default_factory=list)
    line: int = 1
    column: int = 0

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)

    def put(self, text: str, fact: Fact | None = None) -> None:
        """Append text; `fact` if it is that of a fact."""
        if fact is not None:
            self.places.append(RenderedFact(self.line, self.column, text, fact))
        self.pieces.append(text)
        if newlines := text.count("\n"):
            self.line += newlines
            self.column = len(text) - text.rindex("\n") - 1
        else:
            self.column += len(text)


def render_markdown(document: ReportDocument) -> MarkdownText:
    """Return the whole report as Markdown."""
    markdown = MarkdownText()
    before: Block | None = None
    for block in document.blocks:
        is_first_screen = isinstance(before, Heading) and before.level == 1 and isinstance(block, Bullets)
        is_next_fold = isinstance(before, EndFold) and isinstance(block, Fold)
        if before is not None and not is_first_screen and not is_next_fold:
            markdown.put("\n")
        _block(markdown, block)
        before = block
    return markdown


def _block(markdown: MarkdownText, block: Block) -> None:
    match block:
        case Heading():
            markdown.put("#" * block.level + " ")
            _line(markdown, block.line)
            markdown.put("\n")
        case Paragraph():
            _line(markdown, block.line, start=True)
            markdown.put("\n")
        case Bullets():
            for number, item in enumerate(block.lines, start=1):
                markdown.put(f"{number}. " if block.kind == "1." else f"{block.kind} ")
                _line(markdown, item, start=True)
                markdown.put("\n")
        case ReportTable():
            _table(markdown, block)
        case CodeBlock():
            _code(markdown, block)
        case Quote():
            for words in block.words.text.splitlines() or [""]:
                markdown.put(f"> {escape_markdown(words, start=True)}".rstrip() + "\n")
            markdown.put(f">\n> ({block.who})\n")
        case Image():
            markdown.put(f"![{escape_markdown(block.alt)}](<{block.path}>)\n*")
            _line(markdown, block.caption)
            markdown.put("*\n")
        case Fold():
            markdown.put("<details>\n<summary>")
            _line(markdown, block.title)
            markdown.put("</summary>\n")
        case EndFold():
            markdown.put("</details>\n")


def _table(markdown: MarkdownText, table: ReportTable) -> None:
    for row in (table.head, None, *table.rows):
        if row is None:
            marks = ("---:" if index in table.right else "---" for index in range(len(table.head)))
            markdown.put("| " + " | ".join(marks) + " |\n")
            continue
        markdown.put("|")
        for cell in row:
            markdown.put(" ")
            _line(markdown, cell, cell=True)
            markdown.put(" |")
        markdown.put("\n")


def _code(markdown: MarkdownText, block: CodeBlock) -> None:
    text = "\n".join("".join(_bare(part) for part in line) for line in block.lines)
    fence = "`" * max(3, 1 + max((len(run) for run in FENCE.findall(text)), default=0))
    markdown.put(f"{fence}{block.language}\n")
    for line in block.lines:
        for part in line:
            markdown.put(_bare(part), part if isinstance(part, Fact) else None)
        markdown.put("\n")
    markdown.put(f"{fence}\n")


def _bare(part: object) -> str:
    """Return a part as it is written in a block of code, where nothing is escaped."""
    if isinstance(part, Bold):
        return "".join(_bare(inner) for inner in part.parts)
    return sanitize(part) if isinstance(part, str) else shown(getattr(part, "text", ""))


def _line(markdown: MarkdownText, parts: Line, *, cell: bool = False, start: bool = False) -> None:
    for index, part in enumerate(parts):
        first = start and index == 0
        match part:
            case str():
                markdown.put(part)
            case Fact(code=True):
                text = inline_code(part.text, cell=cell)
                ticks = text[: len(text) - len(text.lstrip("`"))]
                markdown.put(ticks)
                markdown.put(text[len(ticks) : -len(ticks)], part)
                markdown.put(ticks)
            case Fact():
                markdown.put(escape_markdown(part.text, start=first), part)
            case Name(code=True):
                markdown.put(inline_code(part.text, cell=cell))
            case Name():
                markdown.put(escape_markdown(part.text, start=first))
            case UserText():
                markdown.put(f"“{escape_markdown(part.text)}”")
            case Bold():
                markdown.put("**")
                _line(markdown, part.parts, cell=cell)
                markdown.put("**")


def escape_markdown(text: str, *, start: bool = False) -> str:
    """Return text on one line that Markdown shows literally; `start`: it begins a line."""
    escaped = shown(text.replace("\n", " ")).strip() if text != " " else text
    escaped = SPECIAL.sub(r"\\\1", escaped)
    if LINK.search(escaped) or (start and escaped.startswith("[")):
        escaped = escaped.replace("[", "\\[").replace("]", "\\]")
    escaped = TAG.sub("&lt;", ENTITY.sub("&amp;", escaped))
    if start:
        escaped = LEADING.sub(r"\1\\", escaped)
    return escaped


def inline_code(text: str, *, cell: bool = False) -> str:
    """Return text as inline code; `cell`: within a table."""
    content = shown(text.replace("\n", " "))
    if cell:
        content = content.replace("|", "\\|")
    ticks = "`" * (1 + max((len(run) for run in FENCE.findall(content)), default=0))
    space = " " if content.startswith("`") or content.endswith("`") or not content.strip() else ""
    return f"{ticks}{space}{content}{space}{ticks}"
