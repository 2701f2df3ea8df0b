"""Diagnoses of trials, from the curves in the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hptui.model.counts import visible_metrics
from hptui.model.trial import Trial
from hptui.results.diagnosis import Curves, Diagnosis, diagnose
from hptui.results.view import View
from hptui.storage.queries import StoreQueries

MAX_DIAGNOSED_METRICS = 12
"""Number of metrics of a trial that are examined, the objectives first."""
MAX_DIAGNOSED_POINTS = 2000
"""A longer curve is reduced to the means of this number of stretches."""


def diagnose_trials(view: View, reader: StoreQueries, trials: Iterable[Trial]) -> Iterator[tuple[Trial, Diagnosis]]:
    """Yield the diagnosis of each trial, one at a time."""
    for trial in trials:
        yield trial, diagnose(view, trial, curves_for_diagnosis(view, reader, trial))


def curves_for_diagnosis(view: View, reader: StoreQueries, trial: Trial) -> Curves:
    """Return the curves of a trial that `diagnose` examines."""
    summaries = reader.metric_summaries(trial.number)
    objectives = [objective.metric for objective in view.study.objectives]
    names = sorted(visible_metrics(summaries), key=lambda name: name not in objectives)[:MAX_DIAGNOSED_METRICS]
    return {name: _curve(reader, trial.number, name, summaries[name].n) for name in names}


def _curve(reader: StoreQueries, trial: int, name: str, count: int) -> list[tuple[int, float, float]]:
    if count <= MAX_DIAGNOSED_POINTS:
        return reader.curve(trial, name)
    stretches = reader.buckets(trial, name, MAX_DIAGNOSED_POINTS)
    return [(bucket.last, float("nan") if bucket.mean is None else bucket.mean, 0.0) for bucket in stretches]
