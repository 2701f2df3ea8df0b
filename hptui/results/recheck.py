"""A report read back: which of its numbers are no longer what its facts said, or what the store says."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hptui.results.facts import Fact
from hptui.results.ledger import Ledger, Placed
from hptui.storage.cells import dump

NEAR = 200
"""By so many lines a line of the report may have moved, where somebody has written between the lines."""
AHEAD = 12
"""So many lines with numbers are looked at to see by how much."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One number of a report that does not hold. `now` is what should stand there; '' where nothing would."""

    line: int
    text: str
    now: str
    key: str
    why: str
    trials: tuple[int, ...] = ()


def edited(text: str, ledger: Ledger) -> list[Difference]:
    """The numbers that somebody has changed in the text of the report since it was written."""
    if hashlib.sha256(text.encode()).hexdigest() == ledger.about.get("sha256"):
        return []
    lines, found, shift = text.split("\n"), [], 0
    by_line: dict[int, list[Placed]] = defaultdict(list)
    for place in ledger.places:
        by_line[place.line].append(place)
    numbers = sorted(by_line)
    for index, number in enumerate(numbers):
        if not _stands(lines, number + shift, by_line[number]):
            ahead = [(one, by_line[one]) for one in numbers[index : index + AHEAD]]
            shift = max(
                range(shift - NEAR, shift + NEAR),
                key=lambda s: (sum(_stands(lines, n + s, places) for n, places in ahead), -abs(s - shift)),
            )
        found += _missing(lines, number + shift, by_line[number], ledger)
    return found


def _stands(lines: Sequence[str], number: int, places: Sequence[Placed]) -> bool:
    """Whether a line has all its texts exactly where they were written."""
    if not 1 <= number <= len(lines):
        return False
    return all(lines[number - 1].startswith(place.text, place.column) for place in places)


def _missing(lines: Sequence[str], number: int, places: Sequence[Placed], ledger: Ledger) -> list[Difference]:
    """The texts that are no longer in a line, in order; words between them may have changed."""
    line, at, found = lines[number - 1] if 1 <= number <= len(lines) else "", 0, []
    for place in places:
        here = line.find(place.text, at)
        if here < 0:
            trials = ledger.facts[place.key].trials
            found.append(Difference(number, "", place.text, place.key, "changed in the text", trials))
        else:
            at = here + len(place.text)
    return found


def stale(ledger: Ledger, now: Mapping[str, Fact]) -> list[Difference]:
    """The numbers that the store no longer bears out, each where it stands first."""
    first: dict[str, Placed] = {}
    for place in ledger.places:
        first.setdefault(place.key, place)
    found = []
    for key, place in first.items():
        was, fact = ledger.facts[key], now.get(key)
        if fact is None:
            found.append(Difference(place.line, place.text, "", key, "no longer said", was.trials))
        elif dump([fact.value]) != dump([was.value]):
            found.append(Difference(place.line, place.text, fact.text, key, "differs", fact.trials or was.trials))
        elif set(fact.trials) != set(was.trials):
            found.append(Difference(place.line, place.text, fact.text, key, "is from other trials", fact.trials))
    return found
