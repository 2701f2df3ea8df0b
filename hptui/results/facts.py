"""What a report says, and where each of its numbers is from: lines made of plain words, names, and facts.

The plain words of a line are written by us and hold no digit: every number is a `Fact`, which keeps its exact value,
the trials it was computed from, and which of their stored fields it used: a sentence cannot say what was not recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hptui.model.trial import Value


@dataclass(frozen=True, slots=True)
class Fact:
    """One number (or recorded value) of a report.

    `key` is its stable name within the report, `text` how it is shown. `trials` are those it was computed from, none
    for what the study file or the study as a whole says. `field` is the stored field that it reproduces or averages
    (`values.loss`, `seconds`, `params.lr`); empty for a count, a choice or a test over several of them.
    """

    key: str
    value: Value
    text: str
    trials: tuple[int, ...] = ()
    field: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A name that the study gave: of a setting, a metric, a trial. It may hold digits, and is no number."""

    text: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Free text that a person wrote. A report marks it as theirs."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """A part of a line in bold."""

    parts: Line


Part = str | Fact | Name | Words | Strong
Line = tuple[Part, ...]

PLACE = re.compile(r"\{(\w+)\}")


def line(template: str, **parts: Part | Line | Sequence[Part]) -> Line:
    """A line: the words of `template`, with the named parts in the places of `{name}`."""
    found: list[Part] = []
    for index, piece in enumerate(PLACE.split(template)):
        if index % 2 == 0:
            if piece:
                found.append(piece)
            continue
        part = parts[piece]
        if isinstance(part, str | Fact | Name | Words | Strong):
            found.append(part)
        else:
            found.extend(part)
    return tuple(found)


def joined(lines: Iterable[Part | Line], separator: str = ", ", last: str | None = None) -> Line:
    """Several parts or lines as one: `a, b and c`."""
    items = [(item,) if isinstance(item, str | Fact | Name | Words | Strong) else tuple(item) for item in lines]
    found: list[Part] = []
    for index, item in enumerate(items):
        if index:
            found.append(last if last is not None and index == len(items) - 1 else separator)
        found.extend(item)
    return tuple(found)


def listed(lines: Iterable[Part | Line]) -> Line:
    """`a, b and c`."""
    return joined(lines, ", ", " and ")


def capital(parts: Line) -> Line:
    """The line as the beginning of a sentence."""
    first = parts[0] if parts else ""
    return (first[:1].upper() + first[1:], *parts[1:]) if isinstance(first, str) and first else parts


def facts_of(parts: Line) -> Iterator[Fact]:
    """Every fact of a line, those in bold included."""
    for part in parts:
        if isinstance(part, Fact):
            yield part
        elif isinstance(part, Strong):
            yield from facts_of(part.parts)


def plain(parts: Line) -> str:
    """A line as text, without any marks."""
    return "".join(
        part if isinstance(part, str) else plain(part.parts) if isinstance(part, Strong) else part.text
        for part in parts
    )
