"""Metrics in expressions: `eval/loss` is written `eval_loss` there, because `/` divides.

Every character that no identifier has becomes `_`; a metric that is called exactly so comes first, and a name that
would mean two metrics means neither.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def identifier(metric: str) -> str:
    """What a metric is called in an expression: `eval/loss` eval_loss, `5-shot acc` _5_shot_acc, `lambda` lambda_."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", metric)
    if not name or name[0].isdigit():
        name = f"_{name}"
    if name.startswith("__"):  # expressions have no such names
        name = f"_{name.lstrip('_')}"
    return f"{name}_" if keyword.iskeyword(name) else name


def metric_of(name: str, metrics: Iterable[str]) -> str | None:
    """The metric that a name in an expression means, or None."""
    known = list(metrics)
    if name in known:
        return name
    found = [metric for metric in known if identifier(metric) == name]
    return found[0] if len(found) == 1 else None


def by_identifier(values: Mapping[str, T]) -> dict[str, T]:
    """Values of metrics by the names that expressions call them."""
    names = dict.fromkeys(identifier(metric) for metric in values)
    return {name: values[metric] for name in names if (metric := metric_of(name, values)) is not None}
