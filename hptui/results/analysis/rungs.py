"""Summaries of the rungs at which trials paused, for each stage."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from hptui.core.rungs import RungResult, RungSummary, summaries
from hptui.core.study import Objective
from hptui.core.trial import Trial, TrialStatus
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


def without_pauses(view: View, results: Sequence[RungResult]) -> tuple[list[Trial], list[Trial]]:
    """Return the trials that ran to their end and paused at no rung, and those that paused at some only.

    They are of stages in which trials paused, and pruners do not spare their role: scripts may ignore a request.
    """
    paused: dict[int, set[int]] = defaultdict(set)
    of: dict[int, int] = {}
    for result in results:
        if result.trial in view.by_number:
            paused[result.trial].add(result.rung)
            of[result.trial] = result.of
    stages = {view.by_number[number].stage for number in paused}
    ended = [
        trial
        for trial in view.trials
        if trial.stage in stages and trial.status is TrialStatus.COMPLETE and not trial.role.spared_by_pruners
    ]
    some = [trial for trial in ended if trial.number in paused and len(paused[trial.number]) < of[trial.number]]
    return [trial for trial in ended if trial.number not in paused], some
