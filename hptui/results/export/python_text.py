"""Python source that evaluates to the same values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def python_text(value: Any, name: str) -> str:
    """Return an assignment to `name` that Python evaluates to the same value."""
    if isinstance(value, Mapping):
        lines = "".join(f"    {key!a}: {_literal(item)},\n" for key, item in value.items())
        return f"{name} = {{\n{lines}}}\n"
    lines = "".join(f"    {_literal(item)},\n" for item in value)
    return f"{name} = [\n{lines}]\n"


def _literal(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!a}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_literal(item) for item in value)}]"
    return ascii(str(value) if isinstance(value, str) else value)  # str() of a StrEnum: its repr is no literal
