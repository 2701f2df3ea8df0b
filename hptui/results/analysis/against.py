"""The best against the baseline, the untouched base model, and a value measured elsewhere: only like with like."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from hptui.model.study import Reference
from hptui.model.trial import Role, Trial
from hptui.results.analysis.cohort import Length, finite, length_of
from hptui.results.roles import goal_of, split_of
from hptui.results.view import View

Difference = Literal[
    "metric", "split", "length", "unknown split", "unknown own split", "unknown length", "stage", "pseudo"
]
REFUSED = ("metric", "split")
"""Where these differ, the two numbers measure different things, and their ratio means nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """From one value of a metric to another. `better`: None where nobody said which way that is, or nothing moved."""

    metric: str
    old: float
    new: float
    better: bool | None

    @property
    def share(self) -> float | None:
        """The signed change as a share of the old value; None where that means nothing: of 0, of what is below 0."""
        return (self.new - self.old) / self.old if self.old > 0 and self.new >= 0 else None


def change_of(view: View, metric: str, old: float, new: float) -> Change:
    """With its judgement, by the metric's own direction."""
    goal = goal_of(view.study, metric)
    better = None if goal is None or old == new else (new < old if goal == "minimize" else new > old)
    return Change(metric, old, new, better)


def metrics_of(trial: Trial) -> dict[str, float]:
    """A trial's metrics, finite ones: what stands for it where it is complete, else as reported last."""
    from hptui.model.counts import is_count

    found = {**trial.metrics, **trial.final, **(trial.values or {})}
    return {
        name: value
        for name, value in found.items()
        if value is not None and math.isfinite(value) and not is_count(name)
    }


def changes(view: View, old: Trial, new: Trial) -> list[Change]:
    """Every metric that both trials have, in the order of the second."""
    first, second = metrics_of(old), metrics_of(new)
    return [change_of(view, name, first[name], second[name]) for name in second if name in first]


def differences(view: View, old: Trial, new: Trial) -> list[Difference]:
    """Why two trials of the study cannot simply be compared."""
    found: list[Difference] = []
    if old.role is not Role.BASE and length_of(view, old) != length_of(view, new):
        found.append("length")
    if old.role is not Role.BASE and old.stage != new.stage:
        found.append("stage")
    return found


def base_model(view: View) -> Trial | None:
    """The untouched base model, evaluated once."""
    return next((trial for trial in view.trials if trial.role is Role.BASE and finite(view, trial)), None)


@dataclass(frozen=True, slots=True)
class Against:
    """The best trial against `[reference]`. `change` is None where the comparison is refused."""

    reference: Reference
    trial: Trial
    own_split: str
    own_length: Length | None
    differences: tuple[Difference, ...]
    change: Change | None
    targets: tuple[tuple[float, float, bool], ...] = ()
    """(share, the value that it means, whether it is reached)."""


def against_reference(view: View, trial: Trial) -> Against | None:
    """None without a reference."""
    reference = view.study.reference
    if reference is None:
        return None
    metric = view.study.objective.metric
    spec = view.study.metrics.get(reference.metric if reference.metric in metrics_of(trial) else metric)
    own = metrics_of(trial).get(reference.metric)
    split = (spec.split if spec else "") or split_of(reference.metric if own is not None else metric)
    stated = reference.split or split_of(reference.metric)
    found: list[Difference] = []
    if own is None:
        found.append("metric")
    if stated and split and stated != split:
        found.append("split")
    elif not stated:
        found.append("unknown split")
    elif not split and own is not None:
        found.append("unknown own split")
    length = length_of(view, trial)
    said = {"epochs": reference.epochs, "steps": reference.steps}
    planned = said.get(length.unit) if length else None
    if planned is None:
        found.append("unknown length")
    elif length is not None and planned != length.amount:
        found.append("length")
    refused = own is None or any(one in REFUSED for one in found)
    change = None if refused or own is None else change_of(view, reference.metric, reference.value, own)
    targets = () if change is None else _targets(view, reference, change)
    return Against(reference, trial, split, length, tuple(found), change, targets)


def _targets(view: View, reference: Reference, change: Change) -> tuple[tuple[float, float, bool], ...]:
    goal = goal_of(view.study, reference.metric)
    if goal is None:
        return ()
    found = []
    for share in reference.targets:
        value = reference.value + abs(reference.value) * (share if goal == "maximize" else -share)
        found.append((share, value, change.new >= value if goal == "maximize" else change.new <= value))
    return tuple(found)
