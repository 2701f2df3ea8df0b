"""Reads what a study file says of other machines."""

from __future__ import annotations

from hptui.core.key_types import DURATION
from hptui.core.trial import Value
from hptui.studyfile.table import require_range


def read_give_up(value: Value, where: str) -> float | str:
    """Return how long an attempt may be unreachable, in seconds; or never."""
    return "never" if value == "never" else float(require_range(DURATION.read(value, where), where, 1))
