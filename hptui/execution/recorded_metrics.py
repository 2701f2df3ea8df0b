"""What an attempt is given of the metrics that its trial has recorded already, so that it goes on where they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hptui.core.study import Study
from hptui.store.store import Store

MAX_RECORDED_STEPS = 20
"""Last steps of an objective that an attempt is given: they show how far apart its points usually are."""


def recorded_metrics(store: Store, study: Study, trial: int) -> dict[str, dict[str, Any]]:
    """Return the last step and the source of each recorded metric, and last steps of objectives."""
    sources = store.read.trial(trial).facts.get("metric_sources")
    names = sources if isinstance(sources, Mapping) else {}
    recorded: dict[str, dict[str, Any]] = {}
    for name, summary in store.read.metric_summaries(trial).items():
        source = str(names.get(name, "")).partition(", ")[0]
        recorded[name] = {"step": summary.step, "source": source or None}
    for objective in study.objectives:
        if objective.metric in recorded:
            steps = [step for step, _, _ in store.read.curve(trial, objective.metric)]
            recorded[objective.metric]["steps"] = sorted(set(steps))[-MAX_RECORDED_STEPS:]
    return recorded
