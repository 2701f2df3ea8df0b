"""Regions of the space in which trials fail (out of memory, NaN, nothing correct), and best values at an edge."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hptui.core.parameters import Choice
from hptui.core.trial import Reason, Trial, TrialStatus, Value
from hptui.core.values import is_number
from hptui.results.analysis.cohort import ranked_trials, searched_space
from hptui.results.analysis.significance import SIGNIFICANCE_LEVEL, fisher_exact, rate_counts
from hptui.results.view import View

FAILURE_KINDS = ("oom", "nan", "zero")
"""Kinds of failure: out of memory, NaN, a rate of 0."""


@dataclass(frozen=True, slots=True)
class FailureRegion:
    """A region `setting` ≥ `bound` (or ≤, if not `above`) that contains all trials that failed in one way."""

    kind: str
    setting: str
    above: bool
    bound: float
    bad: tuple[Trial, ...]
    inside: tuple[Trial, ...]
    """All trials in the region, including the failed ones."""
    p: float
    """p-value of this concentration, by Fisher's exact test."""

    @property
    def exceptions(self) -> list[Trial]:
        """The trials in the region that did not fail."""
        numbers = {trial.number for trial in self.bad}
        return [trial for trial in self.inside if trial.number not in numbers]


def trials_by_failure(view: View) -> dict[str, list[Trial]]:
    """Return failed trials by kind: `oom`, `nan`, or `zero` for a rate with nothing correct."""
    failures: dict[str, list[Trial]] = {kind: [] for kind in FAILURE_KINDS}
    metric, goal = view.study.objective.metric, view.study.objective.goal
    for trial in view.trials:
        if trial.reason in (Reason.OOM, Reason.HOST_OOM):
            failures["oom"].append(trial)
        elif trial.reason is Reason.NAN:
            failures["nan"].append(trial)
    for trial in ranked_trials(view):
        counted = rate_counts(view, trial, metric)
        if goal == "maximize" and counted is not None and counted[0] == 0:
            failures["zero"].append(trial)
    return {kind: trials for kind, trials in failures.items() if trials}


def failure_regions(view: View) -> list[FailureRegion]:
    """Return at most two regions per kind of failure that contain all of its trials significantly."""
    ended = [trial for trial in view.trials if _counts_as_tried(trial)]
    names = list(searched_space(view).names)
    names += [derived.name for derived in searched_space(view).derived]
    results: list[FailureRegion] = []
    for kind, failed in trials_by_failure(view).items():
        candidates = [
            region for name in names if (region := _smallest_region(view, kind, name, failed, ended)) is not None
        ]
        results += sorted(candidates, key=lambda region: (region.p, len(region.inside)))[:2]
    return results


def _counts_as_tried(trial: Trial) -> bool:
    has_ended = trial.status in (TrialStatus.COMPLETE, TrialStatus.FAILED, TrialStatus.PRUNED)
    return has_ended and not trial.is_unranked


def _smallest_region(
    view: View, kind: str, name: str, failed: Sequence[Trial], ended: Sequence[Trial]
) -> FailureRegion | None:
    settings = {trial.number: view.settings(trial).get(name) for trial in ended}
    numbers = {number: float(value) for number, value in settings.items() if is_number(value)}
    if len(failed) < 2 or any(trial.number not in numbers for trial in failed):
        return None
    failed_values = [numbers[trial.number] for trial in failed]
    best: FailureRegion | None = None
    for above, bound in ((True, min(failed_values)), (False, max(failed_values))):
        inside = [t for t in ended if t.number in numbers and _beyond(numbers[t.number], bound, above)]
        outside = len(numbers) - len(inside)
        p = fisher_exact(len(failed), len(inside), 0, outside) if outside else 1.0
        region = FailureRegion(kind, name, above, bound, tuple(failed), tuple(inside), p)
        if p < SIGNIFICANCE_LEVEL and (best is None or p < best.p):
            best = region
    return best


def _beyond(value: float, bound: float, above: bool) -> bool:
    return value >= bound if above else value <= bound


@dataclass(frozen=True, slots=True)
class BestAtEdge:
    """The best trial lies at the edge of a searched range: a wider range may be better."""

    setting: str
    value: Value
    low: bool
    bound: Value


def bests_at_edge(view: View, best: Trial) -> list[BestAtEdge]:
    """Return settings whose best value is within 5 % of an end of the range, or the outermost choice."""
    results = []
    for parameter in searched_space(view).parameters:
        value = view.settings(best).get(parameter.name)
        if isinstance(parameter, Choice):
            choices = [choice for choice in parameter.choices if is_number(choice)]
            if len(choices) == len(parameter.choices) > 2 and value in (min(choices), max(choices)):
                results.append(BestAtEdge(parameter.name, value, value == min(choices), value))
        elif is_number(value) and parameter.low <= value <= parameter.high:
            fraction = position_in_range(value, parameter.low, parameter.high, parameter.log)
            if fraction <= 0.05 or fraction >= 0.95:
                low = fraction <= 0.05
                results.append(BestAtEdge(parameter.name, value, low, parameter.low if low else parameter.high))
    return [edge for edge in results if not (edge.low and _is_lowest_possible(edge.bound))]


def _is_lowest_possible(bound: Value) -> bool:
    """Return whether no lower value makes sense: a rate of 0, one layer."""
    return is_number(bound) and (bound == 0 or (isinstance(bound, int) and bound == 1))


def position_in_range(value: float, low: float, high: float, log: bool) -> float:
    """Return the position of a value in a range: 0 at its low end, 1 at its high end."""
    scale: Callable[[float], float] = math.log if log else float
    return (scale(value) - scale(low)) / (scale(high) - scale(low))
