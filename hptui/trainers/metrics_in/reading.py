"""One reading of metrics, whatever its source, and canonical names, by which two spellings are the same metric."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hptui.model.counts import Proportion

SYNONYMS = {
    "training": "train",
    "valid": "val",
    "validation": "val",
    "evaluation": "eval",
    "testing": "test",
}
SPLITS = ("train", "val", "eval", "test", "dev")
WORD = re.compile(r"[A-Za-z]+[0-9]*|[0-9]+")


@dataclass(frozen=True, slots=True)
class MetricsReading:
    """Metrics at a step. `step` is None if not stated; `total` steps and `progress` (0 to 1) where they are known."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    step: int | None = None
    total: int | None = None
    progress: float | None = None


def canonical_name(name: str) -> str:
    """Return the canonical name: `eval/loss`, `Eval Loss` and `evaluation_loss` are `eval_loss`."""
    words = [word.lower() for word in WORD.findall(name)]
    return "_".join(SYNONYMS.get(word, word) for word in words)


def to_number(value: Any) -> float | None:
    """Return a value of a structured source as a number; None if it is none.

    `9830/10000` keeps its counts.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        return _text(value.strip())
    if isinstance(value, list | tuple) and len(value) == 2:
        return to_proportion(value[0], value[1])
    return None


def _text(text: str) -> float | None:
    hits, slash, total = text.partition("/")
    if slash:
        return to_proportion(hits.strip(), total.strip())
    try:
        return float(text)
    except ValueError:
        return None


def to_proportion(hits: Any, total: Any) -> Proportion | None:
    """Return `hits` of `total` as a number that keeps its counts.

    None unless both are whole numbers and `total` is positive.
    """
    try:
        k, n = int(hits), int(total)
        return Proportion(k, n) if n > 0 and k == float(hits) and n == float(total) else None
    except (TypeError, ValueError):
        return None


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested mappings by dotted path."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def to_step(value: Any) -> int | None:
    """Return a step as an integer; None for any other value."""
    numeric = to_number(value)
    if numeric is None or not math.isfinite(numeric) or numeric != int(numeric):
        return None
    return int(numeric)


STEP_KEYS = (
    "step",
    "global_step",
    "steps",
    "iter",
    "iteration",
    "iterations",
    "trainer/global_step",
    "train/global_step",
)
EPOCH_KEYS = ("epoch", "epochs")


def reading_of_record(values: Mapping[str, Any], step_key: str = "") -> MetricsReading:
    """Return the reading of a structured record, such as a line of JSON.

    Its step is at `step_at`, else at one of the usual keys.
    """
    numbers = {name: numeric for name, value in flatten(values) if (numeric := to_number(value)) is not None}
    names = {name.lower(): name for name in numbers}
    candidates = [step_key] if step_key else [names[name] for name in (*STEP_KEYS, *EPOCH_KEYS) if name in names]
    step, used = None, ""
    for name in candidates:
        if name in numbers and (step := to_step(numbers[name])) is not None:
            used = name
            break
    step_names = {used, *(names[name] for name in STEP_KEYS if name in names)}
    return MetricsReading({name: value for name, value in numbers.items() if name not in step_names}, step)
