"""`facts.json`: where each fact occurs in a report, its exact value, and the trials it comes from.

    {"format": 1, "report": "quickstart.md", "sha256": "…", "study": …, "uuid": …, "style": "results", "asof": "…",
     "facts":  {"best.value.val_loss": {"value": 1.2345, "trials": "3", "field": "values.val_loss"}, …},
     "places": [[12, 34, "1.234", "best.value.val_loss"], …]}

A place is line (from 1), column (from 0, in characters), the text at that position, and the fact's key. `trials` is
packed as ranges: `0-4,7`. A non-finite number is written `{"nonfinite": "nan"}`, as in the store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hptui.model.trial import Value
from hptui.results.document import ReportDocument
from hptui.results.facts import Fact
from hptui.results.markdown import MarkdownText, render_markdown
from hptui.storage.cells import dump_json, pack_numbers, parse_json, unpack_numbers

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


def build_fact_index(sheet: MarkdownText) -> dict[str, Fact]:
    """Return the facts of a report by key.

    Raises: AssertionError if one key has two values, a programming error of a report section.
    """
    facts: dict[str, Fact] = {}
    for place in sheet.places:
        fact = place.fact
        first = facts.setdefault(fact.key, fact)
        if first.value != fact.value and dump_json([first.value]) != dump_json([fact.value]):  # 1 == 1.0, NaN is NaN
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
