"""Records that say in a field of which data their values are: `{"loss": 0.3, "split": "test", "step": 5}`.

The split becomes a part of the names, `test_loss`; an objective that names none keeps its name, and is of one split."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from hptui.scripts.metrics.pairs import STEP_KEYS, MetricsReading, canonical_name
from hptui.scripts.metrics.splits import SPLITS, Split
from hptui.scripts.metrics.words import METRIC_WORDS

SPLIT_FIELDS = ("split", "data_split", "phase", "mode", "stage", "subset", "partition", "set", "dataset", "fold",
                "part", "type", "kind", "event")  # fmt: skip
"""Fields whose value may name a split, the most telling first."""
WORDS_OF_DATA = ("set", "split", "data", "dataset", "loop", "step", "epoch")
"""Words behind that of a split which say nothing more: `test set`, `train_epoch`."""
HELD_OUT_ALIKE = ("val", "eval", "dev")
"""Splits that are called one as well as another."""
COUNTED = ("epoch", *STEP_KEYS)
NO_METRIC_WORDS = {"lr", "norm"}


def split_of_fields(values: Mapping[str, Any]) -> str:
    """Return the split that a field of a record names; '' without one."""
    fields = {name.lower(): value for name, value in values.items() if isinstance(value, str)}
    return next((split for name in SPLIT_FIELDS if (split := _split_of(fields.get(name, "")))), "")


def _split_of(text: str) -> str:
    if not 0 < len(text) <= MAX_SPLIT_CHARS:
        return ""
    first, *others = canonical_name(text).split("_")
    return first if first in SPLITS and set(others) <= {*WORDS_OF_DATA} else ""


MAX_SPLIT_CHARS = 24
"""Characters of a value that may name a split."""


def gets_split(name: str, split: str, wanted: Collection[str]) -> bool:
    """Return whether a name in a record becomes one of a split.

    Those of objectives and of no metric do not.
    """
    words = canonical_name(name)
    if name.lower() in COUNTED or not {*SPLITS}.isdisjoint(words.split("_")):
        return False
    if f"{split}_{words}" in wanted:
        return True
    return words not in wanted and not (METRIC_WORDS - NO_METRIC_WORDS).isdisjoint(words.split("_"))


def with_split(reading: MetricsReading, split: str, wanted: Collection[str]) -> MetricsReading:
    """Return the reading of a record with its split: in the names, or next to those that keep theirs."""
    named = {name: f"{split}_{name}" if gets_split(name, split, wanted) else name for name in reading.metrics}
    metrics = {named[name]: value for name, value in reading.metrics.items()}
    return MetricsReading(metrics, reading.step, splits=splits_beside(metrics, split))


def splits_beside(names: Collection[str], split: str) -> dict[str, Split]:
    """Return the split of each name that has none itself and is measured, as far as a record shows."""
    plain = {name: set(canonical_name(name).split("_")) for name in names if name.lower() not in COUNTED}
    return {
        name: Split(split, is_heading=True)
        for name, words in plain.items()
        if words.isdisjoint(SPLITS) and words.isdisjoint(NO_METRIC_WORDS)
    }


def contradicts(name: str, split: str) -> bool:
    """Return whether a name says another split than a record does."""
    own = [word for word in canonical_name(name).split("_") if word in SPLITS]
    alike = {*HELD_OUT_ALIKE} if split in HELD_OUT_ALIKE else {split}
    return bool(split and own) and alike.isdisjoint(own)
