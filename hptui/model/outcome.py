"""What came of trials: whether one keeps `[search] outcome`, and how far several objectives have got together."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hptui.model.errors import ExpressionError
from hptui.model.expressions import Expression
from hptui.model.naming import by_identifier
from hptui.model.pareto import Point, dominates, front, hypervolume, reference
from hptui.model.stages import comparable, judged
from hptui.model.study import Study
from hptui.model.trial import Trial, TrialStatus

MEASURED = ("seconds", "peak_memory_gb")
"""What `outcome` may speak of beside metrics: we measure it ourselves."""


def measured(trial: Trial) -> dict[str, float]:
    """What is known of a trial, by the names that expressions call it.

    An objective counts as the value that stands for the trial, other metrics as what training returned, else as
    reported last.
    """
    reported = {**trial.metrics, **trial.final, **(trial.values or {})}
    found = by_identifier({name: value for name, value in reported.items() if value is not None})
    if trial.seconds or trial.ended is not None:
        found["seconds"] = trial.seconds
    if trial.peak_memory_gb is not None:
        found["peak_memory_gb"] = trial.peak_memory_gb
    return found


def outcome_margins(study: Study, trial: Trial) -> dict[str, float]:
    """By how much a trial misses each condition of `outcome`: <= 0 where it keeps it; without what is not measured."""
    values = measured(trial)
    margins = {condition.text: _margin(condition, values) for condition in study.search.outcome}
    return {text: margin for text, margin in margins.items() if margin is not None}


def _margin(condition: Expression, values: dict[str, float]) -> float | None:
    if not condition.names <= values.keys():
        return None
    try:
        return condition.margin(values)
    except ExpressionError:
        return None


def satisfies(study: Study, trial: Trial) -> bool | None:
    """Whether a trial keeps every condition of `outcome`; None: not all were measured, and none of those is broken."""
    margins = outcome_margins(study, trial)
    if any(margin > 0 for margin in margins.values()):
        return False
    return True if len(margins) == len({condition.text for condition in study.search.outcome}) else None


def usable(study: Study, trial: Trial) -> bool:
    """Whether a trial can be the best: complete, with a number for every objective, and nothing of `outcome` broken."""
    values = trial.values or {}
    has_all = all(math.isfinite(values.get(objective.metric, math.nan)) for objective in study.objectives)
    return trial.status is TrialStatus.COMPLETE and has_all and satisfies(study, trial) is not False


def point(study: Study, trial: Trial) -> Point:
    """A usable trial's objectives, each to be made small."""
    values = trial.values or {}
    return tuple(
        values[objective.metric] if objective.goal == "minimize" else -values[objective.metric]
        for objective in study.objectives
    )


def in_order(trials: Sequence[Trial]) -> list[Trial]:
    """Trials as they ended."""
    return sorted(trials, key=lambda trial: (trial.ended or 0.0, trial.number))


def pareto_set(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """The usable trials that none beats; of one objective, the best and its equals. With stages: of those that are
    comparable with the last stage that has any.
    """
    by_number = {trial.number: trial for trial in trials}
    chosen = judged(study, trials, lambda trial: usable(study, trial))
    return [by_number[trial.number] for trial in _front(study, chosen)]


def _front(study: Study, chosen: Sequence[Trial]) -> list[Trial]:
    return [chosen[index] for index in front([point(study, trial) for trial in chosen])]


def ranking(study: Study, trials: Sequence[Trial], stage: str, count: int) -> list[Trial]:
    """The best `count` configurations that are comparable with a stage, the best first; of several objectives one
    Pareto set after the other.
    """
    by_number = {trial.number: trial for trial in trials}
    comrades = [trial for trial in trials if comparable(study, trial.stage, stage)]
    left = judged(study, comrades, lambda trial: usable(study, trial))
    found: list[Trial] = []
    while left and len(found) < count:
        layer = _front(study, left)
        left = [trial for trial in left if trial not in layer]
        found += layer
    return [by_number[trial.number] for trial in found[:count]]


def hypervolumes(study: Study, trials: Sequence[Trial]) -> list[tuple[int, float]]:
    """(number, hypervolume so far) of each usable trial, in the order in which they ended: it never falls.

    Each objective is scaled by the span of what was recorded, and the reference point lies a tenth of that behind the
    worst: 1 is what a trial would have that is the best in everything. Only figures of one call can be compared.
    """
    chosen = judged(study, trials, lambda trial: usable(study, trial))
    ended = [(trial.number, point(study, trial)) for trial in in_order(chosen)]
    if not ended:
        return []
    points = [own for _, own in ended]
    ref = reference(points)
    ideal = tuple(min(values) for values in zip(*points, strict=True))
    sizes = [r - i for r, i in zip(ref, ideal, strict=True)]
    scaled = [tuple((v - i) / s for v, i, s in zip(own, ideal, sizes, strict=True)) for own in points]
    corner = (1.0,) * len(ref)
    kept: list[Point] = []
    volume, steps = 0.0, []
    for (number, _), own in zip(ended, scaled, strict=True):
        if not any(other == own or dominates(other, own) for other in kept):
            kept = [other for other in kept if not dominates(own, other)] + [own]
            volume = max(volume, hypervolume(kept, corner))
        steps.append((number, volume))
    return steps
