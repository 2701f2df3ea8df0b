"""Metrics of the user's own: Python functions in files.

    def brevity(predictions, references): return sum(len(p) < len(r) for ...) / len(predictions)

A function may take `predictions`, `references` and `prompts`, by these names, and return a number, a count as `(k, n)`,
one number or truth value per sample, or a dictionary of those.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hptui.model.counts import Proportion
from hptui.model.errors import UserError, did_you_mean

Metric = Callable[[Sequence[str], Sequence[str], Sequence[str]], dict[str, float]]
"""A loaded metric: takes predictions, references and prompts, and returns metrics by name."""

METRIC_PARAMETERS = ("predictions", "references", "prompts")
"""Names of the parameters that a metric may have."""


def load_metric(path: str, directory: str = "") -> Metric:
    """Return the function named `file.py:function`, wrapped for use by an evaluation.

    Raises: UserError if it cannot be imported, or has other parameters.
    """
    name, _, function = path.rpartition(":")
    file = Path(directory) / Path(name).expanduser()
    if not file.is_file():
        raise UserError(f"the metric {path!r} names a file that is not there: {file}")
    module_name = "hptui_metric_" + hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:16]
    spec = importlib.util.spec_from_file_location(module_name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # a user's file may raise anything on import
        raise UserError(
            f"the file of the metric {path!r} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    target = getattr(module, function, None)
    if not callable(target):
        names = [n for n, value in vars(module).items() if inspect.isfunction(value) and not n.startswith("_")]
        raise UserError(f"{file} has no function {function!r}", hint=did_you_mean(function, names))
    return _wrapped(target, function, path)


def _wrapped(function: Callable[..., Any], name: str, path: str) -> Metric:
    parameters = list(inspect.signature(function).parameters)
    unknown = [word for word in parameters if word not in METRIC_PARAMETERS]
    if unknown:
        raise UserError(f"the metric {path!r} takes {unknown[0]!r}", hint=f"it may take {', '.join(METRIC_PARAMETERS)}")

    def metric(predictions: Sequence[str], references: Sequence[str], prompts: Sequence[str]) -> dict[str, float]:
        arguments = dict(zip(METRIC_PARAMETERS, (list(predictions), list(references), list(prompts)), strict=True))
        try:
            returned = function(**{word: arguments[word] for word in parameters})
        except Exception as error:  # a user's function may raise anything
            raise UserError(f"the metric {path!r} raised {type(error).__name__}: {error}") from error
        parts = returned if isinstance(returned, Mapping) else {name: returned}
        return {str(key): _number(value, len(predictions), path) for key, value in parts.items()}

    return metric


def _number(value: Any, samples: int, path: str) -> float:
    if isinstance(value, Proportion):
        return value
    if isinstance(value, tuple) and len(value) == 2 and all(type(part) is int for part in value):
        return Proportion(*value)
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == samples:
        if all(isinstance(item, bool) for item in value):
            return Proportion(sum(value), samples)
        return sum(float(item) for item in value) / samples
    try:
        return float(value)
    except (TypeError, ValueError):
        raise UserError(
            f"the metric {path!r} returned {str(value)[:80]!r}",
            hint="a number, a tuple (k, n), one number or truth value per sample, or a dictionary of those",
        ) from None
