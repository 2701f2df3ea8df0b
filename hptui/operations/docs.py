"""The documentation that is installed with the program: pages of Markdown in `hptui/docs`, by topic, key or words.

A page is divided into sections at its headings, and a row of a table documents the key in its first or second cell.
Standard library only, so that every front end can read pages at once.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.core.errors import MachineError, UserError, did_you_mean, nearest

DIRECTORY = Path(__file__).parents[1] / "docs"

READING_ORDER = (
    *(
        "quickstart",
        "verbs",
        "study-file",
        "space",
        "search",
        "stages",
        "notify",
        "trainers",
        "scripts",
        "sweeps",
        "sft",
        "python",
    ),
    *(
        "screens",
        "reports",
        "statements",
        "exports",
        "executors",
        "ssh",
        "slurm",
        "ray",
        "reliability",
        "plugins",
        "architecture",
        "glossary",
    ),
    *("stability", "benchmarks", "changelog"),
)
"""Pages in the order in which they are listed; others follow."""

MAX_MATCHES = 12
TITLE_WEIGHT = 6.0
"""Occurrences in the text that one in the heading outweighs."""

HEADING = re.compile(r"(#{1,6}) +(.+?) *#*$")
CODE_CELL = re.compile(r"(?:`[^`]+`[ ,]*)+")
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
IMAGE_TABLE = re.compile(r"(?:^\|[ |-]*\n)+(?:^\|.*!\[.*\n?)+", re.MULTILINE)
FRAGMENT = re.compile(r"^(```\w+) fragment$", re.MULTILINE)
MARKER = re.compile(r"^<!--.*?-->\n?", re.MULTILINE)
WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class DocSection:
    """One section of a page: its heading, and its Markdown up to the next heading of any level."""

    topic: str
    title: str
    level: int
    text: str

    @property
    def place(self) -> str:
        """The argument of `hptui docs` that prints the section."""
        return f"{self.topic}.{anchor_of(self.title)}" if self.level > 1 else self.topic


@dataclass(frozen=True, slots=True)
class DocRow:
    """One row of a table: the keys that it documents, and its other cells by the heading of their column."""

    section: DocSection
    keys: tuple[str, ...]
    cells: tuple[tuple[str, str], ...]

    def as_markdown(self) -> str:
        """Return the row as a list of its cells under the keys."""
        shown = [f"- {heading or 'meaning'}: {cell}" for heading, cell in self.cells if cell]
        names = " ".join(f"`{key}`" for key in self.keys)
        return "\n".join([f"## {names} ({self.section.title})", "", *shown])


@dataclass(frozen=True, slots=True)
class DocMatch:
    """A section that a search returned, with the line of it that has most of the words."""

    section: DocSection
    line: str


# -- pages


def topics() -> dict[str, str]:
    """Return the topics with their summaries: the first sentence below each page's title."""
    return {path.stem: _summary(path.read_text(encoding="utf-8")) for path in _files()}


def page_path(topic: str = "") -> Path:
    """Return the file of a page, or the directory of all pages. Raises: UserError for an unknown topic."""
    if not topic:
        return DIRECTORY
    known = [path.stem for path in _files()]
    if topic not in known:
        raise UserError(f"there is no page {topic!r}", hint=_other_place(topic) or did_you_mean(topic, known))
    return DIRECTORY / f"{topic}.md"


def page(topic: str) -> str:
    """Return a page as Markdown for reading: without pictures and markers, links as commands."""
    return _readable(page_path(topic).read_text(encoding="utf-8"))


def sections(topic: str) -> list[DocSection]:
    """Return the sections of a page, in order."""
    return list(_sections(topic, page(topic)))


def anchor_of(title: str) -> str:
    """Return the anchor of a heading, as GitHub makes it: `[search.until]` becomes `searchuntil`."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _files() -> list[Path]:
    order = {name: place for place, name in enumerate(READING_ORDER)}
    paths = sorted(DIRECTORY.glob("*.md"), key=lambda path: (order.get(path.stem, len(order)), path.stem))
    if not paths:
        raise MachineError(f"the documentation is missing: {DIRECTORY}", hint="install hptui again")
    return paths


def _summary(text: str) -> str:
    paragraphs = [part for part in text.split("\n\n")[1:] if part.strip()]
    first = LINK.sub(r"\1", " ".join(paragraphs[0].split())) if paragraphs else ""
    return first.replace("`", "").replace("**", "")


def _readable(text: str) -> str:
    text = FRAGMENT.sub(r"\1", IMAGE_TABLE.sub("", MARKER.sub("", text)))
    text = "\n".join(line for line in text.splitlines() if "![" not in line)
    return re.sub(r"\n{3,}", "\n\n", LINK.sub(_as_command, text)).strip() + "\n"


def _as_command(link: re.Match[str]) -> str:
    """Replace a link to another page by the command that prints it; others stay."""
    text, target = link[1], link[2]
    page_file, _, anchor = target.partition("#")
    if "/" in page_file or not page_file.endswith(".md"):
        return link[0] if "://" in target else text
    topic = page_file.removesuffix(".md")
    command = f"`hptui docs {topic}{'.' if anchor else ''}{anchor}`"
    return command if text.replace(" ", "-") == topic else f"{text} ({command})"


def _sections(topic: str, text: str) -> Iterator[DocSection]:
    """Divide a page at its headings; a `#` inside a block of code is none."""
    title, level, lines, fenced = topic, 1, list[str](), False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else HEADING.match(line)
        if heading:
            if any(map(str.strip, lines)):
                yield DocSection(topic, title, level, "\n".join(lines).strip())
            title, level, lines = heading[2], len(heading[1]), []
        lines.append(line)
    yield DocSection(topic, title, level, "\n".join(lines).strip())


# -- the part of a page about a key


def rows(section: DocSection) -> Iterator[DocRow]:
    """Return the rows of a section's tables whose first or second cell holds nothing but keys."""
    headings: list[str] = []
    for line in section.text.splitlines():
        if not line.startswith("|"):
            headings = []
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if not headings:
            headings = cells
            continue
        place = next((n for n, cell in enumerate(cells[:2]) if CODE_CELL.fullmatch(cell)), None)
        if place is not None:
            keys = tuple(re.findall(r"`([^`]+)`", cells[place]))
            others = [pair for n, pair in enumerate(zip(headings, cells, strict=False)) if n != place]
            yield DocRow(section, keys, tuple(others))


