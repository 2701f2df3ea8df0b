"""`[resources] pack`: how many trials share a process."""

from __future__ import annotations

from hptui.core.trial import Value
from hptui.core.values import wrong_type_error

PACK_FORMS = '"auto", 1, or the most trials that may share a process'
MAX_PACK = 64
"""Largest `[resources] pack`."""


def read_pack(value: Value, where: str) -> int | str:
    """Return how many trials share a process at most, or "auto"."""
    if value == "auto":
        return "auto"
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_PACK:
        return value
    hint = f'"auto", 1, or up to {MAX_PACK}; isolate = true gives each trial a process of its own'
    raise wrong_type_error(value, PACK_FORMS, where, hint=hint)
