"""Which curves a report reads: those of all trials, or of the best of very many; and those for ranking."""

from __future__ import annotations

from collections.abc import Mapping

from hptui.core.trial import TrialStatus
from hptui.results.analysis.cohort import ranked_trials, sort_by_rank
from hptui.results.analysis.comparable import cohort_of
from hptui.results.analysis.scores import MAX_TRIALS, left_out_as
from hptui.results.view import View
from hptui.store.reader import StoreReader
from hptui.store.records import MetricSummary

Curve = list[tuple[int, float, float]]
"""Points (step, value, seconds) of a metric."""
MAX_POINTS_OF_ALL_CURVES = 300_000
"""With more points in total only the curves of the best trials are read, to bound memory and time."""
MAX_TRIALS_WITH_CURVES = 40
"""Number of trials whose curves are then read."""


def score_curves_of(
    view: View,
    reader: StoreReader,
    summaries: Mapping[str, Mapping[int, MetricSummary]],
    curves: Mapping[int, Mapping[str, Curve]],
) -> dict[str, dict[int, Curve]]:
    """Return the curves by which trials without a value are ranked, those that were not read yet.

    Empty if all trials that count have a value. Of many trials every k-th counts.
    """
    cohort = [trial for trial in cohort_of(view).trials if not left_out_as(trial)]
    if all(trial.status is TrialStatus.COMPLETE for trial in cohort):
        return {}
    used = cohort[:: -(-len(cohort) // MAX_TRIALS) or 1] if len(cohort) > MAX_TRIALS else cohort
    return {
        goal.metric: {
            trial.number: reader.curve(trial.number, goal.metric)
            for trial in used
            if trial.number in summaries.get(goal.metric, {}) and goal.metric not in curves.get(trial.number, {})
        }
        for goal in view.study.objectives
    }


def trials_with_curves(view: View, summaries: Mapping[str, Mapping[int, MetricSummary]]) -> list[int]:
    """Return the trials whose curves are read: all, or if there are too many points the best ones."""
    numbers = [
        trial.number
        for trial in view.trials
        if any(trial.number in summaries_of_metric for summaries_of_metric in summaries.values())
    ]
    if (
        sum(summary.n for summaries_of_metric in summaries.values() for summary in summaries_of_metric.values())
        <= MAX_POINTS_OF_ALL_CURVES
        and len(numbers) <= 1000
    ):
        return numbers
    return sorted(trial.number for trial in sort_by_rank(view, ranked_trials(view))[:MAX_TRIALS_WITH_CURVES])
