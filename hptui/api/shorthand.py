"""A search space as Python says it: one value is fixed, two floats are a range, several values are choices.

    {"lora_rank": [16], "learning_rate": [5e-5, 3e-4], "batch_size": [1, 2], "layers": range(2, 9)}

Whatever `[space]` of a study file understands is understood, too: a table, or a short text such as `"1e-5..1e-4 log"`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hptui.model.errors import StudyError
from hptui.model.shorthand import parse_short
from hptui.model.values import value_text

RATE = re.compile(r"(^|_)(lr|learning_rate|weight_decay)($|_)")
"""Settings that matter by their size and not by their difference, however narrow the range is."""

WIDE = 10**1.5
"""From this ratio of its ends on, a range has most of its sizes in its lowest part: a decade and a half."""


@dataclass(frozen=True)
class Searched:
    """A search space: what is fixed, the entries of `[space]`, and what was decided about them, for people."""

    fixed: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def searched(space: Mapping[str, Any]) -> Searched:
    """The search space that a mapping says."""
    found = Searched()
    for name, said in space.items():
        _add(found, name, said)
    return found


def _add(found: Searched, name: str, said: Any) -> None:
    if isinstance(said, Mapping):
        found.entries[name] = dict(said)
    elif isinstance(said, range):
        found.entries[name] = _whole(name, said)
    elif isinstance(said, str) and _is_short(name, said):
        found.entries[name] = said
    elif not isinstance(said, Sequence) or isinstance(said, str):
        found.fixed[name] = _plain(said)
    else:
        values = [_plain(value) for value in said]
        if not values:
            raise StudyError(
                "has no value", where=f"search_space.{name}", hint="one value is fixed, two floats are a range"
            )
        if len(values) == 1:
            found.fixed[name] = values[0]
        elif _is_range(values):
            low, high = values
            log, why = _scale(name, low, high)
            found.entries[name] = {"low": low, "high": high, **({"log": True} if log else {})}
            scale = "logarithmic" if log else "linear"
            found.notes.append(f"{name}: {value_text(low)} to {value_text(high)}, on a {scale} scale ({why})")
        else:
            found.entries[name] = {"choices": values}


def _is_short(name: str, text: str) -> bool:
    try:
        parse_short(name, text)
    except StudyError:
        return ".." in text or "int" in text.split()  # meant as one: its own error says more
    return True


def _is_range(values: Sequence[Any]) -> bool:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return len(values) == len(numbers) == 2 and any(isinstance(value, float) for value in numbers)


def _scale(name: str, low: float, high: float) -> tuple[bool, str]:
    """Whether a range is searched on a logarithmic scale, and why."""
    if not 0 < low < high:
        return False, "it does not begin above 0"
    if RATE.search(name):
        return True, "rates matter by their size"
    decades = math.log10(high / low)
    if high / low >= WIDE:
        return True, f"it spans {decades:.1f} decades"
    return False, f"it spans {decades:.1f} decades; {{'low': …, 'high': …, 'log': True}} has it otherwise"


def _whole(name: str, said: range) -> dict[str, Any]:
    if len(said) < 2 or said.step < 1:
        hint = "range(2, 9) has the values 2 to 8"
        raise StudyError(f"{said} has fewer than two values in rising order", where=f"search_space.{name}", hint=hint)
    entry = {"low": said[0], "high": said[-1], "int": True}
    return {**entry, "step": said.step} if said.step > 1 else entry


def _plain(value: Any) -> Any:
    """numpy's numbers as Python's."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") and hasattr(value, "dtype") else value
