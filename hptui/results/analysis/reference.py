"""Comparison of the best trial with the baseline, the base model, and a value measured elsewhere (`[reference]`)."""

from __future__ import annotations

import math
from typing import Literal

from hptui.core.dataclass import dataclass
from hptui.core.format import is_count
from hptui.core.study import Reference
from hptui.core.trial import Role, Trial
from hptui.results.analysis.cohort import TrainingLength, has_finite_values, training_length
from hptui.results.analysis.comparable import comparable
from hptui.results.roles import goal_of, split_of
from hptui.results.view import View

Mismatch = Literal[
    "metric", "split", "length", "unknown split", "unknown own split", "unknown length", "stage", "pseudo", "code"
]
"""A reason why two values cannot simply be compared."""
INCOMPARABLE = ("metric", "split")
"""Differences that forbid a comparison: the two values measure different things."""


@dataclass(frozen=True, slots=True)
class MetricChange:
    """A change of a metric between two values. `better` is None if the direction is unknown or nothing changed."""

    metric: str
    old: float
    new: float
    better: bool | None

    @property
    def share(self) -> float | None:
        """The signed change as a share of the old value; None for an old value ≤ 0 or a new one < 0."""
        return (self.new - self.old) / self.old if self.old > 0 and self.new >= 0 else None


def metric_change(view: View, metric: str, old: float, new: float) -> MetricChange:
    """Return the change of a metric, judged by the metric's own direction."""
    goal = goal_of(view.study, metric)
    better = None if goal is None or old == new else (new < old if goal == "minimize" else new > old)
    return MetricChange(metric, old, new, better)


def final_metrics(trial: Trial) -> dict[str, float]:
    """Return a trial's finite metrics: final values of a complete trial, else the last reported ones."""
    values = {**trial.metrics, **trial.final, **(trial.values or {})}
    return {
        name: value
        for name, value in values.items()
        if value is not None and math.isfinite(value) and not is_count(name)
    }


def metric_changes(view: View, old: Trial, new: Trial) -> list[MetricChange]:
    """Return the changes of all metrics that both trials have, in the order of the second trial."""
    first, second = final_metrics(old), final_metrics(new)
    return [metric_change(view, name, first[name], second[name]) for name in second if name in first]


def find_mismatches(view: View, old: Trial, new: Trial) -> list[Mismatch]:
    """Return why two trials of the study cannot simply be compared; none against the base model."""
    kinds = [difference.kind for difference in comparable(view, old, new)]
    reasons: list[Mismatch] = []
    if "length" in kinds or "unknown length" in kinds:
        reasons.append("length")
    if "stage" in kinds:
        reasons.append("stage")
    if "code" in kinds:
        reasons.append("code")
    return reasons


def base_model_trial(view: View) -> Trial | None:
    """Return the evaluation of the untrained base model, if there is one."""
    return next((trial for trial in view.trials if trial.role is Role.BASE and has_finite_values(view, trial)), None)


@dataclass(frozen=True, slots=True)
class ReferenceComparison:
    """The best trial compared with `[reference]`. `change` is None if the two must not be compared."""

    reference: Reference
    trial: Trial
    trial_split: str
    trial_length: TrainingLength | None
    differences: tuple[Mismatch, ...]
    change: MetricChange | None
    targets: tuple[tuple[float, float, bool], ...] = ()
    """(share, value that it corresponds to, whether it is reached)."""


def compare_with_reference(view: View, trial: Trial) -> ReferenceComparison | None:
    """Return the comparison of a trial with `[reference]`; None if the study file has no reference."""
    reference = view.study.reference
    if reference is None:
        return None
    metric = view.study.objective.metric
    spec = view.study.metrics.get(reference.metric if reference.metric in final_metrics(trial) else metric)
    value = final_metrics(trial).get(reference.metric)
    split = (spec.split if spec else "") or split_of(reference.metric if value is not None else metric)
    reference_split = reference.split or split_of(reference.metric)
    reasons: list[Mismatch] = []
    if value is None:
        reasons.append("metric")
    if reference_split and split and reference_split != split:
        reasons.append("split")
    elif not reference_split:
        reasons.append("unknown split")
    elif not split and value is not None:
        reasons.append("unknown own split")
    length = training_length(view, trial)
    reference_lengths = {"epochs": reference.epochs, "steps": reference.steps}
    reference_length = reference_lengths.get(length.unit) if length else None
    if reference_length is None:
        reasons.append("unknown length")
    elif length is not None and reference_length != length.amount:
        reasons.append("length")
    incomparable = value is None or any(reason in INCOMPARABLE for reason in reasons)
    change = None if incomparable or value is None else metric_change(view, reference.metric, reference.value, value)
    targets = () if change is None else _targets(view, reference, change)
    return ReferenceComparison(reference, trial, split, length, tuple(reasons), change, targets)


def _targets(view: View, reference: Reference, change: MetricChange) -> tuple[tuple[float, float, bool], ...]:
    goal = goal_of(view.study, reference.metric)
    if goal is None:
        return ()
    targets = []
    for share in reference.targets:
        value = reference.value + abs(reference.value) * (share if goal == "maximize" else -share)
        targets.append((share, value, change.new >= value if goal == "maximize" else change.new <= value))
    return tuple(targets)
