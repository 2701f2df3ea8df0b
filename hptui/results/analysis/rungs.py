"""Summaries of the rungs at which trials paused, for each stage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from hptui.core.rungs import RungResult, RungSummary, summaries
from hptui.core.study import Objective
from hptui.core.trial import TrialStatus
from hptui.results.view import View


def deciding_objective(view: View) -> Objective:
    """Return the objective by which trials are promoted."""
    on = view.study.search.pruner.on
    return next((objective for objective in view.study.objectives if objective.metric == on), view.study.objective)


def summaries_by_stage(view: View, results: Sequence[RungResult]) -> list[RungSummary]:
    """Return a summary of each rung of each stage. Only complete trials have final values."""
    metric, of_all = deciding_objective(view).metric, list[RungSummary]()
    values = {
        trial.number: float(trial.values[metric])
        for trial in view.trials
        if trial.status is TrialStatus.COMPLETE and trial.values and math.isfinite(trial.values.get(metric, math.nan))
    }
    known = [result for result in results if result.trial in view.by_number]
    for stage in dict.fromkeys(view.by_number[result.trial].stage for result in known):
        in_stage = [result for result in known if view.by_number[result.trial].stage == stage]
        of_all += [replace(rung, stage=stage) for rung in summaries(in_stage, deciding_objective(view), values)]
    return of_all
