"""What is shown of trials that share a process: of a trial, and of the study."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from hptui.core.trial import PACKED, SECONDS_ALONE, Trial
from hptui.core.values import is_number

GROUP, COMPANY = "pack_group", "pack_with"
"""Facts of a trial that shared a process: mean number of trials in its passes, and which."""
MEMORY_PARTS = ("memory_model_gb", "memory_optimizer_gb", "memory_gradients_gb", "memory_activations_gb")
"""Facts that are the memory of one trial by part: its process has a peak, one of several trials there has none."""
MAX_LISTED = 8
"""Trials that are listed by number."""


def packing_text(trial: Trial) -> str:
    """Return with whom a trial shared its process, or why it did not; '' where packing was not asked for."""
    recorded = str(trial.facts.get(PACKED) or "")
    group, company = (trial.facts.get(name) for name in (GROUP, COMPANY))
    if recorded.startswith("no") or not isinstance(group, int | float):
        return recorded
    others = company if isinstance(company, list) else []
    shown = ", ".join(str(number) for number in others[:MAX_LISTED])
    more = f" and {len(others) - MAX_LISTED} more" if len(others) > MAX_LISTED else ""
    return f"{group:g} in a pass" + (f", with {shown}{more}" if others else "")


def seconds_alone(trial: Trial) -> float | None:
    """Return a trial's own share of the computing; None for one that never shared a process."""
    value = trial.facts.get(SECONDS_ALONE)
    return float(value) if isinstance(value, int | float) and is_number(value) else None


def own_seconds(trial: Trial) -> float:
    """Return what a trial took: its own share where it shared a process, else its whole time."""
    share = seconds_alone(trial)
    return trial.seconds if share is None else share


def time_column(trial: Trial) -> str:
    """Return the column that `own_seconds` is from."""
    return "seconds" if seconds_alone(trial) is None else SECONDS_ALONE


def has_shares(trials: Iterable[Trial]) -> bool:
    """Return whether any of these trials shared a process, so that its time is not all its own."""
    return any(seconds_alone(trial) is not None for trial in trials)


def own_memory(trial: Trial) -> float | None:
    """Return the sum of the parts of a trial's memory (GiB) in a shared process; else None."""
    if seconds_alone(trial) is None or trial.peak_memory_gb is not None:
        return None
    parts = [trial.facts.get(name) for name in MEMORY_PARTS]
    known = [float(part) for part in parts if isinstance(part, int | float) and is_number(part)]
    return math.fsum(known) if len(known) == len(MEMORY_PARTS) else None


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
