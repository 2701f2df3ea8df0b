"""How a trial learned, from its curves: turned, overfitting, still improving, level, not learning, unstable (C1–C7).

A diagnosis is stated only beyond the scatter of the evaluations; without a measure of it the first and the last value
stand alone. Suggestions stand only next to a diagnosis."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Literal

from hptui.core.dataclass import dataclass
from hptui.core.format import number
from hptui.core.study import Goal
from hptui.core.trial import Role, Trial, TrialStatus
from hptui.results import suggestions as remedies
from hptui.results.analysis.comparable import cohort_of
from hptui.results.analysis.turn import (
    LEARNED_ERRORS,
    UNLEARNED_ERRORS,
    Scatter,
    fell,
    is_improving,
    is_level,
    pooled_scatter,
    scatter_for,
    turn_of,
    whole_gain,
    window_gain,
)
from hptui.results.facts import Fact, Line, Name, line, plain_text
from hptui.results.roles import goal_of
from hptui.results.suggestions import Suggestion
from hptui.results.view import View

Kind = Literal[
    "oom",
    "nan",
    "exploding",
    "failed",
    "flat",
    "turned",
    "overfit",
    "plateau",
    "improving",
    "fine",
    "unknown",
]
"""Kinds of diagnoses."""
CLAIMS: Mapping[str, str] = {
    "turned": "C1",
    "overfit": "C2",
    "improving": "C4",
    "plateau": "C5",
    "flat": "C6",
    "exploding": "C7",
    "nan": "C7",
}
"""Classes of sentences by kind; C0 states values only."""
Curves = Mapping[str, Sequence[tuple[int, float, float]]]
"""Points (step, value, seconds) by metric, in the order of steps, as a store reader returns them."""
Pools = Mapping[str, Scatter | None]
"""The scatter of all comparable curves of the study, by metric."""
EXPLOSION_RATIO = 1.5
"""A loss that ends above this multiple of its first value has exploded."""
EXPLOSION_ERRORS = 4.0
MIN_AVERAGED = 5
"""Of more points the first and the last third are compared by their means."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The diagnosis of a trial. `evidence` are the numbers that it rests on, by name."""

    kind: Kind
    line: Line
    evidence: Mapping[str, float] = field(default_factory=dict)
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def claim(self) -> str:
        """The class of its sentence."""
        return CLAIMS.get(self.kind, "C0")

    @property
    def sentence(self) -> str:
        """The diagnosis as plain text."""
        return plain_text(self.line)

    @property
    def healthy(self) -> bool:
        """Whether the diagnosis indicates no problem. Such a diagnosis may carry suggestions, too."""
        return self.kind in ("fine", "improving", "plateau", "unknown")


@dataclass(frozen=True)
class LearningCurve:
    """The finite points of a metric; `turned` are its values such that lower is better."""

    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    goal: Goal
    scatter: Scatter | None

    @property
    def turned(self) -> list[float]:
        """The values such that lower is better."""
        return [self.as_lower(value) for value in self.values]

    def as_lower(self, value: float) -> float:
        """Return a value such that lower is better, or back."""
        return value if self.goal == "minimize" else -value


def learning_curve(view: View, name: str, curve: Sequence[tuple[int, float, float]], pools: Pools) -> LearningCurve:
    """Return the finite points of a metric with their scatter."""
    points = [(point[0], point[1]) for point in curve if math.isfinite(point[1])]
    values = tuple(value for _, value in points)
    goal = goal_of(view.study, name) or "minimize"
    return LearningCurve(
        name, tuple(step for step, _ in points), values, goal, scatter_for(values, pools.get(name)) if points else None
    )


def scatter_pools(view: View, curves: Mapping[int, Curves]) -> dict[str, Scatter | None]:
    """Return the scatter of each metric over the complete trials of one cohort."""
    numbers = {trial.number for trial in cohort_of(view).trials if trial.status is TrialStatus.COMPLETE}
    by_metric: dict[str, list[list[float]]] = {}
    for trial, metrics in curves.items():
        if trial in numbers:
            for name, curve in metrics.items():
                by_metric.setdefault(name, []).append([p[1] for p in curve if math.isfinite(p[1])])
    return {name: pooled_scatter(matches) for name, matches in by_metric.items()}


