"""TOML: a configuration as a `[trainer]` table says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hptui.results.export.quoting import quoted

BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(value: Mapping[str, Any]) -> str:
    """One `key = value` a line. TOML has no word for nothing: such a setting becomes a comment."""
    lines = []
    for key, item in value.items():
        name = toml_key(key)
        lines.append(f"# {name} is none" if item is None else f"{name} = {toml_value(item)}")
    return "".join(f"{line}\n" for line in lines)


def toml_key(key: str) -> str:
    """A key, quoted if it must be."""
    return key if BARE.fullmatch(key) else quoted(key)


def toml_value(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)  # nan and inf are TOML, too
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(item) for item in value if item is not None)}]"
    if isinstance(value, Mapping):
        inside = [f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items() if item is not None]
        return f"{{ {', '.join(inside)} }}" if inside else "{}"
    return quoted(value) if isinstance(value, str) else str(value)
