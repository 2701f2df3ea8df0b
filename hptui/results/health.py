"""The health of trials, read from their recorded curves: what each suffers from, and what may help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hptui.model.counts import shown
from hptui.model.trial import Trial
from hptui.results.diagnosis import Curves, Diagnosis, diagnose
from hptui.results.view import View
from hptui.storage.queries import Queries

METRICS = 12
"""So many metrics of a trial are looked at, the objectives first."""
POINTS = 2000
"""A curve of more points is looked at in so many stretches."""


def health(view: View, reader: Queries, trials: Iterable[Trial]) -> Iterator[tuple[Trial, Diagnosis]]:
    """The diagnosis of each trial, one after the other."""
    for trial in trials:
        yield trial, diagnose(view, trial, curves_of(view, reader, trial))


def curves_of(view: View, reader: Queries, trial: Trial) -> Curves:
    """The curves of a trial that a diagnosis looks at."""
    known = reader.last(trial.number)
    objectives = [objective.metric for objective in view.study.objectives]
    names = sorted(shown(known), key=lambda name: name not in objectives)[:METRICS]
    return {name: _curve(reader, trial.number, name, known[name].n) for name in names}


def _curve(reader: Queries, trial: int, name: str, count: int) -> list[tuple[int, float, float]]:
    if count <= POINTS:
        return reader.curve(trial, name)
    stretches = reader.buckets(trial, name, POINTS)
    return [(one.last, float("nan") if one.mean is None else one.mean, 0.0) for one in stretches]
