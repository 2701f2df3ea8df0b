"""Several objectives: the trials that none beats in everything, and the one among them that gives up the least."""

from __future__ import annotations

import math

from hptui.model.outcome import point
from hptui.model.trial import Trial
from hptui.results.analysis.cohort import finite, ranked
from hptui.results.view import View, best_trials


def pareto(view: View) -> list[Trial]:
    """The Pareto front, by the first objective."""
    numbers = {trial.number for trial in ranked(view)}
    found = [t for t in best_trials(view.study, view.trials) if finite(view, t) and t.number in numbers]
    return sorted(found, key=lambda trial: (point(view.study, trial), trial.number))


def knee(view: View, front: list[Trial]) -> Trial | None:
    """The trial of the front that is nearest to the best of everything, each objective scaled by the front's span."""
    if len(front) < 3:
        return None
    points = {trial.number: point(view.study, trial) for trial in front}
    low = [min(column) for column in zip(*points.values(), strict=True)]
    span = [max(column) - least or 1.0 for column, least in zip(zip(*points.values(), strict=True), low, strict=True)]

    def away(trial: Trial) -> float:
        own = points[trial.number]
        return math.dist([(v - least) / s for v, least, s in zip(own, low, span, strict=True)], [0.0] * len(own))

    return min(front, key=lambda trial: (away(trial), trial.number))
