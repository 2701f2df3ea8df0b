"""`facts.json`: where each fact occurs in a report and what it rests on; verification of a report against the store.

    {"format": 1, "report": "quickstart.md", "sha256": "…", "study": …, "uuid": …, "style": "results", "asof": "…",
     "hptui": "0.1.0", "lines": "9f86d08188 60303ae22b …",
     "facts":  {"best.value.val_loss": {"value": 1.2345, "trials": "3", "field": "values.val_loss"}, …},
     "claims": [{"class": "E1", "subject": "lr", "trials": [0, 1], "premise": {"evidence": 35.0}, …, "line": 9}, …],
     "places": [[12, 34, "1.234", "best.value.val_loss"], …]}

A place is line (from 1), column (from 0, in characters), the text at that position, and the fact's key. `trials` is
packed as ranges: `0-4,7`. `lines` has a digest of each line that is not blank. A non-finite number is written
`{"nonfinite": "nan"}`, as in the store."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value
from hptui.core.version import __version__
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
    lines: tuple[str, ...] = ()
    """Digests of the lines that are not blank; empty in a report of an older version."""


def same_value(first: Fact, second: Fact) -> bool:
    """Return whether two facts have the same value; 1 is 1.0, and NaN is NaN."""
    return first.value == second.value or dump_json([first.value]) == dump_json([second.value])


def keyed_facts(sheet: MarkdownText) -> list[tuple[str, Fact]]:
    """Return key and fact of each place of a report.

    A person may call a setting or metric as hptui calls something else of a trial, such as `seconds`: then the second
    one that occurs has the field that it comes from behind its key.

    Raises: AssertionError if one key has two values of one field, a programming error of a report section.
    """
    keyed: list[tuple[str, Fact]] = []
    known: dict[str, Fact] = {}
    for place in sheet.places:
        key, fact = place.fact.key, place.fact
        if not same_value(known.setdefault(key, fact), fact) and known[key].field != fact.field:
            key = f"{key} ({fact.field})"
        first = known.setdefault(key, fact)
        if not same_value(first, fact):
            raise AssertionError(f"the fact {key} has two values: {first.value!r}, {fact.value!r}")
        keyed.append((key, fact))
    return keyed


def build_fact_index(sheet: MarkdownText) -> dict[str, Fact]:
    """Return the facts of a report by key. Raises: AssertionError as `keyed_facts` does."""
    facts: dict[str, Fact] = {}
    for key, fact in keyed_facts(sheet):
        facts.setdefault(key, fact)
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
        "hptui": __version__,
        "sha256": hashlib.sha256(sheet.text.encode()).hexdigest(),
        **document.about,
    }
    digests = " ".join(line_digest(compared_text(line)) for line in sheet.text.split("\n") if line.strip())
    lines = [f"{json.dumps(key)}: {dump_json(value)}" for key, value in {**head, "lines": digests}.items()]
    rows = ",\n  ".join(f"{json.dumps(key)}: {dump_json(value)}" for key, value in sorted(facts.items()))
    claims = ",\n  ".join(dump_json(claim) for claim in claims_in_text(document, sheet))
    keys = [key for key, _ in keyed_facts(sheet)]
    places = ",\n  ".join(
        dump_json([place.line, place.column, place.text, key]) for place, key in zip(sheet.places, keys, strict=True)
    )
    tables = [f'"facts": {{\n  {rows}}}', f'"claims": [\n  {claims}]', f'"places": [\n  {places}]']
    return "{" + ",\n ".join([*lines, *tables]) + "}\n"


MARKUP = re.compile(r"[*`\\\\]")
"""What Markdown puts around and before the characters of a sentence."""


def claims_in_text(document: ReportDocument, sheet: MarkdownText) -> Iterator[dict[str, Any]]:
    """Yield the claims that are in the report, each with its first line, class and premise."""
    text = "\n".join(MARKUP.sub("", line) for line in sheet.text.split("\n"))
    for claim in document.claims:
        sentence = MARKUP.sub("", claim.sentence)
        position = text.find(sentence) if sentence else -1
        if position >= 0:
            yield {**claim.to_json(), "line": text.count("\n", 0, position) + 1}


def read_fact_index(text: str) -> FactIndex:
    """Return the content of a `facts.json`.

    Raises: ValueError if the text is not a `facts.json` of this format version.
    """
    data = parse_json(text)
    if not isinstance(data, dict) or data.get("format") != FACT_INDEX_FORMAT:
        raise ValueError("this is no facts.json of this version of hptui")
    about = {key: value for key, value in data.items() if key not in ("facts", "places", "lines", "claims")}
    facts = {key: _fact(key, entry) for key, entry in data["facts"].items()}
    places = tuple(FactPlace(*place) for place in data["places"])
    return FactIndex(about, facts, places, tuple(str(data.get("lines", "")).split()))


def _fact(key: str, entry: Mapping[str, Any]) -> Fact:
    value: Value = entry["value"]
    return Fact(key, value, "", unpack_numbers(entry["trials"]), entry["field"])


def render_with_index(document: ReportDocument, name: str) -> tuple[str, str]:
    """Return the report as Markdown, and its `facts.json`."""
    sheet = render_markdown(document)
    return sheet.text, fact_index_text(document, sheet, name)


IMAGE_PATH = re.compile(r"^(!\[.*\])\(<.*>\)$")
"""An image, whose path does not count."""


CELL_EDGE = re.compile(r"(?<!\\)\|")
"""What divides the cells of a table."""
DASHES = re.compile(r"(:?)-+(:?)")
"""A cell of the row below the head of a table, as wide as an editor makes it."""


def compared_text(line: str) -> str:
    """Return a line without what does not count.

    That is the spaces around it and around the cells of a table, and the path of an image.
    """
    text = line.strip()
    if text.startswith("|") and text.endswith("|"):
        cells = [DASHES.sub(r"\1---\2", cell) if DASHES.fullmatch(cell) else cell for cell in _cells(text)]
        return " | ".join(cells).strip()
    return IMAGE_PATH.sub(r"\1", text)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in CELL_EDGE.split(row)]


def line_digest(line: str) -> str:
    """Return a short digest of a line of a report, without the spaces around it."""
    return hashlib.sha256(line.strip().encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class NumberDifference:
    """A number that no longer stands where it was written, or that the store gives otherwise now (`is_stale`)."""

    line: int
    text: str
    now: str
    key: str
    trials: tuple[int, ...]
    is_stale: bool = False


def edited_numbers(text: str, ledger: FactIndex) -> list[NumberDifference]:
    """Return the numbers of each written line that the text has on no line, whole and in their order.

    This is all that can be checked of a report by another version of hptui, which has other words.
    """
    if hashlib.sha256(text.encode()).hexdigest() == ledger.about.get("sha256"):
        return []
    lines, differences, start = text.split("\n"), [], 0
    by_line: dict[int, list[FactPlace]] = defaultdict(list)
    for place in ledger.places:
        by_line[place.line].append(place)
    for number, places in sorted(by_line.items()):
        pattern = re.compile(".*?".join(_whole(place.text) for place in places))
        index = next((index for index in range(start, len(lines)) if pattern.search(lines[index])), None)
        if index is None:
            place = places[0]
            was = ", ".join(place.text for place in places)
            differences.append(NumberDifference(number, "", was, place.key, ledger.facts[place.key].trials))
        else:
            start = index + (lines[index] != "")
    return differences


def _whole(text: str) -> str:
    """Return a pattern for a number that is not part of a longer one."""
    return rf"(?<![\w−-])(?<!\d[.,]){re.escape(text)}(?![\w%])(?![.,]\d)"


def outdated_numbers(ledger: FactIndex, now: Mapping[str, Fact]) -> list[NumberDifference]:
    """Return the numbers that the store gives otherwise now, each at its first place."""
    first: dict[str, FactPlace] = {}
    for place in ledger.places:
        first.setdefault(place.key, place)
    differences = []
    for key, place in first.items():
        before, fact = ledger.facts[key], now.get(key)
        if fact is not None and before.field == fact.field and not same_value(before, fact):
            differences.append(NumberDifference(place.line, place.text, fact.text, key, fact.trials, is_stale=True))
    return differences
