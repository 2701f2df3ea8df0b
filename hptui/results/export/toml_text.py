"""TOML: a configuration as in a `[trainer]` table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hptui.results.export.quoting import quote_text

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
"""Keys that need no quotes."""


def toml_text(value: Mapping[str, Any]) -> str:
    """Return one `key = value` per line; None becomes a comment, since TOML has no null."""
    lines = []
    for key, item in value.items():
        name = toml_key(key)
        lines.append(f"# {name} is none" if item is None else f"{name} = {toml_value(item)}")
    return "".join(f"{line}\n" for line in lines)


def toml_key(key: str) -> str:
    """Return a key, quoted if necessary."""
    return key if BARE_KEY.fullmatch(key) else quote_text(key)


def toml_value(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)  # nan and inf are valid TOML
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(item) for item in value if item is not None)}]"
    if isinstance(value, Mapping):
        entries = [f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items() if item is not None]
        return f"{{ {', '.join(entries)} }}" if entries else "{}"
    return quote_text(value) if isinstance(value, str) else str(value)
