"""Truths in which some settings are in use only under a condition on another one.

`b` is in use where f is x, `d` where f is y (as the settings of two optimizers), and `c` where e is at least 2. Where a
setting is not in use its position is NaN, and it does nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

REAL: dict[str, tuple[str, ...]] = {
    "idle": (),
    "switch": ("a", "f"),
    "stair": ("a", "e"),
    "inside": ("a", "b", "f"),
    "upstairs": ("c", "e"),
}
"""The settings that do something, by kind. What does something under a condition makes its condition do so."""
WHEN = {"b": "f == 'x'", "c": "e >= 2", "d": "f == 'y'"}
USED = {1: lambda unit: unit[5] == 0, 2: lambda unit: unit[4] > 0.5, 3: lambda unit: unit[5] == 1}
"""By column, whether a setting is in use at a point."""
TEXT = f"""
name = "made"
[objective]
metric = "val_loss"
[trainer]
kind = "made:train"
steps = 100
a = 1e-3
b = 0.5
c = 0.5
d = 8
e = 1
f = "x"
[space]
a = "1e-5..1e-1 log"
b = {{ low = 0.0, high = 1.0, when = "{WHEN["b"]}" }}
c = {{ low = 0.0, high = 1.0, when = "{WHEN["c"]}" }}
d = {{ low = 1, high = 16, int = true, when = "{WHEN["d"]}" }}
e = {{ choices = [0, 1, 2, 3] }}
f = {{ choices = ["x", "y"] }}
[search]
sampler = "tpe"
trials = 80
"""


def mean(kind: str, unit: Any) -> float:
    """Return the true mean at a point whose ordered settings are positions 0–1."""
    a, b, c, _, e, f = unit
    if kind == "idle":
        return 0.0
    if kind == "switch":  # a great difference between two optimizers, and none by their own settings
        return 15 * 4 * (a - 0.4) ** 2 + 12 * f
    if kind == "stair":  # a step where c comes into use, and c itself does nothing
        return 15 * 4 * (a - 0.4) ** 2 + 12 * (e < 0.5)
    if kind == "inside":
        return 15 * 4 * (a - 0.4) ** 2 + (12 * 4 * (b - 0.3) ** 2 if f == 0 else 6.0)
    return 8 * (1 - c) if e > 0.5 else 6.0  # upstairs


def with_unused(unit: Any) -> np.ndarray:
    """Return a point with NaN where a setting is not in use."""
    unit = np.array(unit, float)
    for column, is_used in USED.items():
        if not is_used(unit):
            unit[column] = np.nan
    return unit
