"""Ranking of trials: conditions of `[search] outcome`, Pareto dominance, hypervolume.

A point holds one value per objective, smaller is better: objectives to maximize are negated."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hptui.core.errors import ExpressionError
from hptui.core.expressions import Expression
from hptui.core.metric_names import by_identifier
from hptui.core.stages import averaged_over_replicates, candidates_for_best, comparable
from hptui.core.study import Stage, Study
from hptui.core.trial import Trial, TrialStatus

ObjectivePoint = tuple[float, ...]
"""One value per objective, smaller is better."""

REFERENCE_MARGIN = 0.1
"""Distance of the reference point from the worst value, as a proportion of the range of values.

More than 0, so that a point that is worst in one objective still contributes.
"""


def dominates(candidate: ObjectivePoint, other: ObjectivePoint) -> bool:
    """Return whether `candidate` is nowhere worse than `other` and somewhere better."""
    return candidate != other and all(a <= b for a, b in zip(candidate, other, strict=True))


def nondominated_indices(points: Sequence[ObjectivePoint]) -> list[int]:
    """Return the indices of the points that no other dominates, ascending; equal points stay together."""
    best = _nondominated_points(list(dict.fromkeys(points)))
    nondominated = set(best)
    return [index for index, point in enumerate(points) if point in nondominated]


def _nondominated_points(points: Sequence[ObjectivePoint]) -> list[ObjectivePoint]:
    """Return the distinct points that no other dominates, ascending.

    In ascending order a point can only be dominated by an earlier one.
    """
    nondominated: list[ObjectivePoint] = []
    for point in sorted(points):
        if not any(dominates(other, point) for other in nondominated):
            nondominated.append(point)
    return nondominated


def hypervolume_reference(points: Sequence[ObjectivePoint]) -> ObjectivePoint:
    """Return the reference point: slightly beyond the worst value of every objective."""
    worst = [max(values) for values in zip(*points, strict=True)]
    best = [min(values) for values in zip(*points, strict=True)]
    return tuple(w + REFERENCE_MARGIN * ((w - b) or abs(w) or 1.0) for w, b in zip(worst, best, strict=True))


def hypervolume(points: Sequence[ObjectivePoint], ref: ObjectivePoint) -> float:
    """Return the volume of the region that some point dominates and that is bounded by `ref`.

    Exact; the cost grows exponentially with the number of objectives.
    """
    inside = [point for point in dict.fromkeys(points) if all(a < r for a, r in zip(point, ref, strict=True))]
    return _volume(_nondominated_points(inside), ref)


def _volume(front_points: list[ObjectivePoint], ref: ObjectivePoint) -> float:
    """Return the hypervolume of a sorted front.

    The region is sliced along the last objective; each slice is a volume of one dimension less.
    """
    if not front_points:
        return 0.0
    if len(ref) == 1:
        return ref[0] - front_points[0][0]
    if len(ref) == 2:
        return _area(front_points, ref)
    ordered = sorted(front_points, key=lambda point: point[-1])
    ends = [*(point[-1] for point in ordered[1:]), ref[-1]]
    volume = 0.0
    for count, (point, end) in enumerate(zip(ordered, ends, strict=True), start=1):
        if end > point[-1]:
            slice_front = _nondominated_points([other[:-1] for other in ordered[:count]])
            volume += (end - point[-1]) * _volume(list(dict.fromkeys(slice_front)), ref[:-1])
    return volume


def _area(front_points: list[ObjectivePoint], ref: ObjectivePoint) -> float:
    """Return the hypervolume for two objectives.

    `front_points` ascend in the first objective, so they descend in the second.
    """
    area, upper = 0.0, ref[1]
    for x, y in front_points:
        area += (ref[0] - x) * (upper - y)
        upper = y
    return area


MEASURED_QUANTITIES = ("seconds", "peak_memory_gb")
"""Quantities that `outcome` may use besides metrics: hptui measures them itself."""


def measured_values(trial: Trial) -> dict[str, float]:
    """Return the measured quantities of a trial, by the names that they have in expressions.

    An objective has the trial's objective value, another metric its final value, else its last one.
    """
    reported = {**trial.metrics, **trial.final, **(trial.values or {})}
    values = by_identifier({name: value for name, value in reported.items() if value is not None})
    if trial.seconds or trial.ended is not None:
        values["seconds"] = trial.seconds
    if trial.peak_memory_gb is not None:
        values["peak_memory_gb"] = trial.peak_memory_gb
    return values


def outcome_margins(study: Study, trial: Trial) -> dict[str, float]:
    """Return the margin of each condition of `outcome`: <= 0 if the trial meets it.

    Conditions on quantities that were not measured are missing.
    """
    values = measured_values(trial)
    margins = {condition.text: _margin(condition, values) for condition in study.search.outcome}
    return {text: margin for text, margin in margins.items() if margin is not None}


def _margin(condition: Expression, values: dict[str, float]) -> float | None:
    if not condition.names <= values.keys():
        return None
    try:
        return condition.margin(values)
    except ExpressionError:
        return None


def meets_outcome(study: Study, trial: Trial) -> bool | None:
    """Return whether a trial meets all conditions of `outcome`.

    None: some could not be evaluated, and no other one is violated.
    """
    if not study.search.outcome:
        return True
    margins = outcome_margins(study, trial)
    if any(margin > 0 for margin in margins.values()):
        return False
    return True if len(margins) == len({condition.text for condition in study.search.outcome}) else None


def is_usable(study: Study, trial: Trial) -> bool:
    """Return whether a trial can be the best of its study.

    It is complete, has a finite value of every objective, and violates no condition of `outcome`. Of a study without
    objectives none can.
    """
    if trial.status is not TrialStatus.COMPLETE or not study.objectives:
        return False
    values = trial.values or {}
    has_all = all(math.isfinite(values.get(objective.metric, math.nan)) for objective in study.objectives)
    return has_all and meets_outcome(study, trial) is not False


def objective_point(study: Study, trial: Trial) -> ObjectivePoint:
    """Return the objective values of a usable trial, with signs such that smaller is better."""
    values = trial.values or {}
    return tuple(
        values[objective.metric] if objective.goal == "minimize" else -values[objective.metric]
        for objective in study.objectives
    )


def in_order_of_end(trials: Sequence[Trial]) -> list[Trial]:
    """Return trials in the order in which they ended."""
    return sorted(trials, key=lambda trial: (trial.ended or 0.0, trial.number))


def pareto_set(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """Return the usable trials that no other dominates; with one objective, the best and its equals.

    In a study with stages, only trials are considered that are comparable with the last stage that has a usable one.
    """
    by_number = {trial.number: trial for trial in trials}
    chosen = candidates_for_best(study, trials, lambda trial: is_usable(study, trial))
    return [by_number[trial.number] for trial in _nondominated_trials(study, chosen)]


def first_of_best(study: Study, best: Sequence[Trial]) -> Trial | None:
    """Return the one of the best trials that stands for all: the best in the first objective."""
    return min(best, key=lambda trial: (objective_point(study, trial)[0], trial.number), default=None)


def front_text(count: int) -> str:
    """Return how many trials form the Pareto front, in the words of the report."""
    return f"{count} trials form the Pareto front" if count != 1 else "1 trial forms the Pareto front"


def _nondominated_trials(study: Study, chosen: Sequence[Trial]) -> list[Trial]:
    return [chosen[index] for index in nondominated_indices([objective_point(study, trial) for trial in chosen])]


def ranking(study: Study, trials: Sequence[Trial], stage: str, count: int) -> list[Trial]:
    """Return the best `count` configurations among trials comparable with a stage, best first.

    With several objectives, the Pareto set comes first, then that of the other trials, and so on.
    """
    by_number = {trial.number: trial for trial in trials}
    eligible = [trial for trial in trials if comparable(study, trial.stage, stage)]
    remaining = candidates_for_best(study, eligible, lambda trial: is_usable(study, trial))
    ranked: list[Trial] = []
    while remaining and len(ranked) < count:
        layer = _nondominated_trials(study, remaining)
        remaining = [trial for trial in remaining if trial not in layer]
        ranked += layer
    return [by_number[trial.number] for trial in ranked[:count]]


def ranked_in_stage(study: Study, trials: Sequence[Trial], stage: Stage) -> list[Trial]:
    """Return the usable trials of one stage alone, best first in the first objective.

    Where the stage repeats configurations, `values` of a returned trial are the means of its runs.
    """
    usable = [t for t in trials if t.stage == stage.name and not t.is_unranked and is_usable(study, t)]
    usable = averaged_over_replicates(usable, trials) if stage.seeds > 1 else usable
    return sorted(usable, key=lambda trial: (objective_point(study, trial)[0], trial.number))


def hypervolumes(study: Study, trials: Sequence[Trial]) -> list[tuple[int, float]]:
    """Return (number, hypervolume so far) of each usable trial, in the order in which they ended.

    Objectives are scaled by the range of recorded values, and the reference point lies a tenth of it beyond the worst,
    so that 1 is the hypervolume of a trial that is best in every objective. The second entries never decrease. Values
    of different calls are not comparable: the scale depends on the trials.
    """
    chosen = candidates_for_best(study, trials, lambda trial: is_usable(study, trial))
    ended = [(trial.number, objective_point(study, trial)) for trial in in_order_of_end(chosen)]
    if not ended:
        return []
    points = [values for _, values in ended]
    ref = hypervolume_reference(points)
    ideal = tuple(min(values) for values in zip(*points, strict=True))
    spans = [r - i for r, i in zip(ref, ideal, strict=True)]
    scaled = [tuple((v - i) / s for v, i, s in zip(values, ideal, spans, strict=True)) for values in points]
    corner = (1.0,) * len(ref)
    pareto_points: list[ObjectivePoint] = []
    volume, steps = 0.0, []
    for (number, _), values in zip(ended, scaled, strict=True):
        if not any(other == values or dominates(other, values) for other in pareto_points):
            pareto_points = [other for other in pareto_points if not dominates(values, other)] + [values]
            volume = max(volume, hypervolume(pareto_points, corner))
        steps.append((number, volume))
    return steps
