"""What is doubtful about the examples of a study: said before the first trial, on every screen and in the report."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hptui.trainers.data.layout import Example, plain
from hptui.trainers.data.read import Row
from hptui.trainers.data.settings import DataSettings
from hptui.trainers.data.tokens import Counts

FEW = 100
"""Held-out examples below which a rate measured on them says little: its interval is wider than 20 points."""
CUT = 0.01
"""Share of truncated examples that is worth a word."""


def of_columns(rows: Sequence[Row], used: Iterable[str]) -> list[str]:
    """Columns that reach the model, but tell it nothing."""
    said = []
    for name in used:
        cells = {plain(row.get(name)) for row in rows}
        if len(rows) > 1 and len(cells) == 1:
            value = next(iter(cells))
            said.append(f"the column {name!r} is the same in all {len(rows)} training rows: {_short(value)!r}")
            continue
        empty = sum(not plain(row.get(name)).strip() for row in rows)
        if empty:
            said.append(f"the column {name!r} is empty in {empty} of {len(rows)} training rows")
    return said


def of_duplicates(examples: Mapping[str, Sequence[Example]]) -> list[str]:
    """Rows that are in two splits, or twice among those trained on."""
    said = []
    train = Counter(example.text for example in examples.get("train", ()))
    asked = {example.prompt for example in examples.get("train", ()) if example.prompt}
    for name in ("validation", "test"):
        held = examples.get(name, ())
        whole = sum(example.text in train for example in held)
        if whole:
            said.append(f"{whole} of {len(held)} {name} examples are also trained on: what is measured is memory")
        prompts = sum(example.prompt in asked for example in held) - whole
        if prompts > 0:
            said.append(f"{prompts} of {len(held)} {name} prompts are also trained on, with another completion")
    repeated = sum(train.values()) - len(train)
    if repeated:
        said.append(f"{repeated} of {sum(train.values())} training examples are repetitions of others")
    return said


def of_sizes(counts: Mapping[str, Counts], settings: DataSettings) -> list[str]:
    """Too few held-out examples, many truncated ones, ones that were left out."""
    said = []
    for name, found in counts.items():
        if name != "train" and 0 < found.examples < FEW:
            points = 100 * 1.96 * math.sqrt(0.25 / found.examples)
            said.append(
                f"the {name} set has {found.examples} examples: a rate measured on it is known to about "
                f"{points:.0f} points either way, and a small difference of losses is chance"
            )
        if found.truncated > CUT * max(found.rows, 1):
            share = 100 * found.truncated / found.rows
            said.append(
                f"{share:.1f} % of the {name} examples are cut at max_length={settings.max_length}; "
                f"the longest has {found.longest} tokens"
            )
        for count, why in (
            (found.empty, "have an empty column"),
            (found.too_long, f"are longer than max_length={settings.max_length}"),
            (found.unanswered, f"have nothing to learn within max_length={settings.max_length}"),
        ):
            if count:
                said.append(f"{count} of {found.rows} {name} rows are left out: they {why}")
    return said


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
