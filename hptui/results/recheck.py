"""Verification of a written report: numbers edited in its text, and numbers that the store no longer confirms."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hptui.results.facts import Fact
from hptui.results.ledger import FactIndex, FactPlace
from hptui.storage.cells import dump_json

MAX_LINE_SHIFT = 200
"""Lines by which a part of the report may have moved up or down through edits."""
LOOKAHEAD_LINES = 12
"""Lines with numbers that are compared to determine such a shift."""


@dataclass(frozen=True, slots=True)
class ReportDifference:
    """A number of a report that does not hold. `now` is the correct text; '' where the number should not occur."""

    line: int
    text: str
    now: str
    key: str
    why: str
    trials: tuple[int, ...] = ()


def edited_numbers(text: str, ledger: FactIndex) -> list[ReportDifference]:
    """Return the numbers that were changed in the text of the report since it was written."""
    if hashlib.sha256(text.encode()).hexdigest() == ledger.about.get("sha256"):
        return []
    lines, differences, shift = text.split("\n"), [], 0
    by_line: dict[int, list[FactPlace]] = defaultdict(list)
    for place in ledger.places:
        by_line[place.line].append(place)
    numbers = sorted(by_line)
    for index, number in enumerate(numbers):
        if not _matches(lines, number + shift, by_line[number]):
            # The line has moved or changed: take the shift at which most of the next lines match, the smallest change
            # of shift first.
            following = [(line, by_line[line]) for line in numbers[index : index + LOOKAHEAD_LINES]]
            shift = max(
                range(shift - MAX_LINE_SHIFT, shift + MAX_LINE_SHIFT),
                key=lambda s: (sum(_matches(lines, line + s, places) for line, places in following), -abs(s - shift)),
            )
        differences += _missing(lines, number + shift, by_line[number], ledger)
    return differences


def _matches(lines: Sequence[str], number: int, places: Sequence[FactPlace]) -> bool:
    """Return whether a line has all its numbers exactly where they were written."""
    if not 1 <= number <= len(lines):
        return False
    return all(lines[number - 1].startswith(place.text, place.column) for place in places)


def _missing(
    lines: Sequence[str], number: int, places: Sequence[FactPlace], ledger: FactIndex
) -> list[ReportDifference]:
    """Return the numbers missing from a line, in order. Words between them may have changed."""
    line, start, differences = lines[number - 1] if 1 <= number <= len(lines) else "", 0, []
    for place in places:
        position = line.find(place.text, start)
        if position < 0:
            trials = ledger.facts[place.key].trials
            differences.append(ReportDifference(number, "", place.text, place.key, "changed in the text", trials))
        else:
            start = position + len(place.text)
    return differences


def outdated_numbers(ledger: FactIndex, now: Mapping[str, Fact]) -> list[ReportDifference]:
    """Return the numbers that the store no longer confirms, each at its first place."""
    first: dict[str, FactPlace] = {}
    for place in ledger.places:
        first.setdefault(place.key, place)
    differences = []
    for key, place in first.items():
        before, fact = ledger.facts[key], now.get(key)
        if fact is None:
            differences.append(ReportDifference(place.line, place.text, "", key, "no longer said", before.trials))
        elif dump_json([fact.value]) != dump_json([before.value]):
            differences.append(
                ReportDifference(place.line, place.text, fact.text, key, "differs", fact.trials or before.trials)
            )
        elif set(fact.trials) != set(before.trials):
            differences.append(
                ReportDifference(place.line, place.text, fact.text, key, "is from other trials", fact.trials)
            )
    return differences
