"""Compare a written report, line by line, with the one that the store gives now.

A line of the text that the store does not give is `changed` (ours, in other words), `foreign` (not ours) or `stale`
(ours, but it would be written otherwise now); one that is gone is `missing`. Text between
`<!-- own -->` and `<!-- /own -->` is the reader's and is listed, not compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import field
from difflib import SequenceMatcher
from typing import Literal

from hptui.core.dataclass import dataclass
from hptui.results.document import MarkdownText, RenderedFact
from hptui.results.fact_index import FactIndex, compared_text, line_digest

Kind = Literal["changed", "missing", "foreign", "stale"]
"""What is wrong with a line."""
OWN_BEGINS, OWN_ENDS = "<!-- own -->", "<!-- /own -->"
"""The lines around a reader's own text."""
MIN_SHARED_WORDS = 0.3
"""Lines with a smaller share of common words are two lines, not one that was changed."""
QUOTED = re.compile(r"“[^”]*”")
"""What people wrote, as a report quotes it."""
WORD = re.compile(r"\S+")
"""A word of a line."""


@dataclass(frozen=True, slots=True)
class ReportDifference:
    """A line that does not hold. `text` is what it says, `now` what the store gives; '' for none.

    `was` and `words` are the words that differ, as they should be and as they are; `line` is that of the report.
    """

    line: int
    kind: Kind
    text: str
    now: str
    was: str = ""
    words: str = ""
    key: str = ""
    trials: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LineComparison:
    """The result of a comparison: the number of lines that the store gives, the differences, the reader's own text."""

    lines: int
    differences: list[ReportDifference] = field(default_factory=list)
    own: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    raw: str
    text: str


def compare_lines(text: str, now: MarkdownText, ledger: FactIndex, then: MarkdownText | None = None) -> LineComparison:
    """Return how the text of a report differs from what the store gives now.

    `then` is what the store gave at the report's own time, where that is known: it tells what was edited since from
    what the store has outgrown. Else the digests of the ledger do; they are not trusted: a line that the store does not
    give is wrong, whatever the ledger says of it.
    """
    written, own = _split_own(text)
    current = _lines(now.text.split("\n"))
    places: dict[int, list[RenderedFact]] = {}
    for place in now.places:
        places.setdefault(place.line, []).append(place)
    comparison = _Comparison(places)
    current_digests = [line_digest(line.text) for line in current]
    as_written = list(ledger.lines) or current_digests
    if then is not None:
        as_written = _as_written(written, _lines(then.text.split("\n")), frozenset(ledger.lines))
    current_of: dict[int, _Line] = {}
    outgrown = _unequal(as_written, current_digests)
    for _, i, j in _equal(as_written, current_digests):
        current_of[i] = current[j]
    edited = _unequal([line_digest(line.text) for line in written], as_written)
    written_of = {j: written[i] for _, i, j in _equal([line_digest(line.text) for line in written], as_written)}
    for i1, i2, j1, j2 in edited:
        before = written[i1 - 1].number if i1 else 1
        comparison.edited(written[i1:i2], [current_of.get(index) for index in range(j1, j2)], before)
    for i1, i2, j1, j2 in outgrown:
        before = next((written_of[index].number for index in range(i1 - 1, -1, -1) if index in written_of), 1)
        comparison.outgrown([written_of[n] for n in range(i1, i2) if n in written_of], current[j1:j2], before)
    differences = sorted(comparison.differences, key=lambda item: (item.line, item.kind, item.now))
    return LineComparison(len(current), differences, own)


def _as_written(written: Sequence[_Line], then: Sequence[_Line], known: frozenset[str]) -> list[str]:
    """Return the digests of the lines that the store gave at the report's time.

    What people wrote (a note, a title) has no time in the store: where only that differs, the ledger tells.
    """
    digests = [line_digest(line.text) for line in then]
    first, second = ([QUOTED.sub("", line.text) for line in lines] for lines in (written, then))
    for _, i, j in _equal(first, second):
        if (digest := line_digest(written[i].text)) in known:
            digests[j] = digest
    return digests


