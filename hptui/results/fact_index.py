"""`facts.json`: where each fact occurs in a report and what it rests on; verification of a report against the store.

    {"format": 1, "report": "quickstart.md", "sha256": "…", "study": …, "uuid": …, "style": "results", "asof": "…",
     "facts":  {"best.value.val_loss": {"value": 1.2345, "trials": "3", "field": "values.val_loss"}, …},
     "places": [[12, 34, "1.234", "best.value.val_loss"], …]}

A place is line (from 1), column (from 0, in characters), the text at that position, and the fact's key. `trials` is
packed as ranges: `0-4,7`. A non-finite number is written `{"nonfinite": "nan"}`, as in the store."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hptui.core.trial import Value
from hptui.results.document import MarkdownText, ReportDocument, render_markdown
from hptui.results.facts import Fact
from hptui.store.records import dump_json, pack_numbers, parse_json, unpack_numbers

FACT_INDEX_FORMAT = 1
"""Version of the file format; a reader rejects every other version."""


@dataclass(frozen=True, slots=True)
class FactPlace:
    """A place of a fact in a report, as recorded in `facts.json`."""

    line: int
    column: int
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class FactIndex:
    """The content of a `facts.json`: about the report, facts by key, and their places."""

    about: Mapping[str, Any]
    facts: Mapping[str, Fact]
    places: tuple[FactPlace, ...]


def same_value(first: Fact, second: Fact) -> bool:
    """Return whether two facts have the same value; 1 is 1.0, and NaN is NaN."""
    return first.value == second.value or dump_json([first.value]) == dump_json([second.value])


def build_fact_index(sheet: MarkdownText) -> dict[str, Fact]:
    """Return the facts of a report by key.

    Raises: AssertionError if one key has two values, a programming error of a report section.
    """
    facts: dict[str, Fact] = {}
    for place in sheet.places:
        fact = place.fact
        first = facts.setdefault(fact.key, fact)
        if not same_value(first, fact):
            raise AssertionError(f"the fact {fact.key} has two values: {first.value!r}, {fact.value!r}")
    return facts


def fact_index_text(document: ReportDocument, sheet: MarkdownText, name: str) -> str:
    """Return the `facts.json` of a rendered report called `name`. The same store gives the same bytes."""
    facts = {
        key: {"value": fact.value, "trials": pack_numbers(fact.trials), "field": fact.field}
        for key, fact in build_fact_index(sheet).items()
    }
    head = {
        "format": FACT_INDEX_FORMAT,
        "report": name,
        "sha256": hashlib.sha256(sheet.text.encode()).hexdigest(),
        **document.about,
    }
    lines = [f"{json.dumps(key)}: {dump_json(value)}" for key, value in head.items()]
    rows = ",\n  ".join(f"{json.dumps(key)}: {dump_json(value)}" for key, value in sorted(facts.items()))
    places = ",\n  ".join(dump_json([place.line, place.column, place.text, place.fact.key]) for place in sheet.places)
    return "{" + ",\n ".join([*lines, f'"facts": {{\n  {rows}}}', f'"places": [\n  {places}]']) + "}\n"


def read_fact_index(text: str) -> FactIndex:
    """Return the content of a `facts.json`.

    Raises: ValueError if the text is not a `facts.json` of this format version.
    """
    data = parse_json(text)
    if not isinstance(data, dict) or data.get("format") != FACT_INDEX_FORMAT:
        raise ValueError("this is no facts.json of this version of hptui")
    about = {key: value for key, value in data.items() if key not in ("facts", "places")}
    facts = {key: _fact(key, entry) for key, entry in data["facts"].items()}
    places = tuple(FactPlace(*place) for place in data["places"])
    return FactIndex(about, facts, places)


def _fact(key: str, entry: Mapping[str, Any]) -> Fact:
    value: Value = entry["value"]
    return Fact(key, value, "", unpack_numbers(entry["trials"]), entry["field"])


def render_with_index(document: ReportDocument, name: str) -> tuple[str, str]:
    """Return the report as Markdown, and its `facts.json`."""
    sheet = render_markdown(document)
    return sheet.text, fact_index_text(document, sheet, name)


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