def diagnose_learning(
    view: View,
    trial: Trial,
    curves: Mapping[str, LearningCurve],
    metrics: tuple[str | None, str | None],
    facts: TrialFacts,
    suggestions: remedies.SuggestionRules,
) -> Diagnosis:
    """Return the diagnosis of a trial whose values are all finite: how well it learned."""
    train_metric, val_metric = metrics
    train = curves.get(train_metric or "")
    val = curves.get(val_metric or "") if val_metric != train_metric else None
    if val is not None and (diagnosis := _turned(val, train, facts, suggestions)) is not None:
        return diagnosis
    names = (view.study.objective.metric, val_metric, train_metric)
    curve = next((curves[name] for name in names if name and name in curves and len(curves[name].values) >= 2), None)
    if curve is None:
        if not view.study.objectives:
            return Diagnosis("unknown", line("not judged: the study has no objective"))
        return Diagnosis("unknown", line("too few points to say"))
    tests: tuple[Callable[[], Diagnosis | None], ...] = (
        lambda: _not_learning(view, trial, curve, facts, suggestions),
        lambda: _late(curve, facts, suggestions),
    )
    for test in tests:
        if (diagnosis := test()) is not None:
            return diagnosis
    first, last = curve.values[0], curve.values[-1]
    message = line(
        "{metric} went from {first} to {last}",
        metric=Name(curve.name),
        first=facts.fact(f"first.{curve.name}", first),
        last=facts.fact(f"last.{curve.name}", last),
    )
    is_worse = last > first if curve.goal == "minimize" else last < first
    return Diagnosis("unknown" if is_worse else "fine", message, {"first": first, "last": last})


def overfitting(
    curves: Mapping[str, LearningCurve],
    metrics: tuple[str | None, str | None],
    facts: TrialFacts,
    suggestions: remedies.SuggestionRules,
) -> Diagnosis | None:
    """Return the diagnosis of validation that got worse while training got better, or None."""
    train_metric, val_metric = metrics
    val = curves.get(val_metric or "") if val_metric != train_metric else None
    diagnosis = None if val is None else _turned(val, curves.get(train_metric or ""), facts, suggestions)
    return diagnosis if diagnosis is not None and diagnosis.kind == "overfit" else None


