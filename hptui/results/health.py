"""Diagnoses of trials, from the curves in the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hptui.model.counts import shown
from hptui.model.trial import Trial
from hptui.results.diagnosis import Curves, Diagnosis, diagnose
from hptui.results.view import View
from hptui.storage.queries import Queries

METRICS = 12
"""Number of metrics of a trial that are examined, the objectives first."""
POINTS = 2000
"""A longer curve is reduced to the means of this number of stretches."""


def health(view: View, reader: Queries, trials: Iterable[Trial]) -> Iterator[tuple[Trial, Diagnosis]]:
    """Yield the diagnosis of each trial, one at a time."""
    for trial in trials:
        yield trial, diagnose(view, trial, curves_of(view, reader, trial))


def curves_of(view: View, reader: Queries, trial: Trial) -> Curves:
    """Return the curves of a trial that `diagnose` examines."""
    summaries = reader.last(trial.number)
    objectives = [objective.metric for objective in view.study.objectives]
    names = sorted(shown(summaries), key=lambda name: name not in objectives)[:METRICS]
    return {name: _curve(reader, trial.number, name, summaries[name].n) for name in names}


def _curve(reader: Queries, trial: int, name: str, count: int) -> list[tuple[int, float, float]]:
    if count <= POINTS:
        return reader.curve(trial, name)
    stretches = reader.buckets(trial, name, POINTS)
    return [(bucket.last, float("nan") if bucket.mean is None else bucket.mean, 0.0) for bucket in stretches]
