"""Warnings about recorded trials, shown while a study runs. Nothing is stopped by them."""

from __future__ import annotations

from collections.abc import Sequence

from hptui.model.space import configuration_key
from hptui.model.study import Study
from hptui.model.trial import Trial, TrialStatus

MIN_CONFIGURATIONS = 4
"""Different configurations with one value that are no coincidence."""
MAX_CHECKED_TRIALS = 50
"""Complete trials beyond which the check is skipped: by then the warning was shown, or does not apply."""


def constant_objective_warning(study: Study, trials: Sequence[Trial]) -> str:
    """Return a warning when every configuration has the same value of an objective; else ''.

    Nothing can be optimized there.
    """
    complete = [trial for trial in trials if trial.status is TrialStatus.COMPLETE and trial.values]
    if (
        len(complete) > MAX_CHECKED_TRIALS
        or len({configuration_key(trial.params) for trial in complete}) < MIN_CONFIGURATIONS
    ):
        return ""
    for objective in study.objectives:
        values = {(trial.values or {}).get(objective.metric) for trial in complete}
        if len(values) == 1 and (value := values.pop()) is not None:
            meaning = "either nothing that is searched has an influence on it, or it does not measure what it should"
            return f"{objective.metric} is {value:.6g} in all of {len(complete)} trials: {meaning}"
    return ""