def about(topic: str, key: str) -> str:
    """Return the part of a page about a key, as Markdown.

    That is its rows in tables, else its section, else the paragraphs that name it. A key may
    have the name of its table in front: `search.until.hours`. Raises: UserError if nothing is about it.
    """
    parts = sections(topic)
    texts = [row.as_markdown() for part in parts for row in rows(part) if _documents(row, key)]
    texts += [_whole(parts, n) for n, part in enumerate(parts) if part.level > 1 and _is_named(part, key)]
    texts = texts or list(_mentions(parts, key))
    if not texts:
        known = {name for part in parts for row in rows(part) for name in row.keys}
        known |= {anchor_of(part.title) for part in parts[1:]}
        hint = f"did you mean {nearest(key, known)!r}?" if nearest(key, known) else f"hptui docs --search {key}"
        raise UserError(f"the page {topic!r} has nothing about {key!r}", hint=_other_place(key) or hint)
    return "\n\n".join(texts) + "\n"


def _documents(row: DocRow, key: str) -> bool:
    names = {*row.keys, *(name.split()[1] for name in row.keys if name.startswith("hptui "))}
    table, _, name = key.rpartition(".")
    return key in names or (name in names and table == _table_name(row.section.title))


def _table_name(title: str) -> str:
    """Return the name of the table that a heading such as `[[search.stop]]` names."""
    return title.strip("[]`").lower()


def _is_named(section: DocSection, key: str) -> bool:
    return key.lower() in (anchor_of(section.title), _table_name(section.title), section.title.lower())


def _whole(parts: Sequence[DocSection], index: int) -> str:
    """Return a section with the sections below it."""
    end = next((n for n in range(index + 1, len(parts)) if parts[n].level <= parts[index].level), len(parts))
    return "\n\n".join(part.text for part in parts[index:end])


def _mentions(parts: Sequence[DocSection], key: str) -> Iterator[str]:
    word = re.compile(rf"(?<![\w.-]){re.escape(key)}(?![\w-])", re.IGNORECASE)
    for part in parts:
        blocks = [block for block in re.split(r"\n\n|\n(?=- )", part.text) if word.search(block)]
        blocks = [block for block in blocks if not block.startswith(("#", "```", "|"))]
        if blocks:
            yield "\n\n".join([f"## {part.title}", *blocks])


def _other_place(key: str) -> str:
    """Return a hint that names the first page on which a key is documented, or ''."""
    for path in _files():
        for part in _sections(path.stem, path.read_text(encoding="utf-8")):
            if any(_documents(row, key) for row in rows(part)):
                return f"did you mean {f'{path.stem}.{key}'!r}?"
    return ""


# -- search


def search(words: str, limit: int = MAX_MATCHES) -> list[DocMatch]:
    """Return the sections that have the words, best first.

    Sections with all words come before those with some, rare words count more than frequent ones. A word
    also stands for the words that begin with it.
    """
    wanted = list(dict.fromkeys(_words(words)))
    every = [section for path in _files() for section in sections(path.stem)]
    counts = [_counts(section, wanted) for section in every]
    having = [sum(1 for row in counts if row[n]) for n in range(len(wanted))]
    rarity = [math.log(1 + len(every) / number) if number else 0.0 for number in having]
    ranked: list[tuple[int, float, int]] = []
    for place, (section, row) in enumerate(zip(every, counts, strict=True)):
        # A long section has every word often; the square root keeps a repetition from outweighing another word.
        score = sum(math.sqrt(count) * weight for count, weight in zip(row, rarity, strict=True))
        if score:
            ranked.append((-sum(map(bool, row)), -score / (1 + math.log(1 + len(section.text) / 2000)), place))
    return [DocMatch(every[place], _best_line(every[place], wanted)) for _, _, place in sorted(ranked)[:limit]]


def _words(text: str) -> list[str]:
    words: list[str] = WORD.findall(text.lower())
    return words


def _counts(section: DocSection, words: Sequence[str]) -> list[float]:
    """Return how often a section has each word; its heading counts `TITLE_WEIGHT` times."""
    tokens, title = Counter(_words(section.text)), _words(section.title)
    in_text = [sum(count for token, count in tokens.items() if token.startswith(word)) for word in words]
    in_title = [sum(token.startswith(word) for token in title) for word in words]
    return [text + TITLE_WEIGHT * head for text, head in zip(in_text, in_title, strict=True)]


def _best_line(section: DocSection, words: Sequence[str]) -> str:
    """Return the line with most of the words, without Markdown; headings only if no other has any."""
    best, most = "", 0.0
    for line in section.text.splitlines():
        if line.startswith(("```", "| ---")):
            continue
        tokens = _words(line)
        hits = sum(any(token.startswith(word) for token in tokens) for word in words)
        value = hits - (0.5 if line.startswith("#") else 0.0)
        if value > most:
            best, most = line, value
    cells = [cell.strip().replace("\\|", "|") for cell in best.strip("|# -").split(" | ")]
    return " · ".join(cell for cell in cells if cell).replace("`", "").replace("**", "")
