"""What one event of a trial can hold: steps, names and metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

MAX_METRICS_PER_EVENT, MAX_NAME_CHARS, MAX_STEP = 200, 200, 1 << 60
"""Metrics in one report, characters of a name, the last step: what an event can hold."""
MAX_EVENT_CHARS = 32 * 1024
"""Characters of the metrics of one report, as JSON."""


def clamp(step: int) -> int:
    """Return a step as an event can hold it."""
    return min(max(step, -MAX_STEP), MAX_STEP)


def parts_of(metrics: Mapping[str, float]) -> Iterator[dict[str, float]]:
    """Yield metrics in parts that fit an event; one empty part if there are none."""
    part, chars = dict[str, float](), 0
    for name, value in metrics.items():
        size = 2 * len(json.dumps(name)) + 40  # the name again where the value is not finite or not the first
        if part and (len(part) >= MAX_METRICS_PER_EVENT or chars + size > MAX_EVENT_CHARS):
            yield part
            part, chars = {}, 0
        part[name] = value
        chars += size
    yield part
