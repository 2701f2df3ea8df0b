"""`facts.json`: which fact stands where in a report, what its exact value is, and which trials it is from.

    {"format": 1, "report": "quickstart.md", "sha256": "…", "study": …, "uuid": …, "style": "results", "asof": "…",
     "facts":  {"best.value.val_loss": {"value": 1.2345, "trials": "3", "field": "values.val_loss"}, …},
     "places": [[12, 34, "1.234", "best.value.val_loss"], …]}

A place is line (from 1), column (from 0, in characters), the text that stands there, and the fact's key. `trials` is
packed as ranges: `0-4,7`. A number that is not finite is written `{"nonfinite": "nan"}`, as in the store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hptui.model.trial import Value
from hptui.results.document import Document
from hptui.results.facts import Fact
from hptui.results.markdown import Sheet, render
from hptui.storage.cells import dump, pack_numbers, parse, unpack_numbers

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Placed:
    """A fact's place as a ledger tells it."""

    line: int
    column: int
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """A `facts.json`, read back."""

    about: Mapping[str, Any]
    facts: Mapping[str, Fact]
    places: tuple[Placed, ...]


def gather(sheet: Sheet) -> dict[str, Fact]:
    """The facts of a report by key. One key with two values would be our mistake."""
    found: dict[str, Fact] = {}
    for place in sheet.places:
        fact = place.fact
        before = found.setdefault(fact.key, fact)
        if before.value != fact.value and dump([before.value]) != dump([fact.value]):  # 1 is 1.0, and NaN is NaN
            raise AssertionError(f"the fact {fact.key} has two values: {before.value!r}, {fact.value!r}")
    return found


def ledger_text(document: Document, sheet: Sheet, name: str) -> str:
    """`facts.json` for a rendered report called `name`: the same store gives the same bytes."""
    facts = {
        key: {"value": fact.value, "trials": pack_numbers(fact.trials), "field": fact.field}
        for key, fact in gather(sheet).items()
    }
    head = {
        "format": FORMAT,
        "report": name,
        "sha256": hashlib.sha256(sheet.text.encode()).hexdigest(),
        **document.about,
    }
    lines = [f"{json.dumps(key)}: {dump(value)}" for key, value in head.items()]
    rows = ",\n  ".join(f"{json.dumps(key)}: {dump(value)}" for key, value in sorted(facts.items()))
    spots = ",\n  ".join(dump([p.line, p.column, p.text, p.fact.key]) for p in sheet.places)
    return "{" + ",\n ".join([*lines, f'"facts": {{\n  {rows}}}', f'"places": [\n  {spots}]']) + "}\n"


def read_ledger(text: str) -> Ledger:
    """The inverse of `ledger_text`; `ValueError` for what is none."""
    data = parse(text)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError("this is no facts.json of this version of hptui")
    about = {key: value for key, value in data.items() if key not in ("facts", "places")}
    facts = {key: _fact(key, one) for key, one in data["facts"].items()}
    places = tuple(Placed(*place) for place in data["places"])
    return Ledger(about, facts, places)


def _fact(key: str, one: Mapping[str, Any]) -> Fact:
    value: Value = one["value"]
    return Fact(key, value, "", unpack_numbers(one["trials"]), one["field"])


def rendered(document: Document, name: str) -> tuple[str, str]:
    """The report as Markdown, and its ledger."""
    sheet = render(document)
    return sheet.text, ledger_text(document, sheet, name)
