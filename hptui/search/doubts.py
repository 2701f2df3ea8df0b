"""What recorded trials give cause to doubt: said while a study runs, and nothing is stopped by it."""

from __future__ import annotations

from collections.abc import Sequence

from hptui.model.space import key_of
from hptui.model.study import Study
from hptui.model.trial import Trial, TrialStatus

ENOUGH = 4
"""So many different configurations with one value are no accident."""
MANY = 50
"""By then it has been said, or is not so."""


def constant(study: Study, trials: Sequence[Trial]) -> str:
    """Says so when every configuration has the same value of an objective: nothing can be found there. Else ''."""
    complete = [trial for trial in trials if trial.status is TrialStatus.COMPLETE and trial.values]
    if len(complete) > MANY or len({key_of(trial.params) for trial in complete}) < ENOUGH:
        return ""
    for objective in study.objectives:
        values = {(trial.values or {}).get(objective.metric) for trial in complete}
        if len(values) == 1 and (value := values.pop()) is not None:
            what = "either nothing that is searched has an influence on it, or it does not measure what it should"
            return f"{objective.metric} is {value:.6g} in all of {len(complete)} trials: {what}"
    return ""
