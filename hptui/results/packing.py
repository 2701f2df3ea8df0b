"""What is shown of trials that share a process: of a trial, and of the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hptui.core.format import duration
from hptui.core.trial import PACKED, Trial
from hptui.core.values import is_number

GROUP, COMPANY, ALONE = "pack_group", "pack_with", "seconds_alone"
"""Facts of a trial that shared a process: mean number of trials in its passes, which, and its share of their time."""
MAX_LISTED = 8
"""Trials that are listed by number."""


def packing_text(trial: Trial) -> str:
    """Return with whom a trial shared its process, or why it did not; '' where packing was not asked for."""
    recorded = str(trial.facts.get(PACKED) or "")
    group, company, alone = (trial.facts.get(name) for name in (GROUP, COMPANY, ALONE))
    if recorded.startswith("no") or not isinstance(group, int | float):
        return recorded
    others = company if isinstance(company, list) else []
    shown = ", ".join(str(number) for number in others[:MAX_LISTED])
    more = f" and {len(others) - MAX_LISTED} more" if len(others) > MAX_LISTED else ""
    text = f"{group:g} in a pass" + (f", with {shown}{more}" if others else "")
    return f"{text}; {duration(alone)} of computing" if isinstance(alone, int | float) else text


def seconds_alone(trial: Trial) -> float | None:
    """Return a trial's share of the computing time of its passes; None for one that shared none."""
    value = trial.facts.get(ALONE)
    return float(value) if isinstance(value, int | float) and is_number(value) else None


def why_not_shared(trial: Trial) -> str:
    """Return why a trial that was to share a process did not; '' otherwise."""
    recorded = str(trial.facts.get(PACKED) or "")
    return recorded.partition(": ")[2] if recorded.startswith("no") else ""


def packing_line(packing: Mapping[str, Any]) -> str:
    """Return how many trials share a pass in this study, and by what times; '' where none do."""
    return f"packing: {packing['why']}" if packing.get("why") else ""


def packing_short(packing: Mapping[str, Any]) -> str:
    """Return the same in a few words; '' where nothing is measured."""
    group, speedup = packing.get("group") or 0, packing.get("speedup") or 1.0
    if not group:
        return ""
    return f"{group} at a time" + (f" {speedup:.1f}x" if group > 1 else "")


def packing_json(packing: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return it for `hptui status --json`; None where nothing is packed."""
    names = ("group", "lanes", "speedup", "times", "why")
    return {name: packing.get(name) for name in names} if packing else None
