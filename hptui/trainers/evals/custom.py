"""A metric of the user's own: a Python function, found in a file.

    def brevity(predictions, references): return sum(len(p) < len(r) for ...) / len(predictions)

It may take `predictions`, `references` and `prompts`, by these names, and return a number, a count as `(k, n)`, one
number or truth value per sample, or a dictionary of those.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hptui.model.counts import Ratio
from hptui.model.errors import UserError, did_you_mean

Metric = Callable[[Sequence[str], Sequence[str], Sequence[str]], dict[str, float]]
"""Predictions, references and prompts in; metrics out."""

TAKES = ("predictions", "references", "prompts")


def load(path: str, directory: str = "") -> Metric:
    """The function named `file.py:function`, ready to be called. What is wrong with it is a `UserError`."""
    name, _, function = path.rpartition(":")
    file = Path(directory) / Path(name).expanduser()
    if not file.is_file():
        raise UserError(f"the metric {path!r} names a file that is not there: {file}")
    place = "hptui_metric_" + hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:16]
    spec = importlib.util.spec_from_file_location(place, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(
            f"the file of the metric {path!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    found = getattr(module, function, None)
    if not callable(found):
        known = [n for n, value in vars(module).items() if inspect.isfunction(value) and not n.startswith("_")]
        raise UserError(f"{file} has no function {function!r}", hint=did_you_mean(function, known))
    return _wrapped(found, function, path)


def _wrapped(function: Callable[..., Any], name: str, path: str) -> Metric:
    wanted = list(inspect.signature(function).parameters)
    strange = [word for word in wanted if word not in TAKES]
    if strange:
        raise UserError(f"the metric {path!r} takes {strange[0]!r}", hint=f"it may take {', '.join(TAKES)}")

    def metric(predictions: Sequence[str], references: Sequence[str], prompts: Sequence[str]) -> dict[str, float]:
        given = dict(zip(TAKES, (list(predictions), list(references), list(prompts)), strict=True))
        try:
            returned = function(**{word: given[word] for word in wanted})
        except Exception as error:
            raise UserError(f"the metric {path!r} raised {type(error).__name__}: {error}") from error
        parts = returned if isinstance(returned, Mapping) else {name: returned}
        return {str(key): _number(value, len(predictions), path) for key, value in parts.items()}

    return metric


def _number(value: Any, samples: int, path: str) -> float:
    if isinstance(value, Ratio):
        return value
    if isinstance(value, tuple) and len(value) == 2 and all(type(part) is int for part in value):
        return Ratio(*value)
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == samples:
        if all(isinstance(item, bool) for item in value):
            return Ratio(sum(value), samples)
        return sum(float(item) for item in value) / samples
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UserError(
            f"the metric {path!r} returned {str(value)[:80]!r}",
            hint="a number, a tuple (k, n), one number or truth value per sample, or a dictionary of those",
        ) from None
