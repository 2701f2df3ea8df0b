"""Arguments of `run_optimization`: the search space in short form, and stop rules.

    {"lora_rank": [16], "learning_rate": [5e-5, 3e-4], "batch_size": [1, 2], "layers": range(2, 9)}

One value is fixed, two floats are a range, several values are choices. Everything that `[space]` of a study file
accepts works, too: a table, or a text such as `"1e-5..1e-4 log"`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import StudyError, UserError
from hptui.core.metric_names import identifier
from hptui.core.shorthand import parse_parameter
from hptui.core.values import value_text

RATE_NAME = re.compile(r"(^|_)(lr|learning_rate|weight_decay)($|_)")
"""Names of settings that are searched on a logarithmic scale, however narrow the range is."""

MIN_LOG_RATIO = 10**1.5
"""Ratio of the ends from which on a range is searched on a logarithmic scale: a decade and a half."""


@dataclass(frozen=True)
class ParsedSpace:
    """A search space: fixed settings, entries of `[space]`, and notes for people on what was decided about them."""

    fixed: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def parse_search_space(space: Mapping[str, Any]) -> ParsedSpace:
    """Convert the search space that a user passed.

    Raises: StudyError.
    """
    result = ParsedSpace()
    for name, value in space.items():
        _add(result, name, value)
    return result


def _add(result: ParsedSpace, name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        result.entries[name] = dict(value)
    elif isinstance(value, range):
        result.entries[name] = _int_range(name, value)
    elif isinstance(value, str) and _is_short(name, value):
        result.entries[name] = value
    elif not isinstance(value, Sequence) or isinstance(value, str):
        result.fixed[name] = _without_numpy(value)
    else:
        items = [_without_numpy(item) for item in value]
        if not items:
            raise StudyError(
                "has no value", where=f"search_space.{name}", hint="one value is fixed, two floats are a range"
            )
        if len(items) == 1:
            result.fixed[name] = items[0]
        elif _is_range(items):
            low, high = items
            log, reason = _choose_scale(name, low, high)
            result.entries[name] = {"low": low, "high": high, **({"log": True} if log else {})}
            scale = "logarithmic" if log else "linear"
            result.notes.append(f"{name}: {value_text(low)} to {value_text(high)}, on a {scale} scale ({reason})")
        else:
            result.entries[name] = {"choices": items}


def _is_short(name: str, text: str) -> bool:
    try:
        parse_parameter(name, text)
    except StudyError:
        # Probably meant as a range: the study file's reader then raises the more precise error.
        return ".." in text or "int" in text.split()
    return True


def _is_range(values: Sequence[Any]) -> bool:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return len(values) == len(numbers) == 2 and any(isinstance(value, float) for value in numbers)


def _choose_scale(name: str, low: float, high: float) -> tuple[bool, str]:
    """Return whether a range is searched on a logarithmic scale, and why."""
    if not 0 < low < high:
        return False, "it does not begin above 0"
    if RATE_NAME.search(name):
        return True, "rates matter by their size"
    decades = math.log10(high / low)
    if high / low >= MIN_LOG_RATIO:
        return True, f"it spans {decades:.1f} decades"
    return False, f"it spans {decades:.1f} decades; {{'low': …, 'high': …, 'log': True}} has it otherwise"


def _int_range(name: str, values: range) -> dict[str, Any]:
    if len(values) < 2 or values.step < 1:
        hint = "range(2, 9) has the values 2 to 8"
        raise StudyError(f"{values} has fewer than two values in rising order", where=f"search_space.{name}", hint=hint)
    entry = {"low": values[0], "high": values[-1], "int": True}
    return {**entry, "step": values.step} if values.step > 1 else entry


def _without_numpy(value: Any) -> Any:
    """Return numpy's scalars as Python's, also inside lists."""
    if isinstance(value, list | tuple):
        return [_without_numpy(item) for item in value]
    return value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value


@dataclass(frozen=True, slots=True)
class EarlyStoppingCallback:
    """Stops a trial whose metric is worse than `threshold` after the proportion `check_at` of its training.

    The metric is checked at that point and at every later report. `check_at` is 0 to 1 (exclusive); `metric` defaults
    to the first objective. The baseline is never stopped. The training must report its progress (`trial.total_steps`,
    or `progress=` in a report).
    """

    threshold: float
    check_at: float = 0.0
    metric: str = ""

    def rule(self, objective: str, goal: str) -> dict[str, Any]:
        """Return an entry of `[search] stop`.

        `objective` is the metric of the first objective, `goal` that of the rule's metric.
        """
        if not 0 <= self.check_at < 1:
            hint = "0.1 is after a tenth of a trial's training"
            raise UserError(f"check_at = {self.check_at!r} is no share of a training", hint=hint)
        worse = ">" if goal == "minimize" else "<"
        when = f"{identifier(self.metric or objective)} {worse} {value_text(self.threshold)}"
        return {"when": when, "after": self.check_at}
