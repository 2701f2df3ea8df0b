"""Names of metrics in expressions: `eval/loss` is written `eval_loss` there, because `/` divides.

Characters that identifiers lack become `_`. A metric with exactly that name takes precedence; a name that would denote
two metrics denotes none."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def identifier(metric: str) -> str:
    """Return the name of a metric in expressions.

    `eval/loss` becomes `eval_loss`, `5-shot acc` `_5_shot_acc`, `lambda` `lambda_`.
    """
    name = re.sub(r"[^A-Za-z0-9_]", "_", metric)
    if not name or name[0].isdigit():
        name = f"_{name}"
    if name.startswith("__"):  # expressions refuse names that begin with __
        name = f"_{name.lstrip('_')}"
    return f"{name}_" if keyword.iskeyword(name) else name


def metric_named(name: str, metrics: Iterable[str]) -> str | None:
    """Return the metric that a name in an expression denotes; None if there is none, or several."""
    known = list(metrics)
    if name in known:
        return name
    matches = [metric for metric in known if identifier(metric) == name]
    return matches[0] if len(matches) == 1 else None


def by_identifier(values: Mapping[str, T]) -> dict[str, T]:
    """Return the values of metrics, by the names that the metrics have in expressions."""
    names = dict.fromkeys(identifier(metric) for metric in values)
    return {name: values[metric] for name in names if (metric := metric_named(name, values)) is not None}
