"""Lines of a report, built from fixed words, names and facts; each number is a `Fact` with its source.

The fixed words of a line contain no digit. A `Fact` carries the exact value, the trials that it was computed from and
the stored field that it reproduces, so that a sentence cannot state what was not recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value


@dataclass(frozen=True, slots=True)
class Fact:
    """A number (or recorded value) of a report.

    `key` is its stable name within the report, `text` its formatted form. `trials` are the numbers of the trials that
    it was computed from; empty for values of the study as a whole. `field` is the stored field that it reproduces or
    averages (`values.loss`, `seconds`, `params.lr`); empty for a count, a choice or a test statistic. `code`: it is a
    command, written as code.
    """

    key: str
    value: Value
    text: str
    trials: tuple[int, ...] = ()
    field: str = ""
    code: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A name from the study: of a setting, a metric, a trial. It may contain digits and is not checked as a number."""

    text: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class UserText:
    """Free text written by a person; a report marks it as a quotation."""

    text: str


@dataclass(frozen=True, slots=True)
class Bold:
    """A part of a line in bold."""

    parts: Line


Part = str | Fact | Name | UserText | Bold
"""A part of a line; a `str` is fixed text without digits."""
Line = tuple[Part, ...]
"""A line of a report, as its parts."""

TEMPLATE_PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""`{name}` in a template."""


def line(template: str, **parts: Part | Line | Sequence[Part]) -> Line:
    """Return the line made from `template`, with each `{name}` replaced by the part of that name."""
    parts_of_line: list[Part] = []
    for index, text in enumerate(TEMPLATE_PLACEHOLDER.split(template)):
        if index % 2 == 0:
            if text:
                parts_of_line.append(text)
            continue
        part = parts[text]
        if isinstance(part, str | Fact | Name | UserText | Bold):
            parts_of_line.append(part)
        else:
            parts_of_line.extend(part)
    return tuple(parts_of_line)


def join_parts(lines: Iterable[Part | Line], separator: str = ", ", last: str | None = None) -> Line:
    """Join parts or lines with `separator`; `last` separates the last two, if given."""
    items = [(item,) if isinstance(item, str | Fact | Name | UserText | Bold) else tuple(item) for item in lines]
    parts: list[Part] = []
    for index, item in enumerate(items):
        if index:
            parts.append(last if last is not None and index == len(items) - 1 else separator)
        parts.extend(item)
    return tuple(parts)


def join_with_and(lines: Iterable[Part | Line]) -> Line:
    """Join parts or lines as an enumeration: `a, b and c`."""
    return join_parts(lines, ", ", " and ")


def capitalize_first(parts: Line) -> Line:
    """Return the line with its first letter in upper case, unless it begins with a name or a fact."""
    first = parts[0] if parts else ""
    return (first[:1].upper() + first[1:], *parts[1:]) if isinstance(first, str) and first else parts


def lower_first(parts: Line) -> Line:
    """Return a sentence as it goes on behind a colon: without its capital, unless a name begins it."""
    first = parts[0] if parts else ""
    return (first[:1].lower() + first[1:], *parts[1:]) if isinstance(first, str) and first else parts


def facts_of(parts: Line) -> Iterator[Fact]:
    """Yield all facts of a line, including those in bold."""
    for part in parts:
        if isinstance(part, Fact):
            yield part
        elif isinstance(part, Bold):
            yield from facts_of(part.parts)


def plain_text(parts: Line) -> str:
    """Return a line as plain text without markup."""
    return "".join(
        part if isinstance(part, str) else plain_text(part.parts) if isinstance(part, Bold) else part.text
        for part in parts
    )
