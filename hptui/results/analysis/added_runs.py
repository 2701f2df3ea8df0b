"""Runs that were added to a configuration once a stage with seeds had chosen it by its own runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hptui.core.dataclass import dataclass
from hptui.core.stages import stage_named
from hptui.core.trial import Trial
from hptui.results.analysis.cohort import objective_value, ranked_trials
from hptui.results.analysis.fresh import runs_of
from hptui.results.view import View


@dataclass(frozen=True, slots=True)
class AddedRuns:
    """The runs of a configuration by which its stage chose it, and those that began after the choice."""

    chosen_by: tuple[Trial, ...]
    added: tuple[Trial, ...]


def added_runs(view: View, trial: Trial, dead: frozenset[int] = frozenset()) -> AddedRuns | None:
    """Return the runs that were added to a trial after its stage had chosen it; None without any.

    The stage chose it if it has the best mean of as many first runs as the stage plans, and all of those had ended.
    """
    stage = stage_named(view.study, trial.stage)
    if stage is None or stage.seeds < 2 or len(view.study.objectives) != 1:
        return None
    first = {
        rival.number: runs_of(view, view.by_number[rival.number])[: stage.seeds]
        for rival in ranked_trials(view)
        if rival.stage == trial.stage
    }
    own = first.get(trial.number, [])
    if any(len(runs) < stage.seeds for runs in first.values()) or not own:
        return None
    sign = 1 if view.study.objective.goal == "minimize" else -1
    if any(sign * mean_of(view, runs) < sign * mean_of(view, own) for runs in first.values()):
        return None
    chosen = max(run.ended or math.inf for runs in first.values() for run in runs)
    seeds = {run.seed for runs in first.values() for run in runs}
    later = runs_of(view, view.by_number[trial.number])[stage.seeds :]
    added = tuple(run for run in later if (run.started or 0.0) >= chosen and run.seed not in seeds)
    if not added or any(run.number in dead for run in (*own, *added)):
        return None
    return AddedRuns(tuple(own), added)


def mean_of(view: View, runs: Sequence[Trial]) -> float:
    """Return the mean of the objective over runs."""
    return math.fsum(objective_value(view, run) for run in runs) / len(runs)