def exploded(curve: LearningCurve, facts: TrialFacts, suggestions: remedies.SuggestionRules) -> Diagnosis | None:
    """Return the diagnosis of a loss that grew; None if it did not, or not beyond its scatter."""
    n = len(curve.values)
    if n < 3 or curve.goal != "minimize":
        return None
    width = max(1, n // 6)
    first, last = sum(curve.values[:width]) / width, sum(curve.values[-width:]) / width
    if first <= 0 or last <= EXPLOSION_RATIO * first or curve.values[-1] <= EXPLOSION_RATIO * curve.values[0]:
        return None
    known = curve.scatter is not None
    if curve.scatter is not None and last - first <= EXPLOSION_ERRORS * curve.scatter.deviation * math.sqrt(2 / width):
        return None
    message = line(
        "{metric} grew from {first} to {last}",
        metric=Name(curve.name),
        first=facts.fact(f"first.{curve.name}", curve.values[0]),
        last=facts.fact(f"last.{curve.name}", curve.values[-1]),
    )
    evidence = {"first": curve.values[0], "last": curve.values[-1]}
    return Diagnosis("exploding", message, evidence, suggestions.nan() if known else ())


def _turned(
    val: LearningCurve, train: LearningCurve | None, facts: TrialFacts, suggestions: remedies.SuggestionRules
) -> Diagnosis | None:
    """Return the diagnosis of a validation metric that got worse again, or of overfitting."""
    turn = turn_of(val.turned, val.scatter)
    if turn is None:
        return None
    step = val.steps[turn.index]
    lowest, last = val.as_lower(turn.lowest), val.as_lower(turn.last)
    best = "lowest" if val.goal == "minimize" else "highest"
    message = line(
        "{metric} was {best} at step {step} ({value}) and is {last} {end}",
        metric=Name(val.name),
        best=best,
        step=facts.fact(f"best_step.{val.name}", step),
        value=facts.fact(f"best.{val.name}", lowest),
        last=facts.fact(f"last.{val.name}", last),
        end=facts.end
        if turn.averaged < 2
        else line("on average over the last {n} evaluations", n=facts.fact(f"last_points.{val.name}", turn.averaged)),
    )
    evidence = {"best_step": step, "best": lowest, "last": last, "statistic": turn.statistic, "needed": turn.needed}
    share = step / val.steps[-1] if val.steps[-1] else None
    span = [i for i, at in enumerate(train.steps) if at >= step] if train is not None else []
    fallen = fell([train.turned[i] for i in span], train.scatter) if train is not None else None
    if train is None or fallen is None or turn.of_one_point:
        return Diagnosis("turned", message, evidence, suggestions.turned(share))
    first, end = (train.as_lower(value) for value in fallen)
    message = line(
        "overfitting: {message}, while {train} {fell} from {first} to {end}{means}",
        message=message,
        train=Name(train.name),
        fell="fell" if train.goal == "minimize" else "rose",
        first=facts.fact(f"train_first.{train.name}", first),
        end=facts.fact(f"train_last.{train.name}", end),
        means=" (means of a third of its points since then)" if len(span) > MIN_AVERAGED else "",
    )
    return Diagnosis("overfit", message, evidence, suggestions.overfit(share))


def _not_learning(
    view: View, trial: Trial, curve: LearningCurve, facts: TrialFacts, suggestions: remedies.SuggestionRules
) -> Diagnosis | None:
    """Return the diagnosis of a metric that did not get better, while another trial got further."""
    gain = whole_gain(curve.turned, curve.scatter)
    if gain is None or curve.scatter is None or gain.gain >= UNLEARNED_ERRORS * gain.error:
        return None
    others = _others(view, trial, curve.name)
    limit = min(curve.turned) - LEARNED_ERRORS * curve.scatter.deviation * math.sqrt(2)
    if not any(curve.as_lower(value) < limit for value in others):
        return None
    message = line(
        "{metric} did not get better beyond its scatter, while another trial got further",
        metric=Name(curve.name),
    )
    evidence = {"gain": gain.gain, "error": gain.error, "scatter": curve.scatter.deviation}
    return Diagnosis("flat", message, evidence, suggestions.flat())


def _late(curve: LearningCurve, facts: TrialFacts, suggestions: remedies.SuggestionRules) -> Diagnosis | None:
    """Return whether a curve was still improving at its end, or level."""
    late, whole = window_gain(curve.turned, curve.scatter), whole_gain(curve.turned, curve.scatter)
    if late is None:
        return None
    if is_improving(late):
        more = "lower" if curve.goal == "minimize" else "higher"
        message = line(
            "still improving: on average {metric} is {gain} {more} over the last {steps} steps than over as "
            "many before",
            metric=Name(curve.name),
            gain=facts.fact(f"late.{curve.name}", float(f"{late.gain:.2g}")),
            more=more,
            steps=facts.fact(f"late_steps.{curve.name}", curve.steps[-1] - curve.steps[late.start - 1]),
        )
        return Diagnosis("improving", message, {"late": late.gain, "error": late.error}, suggestions.longer())
    if is_level(late, whole):
        start = curve.steps[late.start]
        message = line(
            "level since step {step}: {metric} is {last} {end}",
            step=facts.fact(f"level.{curve.name}", start),
            metric=Name(curve.name),
            last=facts.fact(f"last.{curve.name}", curve.values[-1]),
            end=facts.end,
        )
        return Diagnosis("plateau", message, {"level": start, "late": late.gain}, suggestions.plateau())
    return None


def _others(view: View, trial: Trial, name: str) -> list[float]:
    """Return what other complete trials of the same stage ended with in a metric."""
    matches = []
    for other in view.trials:
        if other.number == trial.number or other.status is not TrialStatus.COMPLETE or other.role is Role.BASE:
            continue
        value = other.metrics.get(name)
        if value is not None and math.isfinite(value) and other.stage == trial.stage:
            matches.append(float(value))
    return matches


class TrialFacts:
    """Formats the numbers of one trial's diagnosis as facts."""

    def __init__(self, trial: int, *, has_ended: bool = True) -> None:
        self.trial = trial
        self.end = "at the end" if has_ended else "so far"
        """When the last value was measured: a trial that runs has no end yet."""

    def fact(self, name: str, value: float | None) -> Fact:
        """Return a number of the diagnosis."""
        text = number(value or 0)
        text = f"−{text[1:]}" if text.startswith("-") else text
        return Fact(f"trial.{self.trial}.diagnosis.{name}", value, text, (self.trial,))
