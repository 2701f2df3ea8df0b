"""Warnings about the examples of a study, shown before the first trial and in the report."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hptui.trainers.data.layout import Example, cell_text
from hptui.trainers.data.read import Row
from hptui.trainers.data.settings import DataSettings
from hptui.trainers.data.tokens import SplitCounts

MIN_PRECISE_EXAMPLES = 100
"""Held-out examples below which a rate measured on them is imprecise: its interval exceeds 20 points."""
MIN_REPORTED_CUT_SHARE = 0.01
"""Share of truncated examples from which a warning is given."""


def column_warnings(rows: Sequence[Row], used: Iterable[str]) -> list[str]:
    """Return warnings about used columns that are constant or have empty cells."""
    warnings = []
    for name in used:
        cells = {cell_text(row.get(name)) for row in rows}
        if len(rows) > 1 and len(cells) == 1:
            value = next(iter(cells))
            warnings.append(f"the column {name!r} is the same in all {len(rows)} training rows: {_shortened(value)!r}")
            continue
        empty = sum(not cell_text(row.get(name)).strip() for row in rows)
        if empty:
            warnings.append(f"the column {name!r} is empty in {empty} of {len(rows)} training rows")
    return warnings


def duplicate_warnings(examples: Mapping[str, Sequence[Example]]) -> list[str]:
    """Return warnings about examples that are in two splits, or repeated among those trained on."""
    warnings = []
    train = Counter(example.text for example in examples.get("train", ()))
    train_prompts = {example.prompt for example in examples.get("train", ()) if example.prompt}
    for name in ("validation", "test"):
        held_out = examples.get(name, ())
        repeated_texts = sum(example.text in train for example in held_out)
        if repeated_texts:
            warnings.append(
                f"{repeated_texts} of {len(held_out)} {name} examples are also trained on: what is measured is memory"
            )
        prompts = sum(example.prompt in train_prompts for example in held_out) - repeated_texts
        if prompts > 0:
            warnings.append(f"{prompts} of {len(held_out)} {name} prompts are also trained on, with another completion")
    repeated = sum(train.values()) - len(train)
    if repeated:
        warnings.append(f"{repeated} of {sum(train.values())} training examples are repetitions of others")
    return warnings


def size_warnings(counts: Mapping[str, SplitCounts], settings: DataSettings) -> list[str]:
    """Return warnings about few held-out examples, truncated ones, and ones that were left out."""
    warnings = []
    for name, split_counts in counts.items():
        if name != "train" and 0 < split_counts.examples < MIN_PRECISE_EXAMPLES:
            points = 100 * 1.96 * math.sqrt(0.25 / split_counts.examples)
            warnings.append(
                f"the {name} set has {split_counts.examples} examples: a rate measured on it is known to about "
                f"{points:.0f} points either way, and a small difference of losses is chance"
            )
        if split_counts.truncated > MIN_REPORTED_CUT_SHARE * max(split_counts.rows, 1):
            share = 100 * split_counts.truncated / split_counts.rows
            warnings.append(
                f"{share:.1f} % of the {name} examples are cut at max_length={settings.max_length}; "
                f"the longest has {split_counts.longest} tokens"
            )
        for count, why in (
            (split_counts.empty, "have an empty column"),
            (split_counts.too_long, f"are longer than max_length={settings.max_length}"),
            (split_counts.unanswered, f"have nothing to learn within max_length={settings.max_length}"),
        ):
            if count:
                warnings.append(f"{count} of {split_counts.rows} {name} rows are left out: they {why}")
    return warnings


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
