"""Python that evaluates to the same values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def python_text(value: Any, name: str) -> str:
    """An assignment that Python reads back as the same value."""
    if isinstance(value, Mapping):
        inside = "".join(f"    {key!a}: {_python(item)},\n" for key, item in value.items())
        return f"{name} = {{\n{inside}}}\n"
    inside = "".join(f"    {_python(item)},\n" for item in value)
    return f"{name} = [\n{inside}]\n"


def _python(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!a}: {_python(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_python(item) for item in value)}]"
    return ascii(str(value) if isinstance(value, str) else value)  # a StrEnum is a text
