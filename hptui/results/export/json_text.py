"""JSON for people: indented, without control characters."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from hptui.results.export.quoting import escape_invisible


def json_text(value: Any) -> str:
    """Return indented JSON; a non-finite number becomes null, since JSON has no notation for it."""
    return escape_invisible(json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
