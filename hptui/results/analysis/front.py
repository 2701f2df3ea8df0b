"""Several objectives: the Pareto front and its knee."""

from __future__ import annotations

import math

from hptui.model.outcome import objective_point
from hptui.model.trial import Trial
from hptui.results.analysis.cohort import has_finite_values, ranked_trials
from hptui.results.view import View, best_trials


def pareto_front(view: View) -> list[Trial]:
    """Return the Pareto front, sorted by the first objective."""
    numbers = {trial.number for trial in ranked_trials(view)}
    front = [t for t in best_trials(view.study, view.trials) if has_finite_values(view, t) and t.number in numbers]
    return sorted(front, key=lambda trial: (objective_point(view.study, trial), trial.number))


def knee_of_front(view: View, front: list[Trial]) -> Trial | None:
    """Return the trial of the front closest to the best value of every objective.

    None for a front of fewer than three trials. Objectives are scaled by the span of the front.
    """
    if len(front) < 3:
        return None
    points = {trial.number: objective_point(view.study, trial) for trial in front}
    low = [min(column) for column in zip(*points.values(), strict=True)]
    span = [
        max(column) - minimum or 1.0 for column, minimum in zip(zip(*points.values(), strict=True), low, strict=True)
    ]

    def distance(trial: Trial) -> float:
        coordinates = points[trial.number]
        return math.dist(
            [(value - minimum) / width for value, minimum, width in zip(coordinates, low, span, strict=True)],
            [0.0] * len(coordinates),
        )

    return min(front, key=lambda trial: (distance(trial), trial.number))
