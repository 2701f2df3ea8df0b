"""Where in the space trials go wrong: out of memory, not a number, nothing right. With the exceptions named."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hptui.model.trial import Reason, Trial, TrialStatus, Value
from hptui.model.values import is_number
from hptui.results.analysis.cohort import ranked, searched
from hptui.results.analysis.compare import ALPHA, fisher
from hptui.results.analysis.intervals import counts
from hptui.results.view import View

KINDS = ("oom", "nan", "zero")


@dataclass(frozen=True, slots=True)
class Region:
    """All trials that went wrong in one way lie where a setting is at least (or at most) `bound`."""

    kind: str
    setting: str
    above: bool
    bound: float
    bad: tuple[Trial, ...]
    inside: tuple[Trial, ...]
    """Every trial there, the bad ones among them."""
    p: float
    """Chance of such a concentration, by Fisher's exact test."""

    @property
    def exceptions(self) -> list[Trial]:
        """Those there that did not go wrong."""
        numbers = {trial.number for trial in self.bad}
        return [trial for trial in self.inside if trial.number not in numbers]


def bad_trials(view: View) -> dict[str, list[Trial]]:
    """Trials that went wrong, by what happened: `oom`, `nan`, or `zero` for a rate of which nothing was right."""
    found: dict[str, list[Trial]] = {kind: [] for kind in KINDS}
    metric, goal = view.study.objective.metric, view.study.objective.goal
    for trial in view.trials:
        if trial.reason in (Reason.OOM, Reason.HOST_OOM):
            found["oom"].append(trial)
        elif trial.reason is Reason.NAN:
            found["nan"].append(trial)
    for trial in ranked(view):
        counted = counts(view, trial, metric)
        if goal == "maximize" and counted is not None and counted[0] == 0:
            found["zero"].append(trial)
    return {kind: trials for kind, trials in found.items() if trials}


def regions(view: View) -> list[Region]:
    """For each kind of going wrong the bounds of numeric settings beyond which all of it happened, if by no chance."""
    tried = [trial for trial in view.trials if _tried(trial)]
    names = list(searched(view).names)
    names += [one.name for one in searched(view).derived]
    found: list[Region] = []
    for kind, bad in bad_trials(view).items():
        regions = [region for name in names if (region := _bounded(view, kind, name, bad, tried)) is not None]
        found += sorted(regions, key=lambda region: (region.p, len(region.inside)))[:2]
    return found


def _tried(trial: Trial) -> bool:
    ended = trial.status in (TrialStatus.COMPLETE, TrialStatus.FAILED, TrialStatus.PRUNED)
    return ended and not trial.aside


def _bounded(view: View, kind: str, name: str, bad: Sequence[Trial], tried: Sequence[Trial]) -> Region | None:
    settings = {trial.number: view.settings(trial).get(name) for trial in tried}
    numbers = {number: float(value) for number, value in settings.items() if is_number(value)}
    if len(bad) < 2 or any(trial.number not in numbers for trial in bad):
        return None
    edges = [numbers[trial.number] for trial in bad]
    best: Region | None = None
    for above, bound in ((True, min(edges)), (False, max(edges))):
        inside = [t for t in tried if t.number in numbers and _beyond(numbers[t.number], bound, above)]
        outside = len(numbers) - len(inside)
        p = fisher(len(bad), len(inside), 0, outside) if outside else 1.0
        region = Region(kind, name, above, bound, tuple(bad), tuple(inside), p)
        if p < ALPHA and (best is None or p < best.p):
            best = region
    return best


def _beyond(value: float, bound: float, above: bool) -> bool:
    return value >= bound if above else value <= bound


@dataclass(frozen=True, slots=True)
class Edge:
    """The best trial lies at the edge of what was searched: further out may be better."""

    setting: str
    value: Value
    low: bool
    bound: Value


def edges(view: View, best: Trial) -> list[Edge]:
    """Settings whose best value lies within a twentieth of the end of their range, or is the first or last choice."""
    from hptui.model.parameters import Choice

    found = []
    for parameter in searched(view).parameters:
        value = view.settings(best).get(parameter.name)
        if isinstance(parameter, Choice):
            choices = [choice for choice in parameter.choices if is_number(choice)]
            if len(choices) == len(parameter.choices) > 2 and value in (min(choices), max(choices)):
                found.append(Edge(parameter.name, value, value == min(choices), value))
        elif is_number(value) and parameter.low <= value <= parameter.high:
            share = position(value, parameter.low, parameter.high, parameter.log)
            if share <= 0.05 or share >= 0.95:
                low = share <= 0.05
                found.append(Edge(parameter.name, value, low, parameter.low if low else parameter.high))
    return [edge for edge in found if not (edge.low and _least(edge.bound))]


def _least(bound: Value) -> bool:
    """Whether nothing is below a bound: a rate of 0, one layer."""
    return is_number(bound) and (bound == 0 or (isinstance(bound, int) and bound == 1))


def position(value: float, low: float, high: float, log: bool) -> float:
    """Where in a range a value lies: 0 at its low end, 1 at its high end."""
    scale: Callable[[float], float] = math.log if log else float
    return (scale(value) - scale(low)) / (scale(high) - scale(low))
