"""Compare a written report, line by line, with the one that the store gives now.

A line of the text that the store does not give is `changed` (ours, in other words or at another place), `foreign` (not
ours) or `stale` (ours, but it would be written otherwise now); one that is gone is `missing`. Text between
`<!-- own -->` and `<!-- /own -->` is the reader's and is listed, not compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal

from hptui.results.document import MarkdownText, RenderedFact
from hptui.results.fact_index import FactIndex, image_without_path, line_digest

Kind = Literal["changed", "missing", "foreign", "stale"]
"""What is wrong with a line."""
OWN_BEGINS, OWN_ENDS = "<!-- own -->", "<!-- /own -->"
"""The lines around a reader's own text."""
MIN_SHARED_WORDS = 0.3
"""Lines with a smaller share of common words are two lines, not one that was changed."""
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


def compare_lines(text: str, now: MarkdownText, ledger: FactIndex) -> LineComparison:
    """Return how the text of a report differs from what the store gives now."""
    written, own = _split_own(text)
    current = _lines(now.text.split("\n"))
    places: dict[int, list[RenderedFact]] = {}
    for place in now.places:
        places.setdefault(place.line, []).append(place)
    blocks = SequenceMatcher(
        None, [line.text for line in written], [line.text for line in current], autojunk=False
    ).get_opcodes()
    unequal = [block for block in blocks if block[0] != "equal"]
    as_written = Counter(ledger.lines)
    as_written.subtract(
        line_digest(line.text) for tag, i1, i2, _, _ in blocks if tag == "equal" for line in written[i1:i2]
    )
    unmatched = Counter(line.text for _, _, _, j1, j2 in unequal for line in current[j1:j2])
    comparison = _Comparison(as_written, unmatched, places)
    for _, i1, i2, j1, j2 in unequal:
        before = written[i1 - 1].number if i1 else 1
        comparison.block(written[i1:i2], current[j1:j2], before)
    differences = sorted(comparison.differences, key=lambda item: (item.line, item.kind, item.now))
    return LineComparison(len(current), differences, own)


def _lines(lines: Sequence[str], first: int = 1) -> list[_Line]:
    """Return the lines that count; blank ones and the paths of images do not."""
    numbered = ((number, raw, image_without_path(raw)) for number, raw in enumerate(lines, first))
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
    """Collects the differences; each line of the ledger and of the store accounts for one line of the text."""

    def __init__(
        self, as_written: Counter[str], unmatched: Counter[str], places: dict[int, list[RenderedFact]]
    ) -> None:
        self.as_written, self.unmatched, self.places = as_written, unmatched, places
        self.differences: list[ReportDifference] = []

    def block(self, written: Sequence[_Line], current: Sequence[_Line], before: int) -> None:
        """Compare the lines between two places at which text and store agree; `before` is the line above them."""
        left = list(current)
        for line in written:
            partner = _most_alike(line, left)
            if partner is not None:
                left.remove(partner)
            self._written_line(line, partner)
        for line in left:
            digest = line_digest(line.text)
            was_ours = not self.as_written or self.as_written[digest] > 0
            self.as_written[digest] -= 1
            kind: Kind = "missing" if was_ours else "stale"
            self._add(written[-1].number if written else before, kind, "", line)

    def _written_line(self, line: _Line, partner: _Line | None) -> None:
        digest = line_digest(line.text)
        is_moved = self.unmatched[line.text] > 0
        if not is_moved and self.as_written[digest] > 0:
            self.as_written[digest] -= 1
            self._add(line.number, "stale", line.text, partner)
        elif partner is not None or is_moved:
            if partner is not None and partner.text != line.text:
                self.as_written[line_digest(partner.text)] -= 1
            self._add(line.number, "changed", line.text, partner)
        else:
            self._add(line.number, "foreign", line.text, None)

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