def _unequal(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Return the stretches in which two lists differ."""
    return [
        block[1:] for block in SequenceMatcher(None, first, second, autojunk=False).get_opcodes() if block[0] != "equal"
    ]


def _equal(first: Sequence[str], second: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return the items in which two lists agree, with their places."""
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    return [(first[i + n], i + n, j + n) for i, j, size in blocks for n in range(size)]


def _lines(lines: Sequence[str], first: int = 1) -> list[_Line]:
    """Return the lines that count; blank ones and the paths of images do not."""
    numbered = ((number, raw, compared_text(raw)) for number, raw in enumerate(lines, first))
    return [_Line(*item) for item in numbered if item[2]]


def _split_own(text: str) -> tuple[list[_Line], list[tuple[int, str]]]:
    """Return the lines of a report that are compared, and those that a reader marked as their own."""
    ours: list[_Line] = []
    own: list[tuple[int, str]] = []
    is_own = False
    for line in _lines(text.removeprefix("\ufeff").split("\n")):
        if line.text in (OWN_BEGINS, OWN_ENDS):
            is_own = line.text == OWN_BEGINS
        elif is_own:
            own.append((line.number, line.text))
        else:
            ours.append(line)
    return ours, own


class _Comparison:
    """Collects the differences between two places at which text and store agree."""

    def __init__(self, places: dict[int, list[RenderedFact]]) -> None:
        self.places = places
        self.differences: list[ReportDifference] = []

    def edited(self, written: Sequence[_Line], ours: Sequence[_Line | None], before: int) -> None:
        """Compare lines that are not as written with ours there; None is one that the store gives no more."""
        known = [line for line in ours if line is not None]
        unknown = len(ours) - len(known)
        for line in written:
            partner = _most_alike(line, known)
            if partner is not None:
                known.remove(partner)
                self._add(line.number, "changed", line.text, partner)
            elif unknown:
                unknown -= 1
                self._add(line.number, "changed", line.text, None)
            else:
                self._add(line.number, "foreign", line.text, None)
        last = written[-1].number if written else before
        for gone in (*known, *[None] * unknown):
            self._add(last, "missing", "", gone)

    def outgrown(self, written: Sequence[_Line], current: Sequence[_Line], before: int) -> None:
        """Compare lines as they were written with those that the store gives now instead."""
        left = list(current)
        for line in written:
            partner = _most_alike(line, left)
            if partner is not None:
                left.remove(partner)
            self._add(line.number, "stale", line.text, partner)
        for line in left:
            self._add(written[-1].number if written else before, "stale", "", line)

    def _add(self, number: int, kind: Kind, text: str, now: _Line | None) -> None:
        if now is None:
            self.differences.append(ReportDifference(number, kind, text, ""))
            return
        was, words, start, end = _differing_words(text, now.text) if text else (now.text, "", 0, len(now.text))
        shift = len(now.raw) - len(now.raw.lstrip())
        facts = [
            place.fact
            for place in self.places.get(now.number, ())
            if place.column < end + shift and place.column + len(place.text) > start + shift
        ]
        key, trials = (facts[0].key, facts[0].trials) if facts else ("", ())
        self.differences.append(ReportDifference(number, kind, text, now.text, was, words, key, trials))


def _most_alike(line: _Line, others: Sequence[_Line]) -> _Line | None:
    """Return the line with most words in common; None if they are too few."""
    words = Counter(WORD.findall(line.text))

    def share(other: _Line) -> float:
        theirs = Counter(WORD.findall(other.text))
        return (words & theirs).total() / max(1, words.total(), theirs.total())

    best = max(others, key=share, default=None)
    return best if best is not None and share(best) >= MIN_SHARED_WORDS else None


def _differing_words(text: str, now: str) -> tuple[str, str, int, int]:
    """Return the words that should be there, those that are, and where in `now` the first ones stand."""
    ours, theirs = list(WORD.finditer(now)), list(WORD.finditer(text))
    matcher = SequenceMatcher(None, [word[0] for word in ours], [word[0] for word in theirs], autojunk=False)
    changes = [change for change in matcher.get_opcodes() if change[0] != "equal"]
    if not changes:
        return now, text, 0, len(now)
    (_, i1, _, j1, _), (_, _, i2, _, j2) = changes[0], changes[-1]
    start = ours[i1].start() if i1 < len(ours) else len(now)
    end = ours[i2 - 1].end() if i2 > i1 else start
    there = text[theirs[j1].start() : theirs[j2 - 1].end()] if j2 > j1 else ""
    return now[start:end], there, start, end
